use artifact::{Digest, Hasher};
use catalog::{Interactions, RatingTable, UserId};
use serde::{Deserialize, Serialize};

/// Identity of a set of ratings, as two digests. They are equal only for the same ids and the same rows in
/// the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Digest of the ids of users and titles, in order.
    pub ids: Digest,
    /// Digest of the rows: user, title, rating and time.
    pub rows: Digest,
}

impl Identity {
    /// Computes the identity of rows with their times, one per row.
    pub fn of_rows(
        users: &[UserId],
        titles: impl Iterator<Item = impl AsRef<str>>,
        rows: &Interactions,
        timestamp: &[u32],
    ) -> Self {
        let columns = rows.user_idx.iter().zip(&rows.title_idx).zip(rows.rating.iter().zip(timestamp));
        let rows = columns.map(|((&user, &title), (&rating, &time))| (user, title, rating, time));
        Self { ids: digest_ids(users, titles), rows: digest_rows(rows) }
    }

    /// Computes the identity of a table, which is that of its rows by user and title.
    pub fn of_table(ratings: &RatingTable, titles: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let rows = (0..ratings.users().len()).flat_map(|user| {
            ratings.rows_of(user).map(move |row| {
                (user as u32, ratings.title_idx()[row], ratings.rating()[row], ratings.timestamp()[row])
            })
        });
        Self { ids: digest_ids(ratings.users(), titles), rows: digest_rows(rows) }
    }
}

fn digest_ids(users: &[UserId], titles: impl Iterator<Item = impl AsRef<str>>) -> Digest {
    let mut hasher = Hasher::default();
    // Ids contain no line end, so a line end separates ids; an empty line separates users from titles.
    for user in users {
        hasher.update(user.as_str().as_bytes());
        hasher.update(b"\n");
    }
    hasher.update(b"\n");
    for title in titles {
        hasher.update(title.as_ref().as_bytes());
        hasher.update(b"\n");
    }
    hasher.finish()
}

fn digest_rows(rows: impl Iterator<Item = (u32, u32, f32, u32)>) -> Digest {
    const ROW_BYTES: usize = 16;
    const BUFFER_BYTES: usize = 4096 * ROW_BYTES;
    let mut hasher = Hasher::default();
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    for (user, title, rating, time) in rows {
        for part in [user.to_le_bytes(), title.to_le_bytes(), rating.to_le_bytes(), time.to_le_bytes()] {
            buffer.extend_from_slice(&part);
        }
        if buffer.len() >= BUFFER_BYTES {
            hasher.update(&buffer);
            buffer.clear();
        }
    }
    hasher.update(&buffer);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use catalog::TitleId;

    use super::*;

    fn table(rating: f32) -> RatingTable {
        let users = ["1", "2"].map(|id| UserId::new(id).unwrap()).to_vec();
        RatingTable::new(users, vec![0, 1, 3], vec![1, 0, 1], vec![3.0, 4.0, rating], vec![5, 6, 7], 2)
            .unwrap()
    }

    #[test]
    fn a_table_and_its_rows_have_the_same_identity() {
        let titles = ["ns1", "ns2"].map(|id| TitleId::new(id).unwrap());
        let ids = || titles.iter().map(TitleId::as_str);
        let table = table(2.0);
        let rows = Identity::of_rows(table.users(), ids(), &table.interactions(2), table.timestamp());
        assert_eq!(Identity::of_table(&table, ids()), rows);
    }

    #[test]
    fn other_ids_or_rows_change_the_identity() {
        let of = |rating, titles: [&str; 2]| Identity::of_table(&table(rating), titles.iter());
        let first = of(2.0, ["ns1", "ns2"]);
        assert_eq!(first, of(2.0, ["ns1", "ns2"]));
        let other_rows = of(2.5, ["ns1", "ns2"]);
        assert!(other_rows.ids == first.ids && other_rows.rows != first.rows);
        let other_ids = of(2.0, ["ns2", "ns1"]);
        assert!(other_ids.ids != first.ids && other_ids.rows == first.rows);
    }
}
