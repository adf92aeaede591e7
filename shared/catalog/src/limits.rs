//! How long the texts of a title may be, and how many different labels a table may have.
//!
//! Answers list up to a hundred titles, and AWS Lambda refuses an answer above 6 MB. A text beyond these
//! bounds is never a name: it is a cell of another column, or made to harm.

use std::collections::HashSet;

use crate::Title;

/// The most characters of a title's name, of an audience rating, and of each actor, country and genre.
pub const MAX_NAME_CHARS: usize = 400;

/// The most bytes of all genres of a title together.
pub const MAX_GENRES_BYTES: usize = 2048;

/// The most different genres of a table, and the most different audience ratings. Artifacts number them with
/// 16 bits.
pub const MAX_LABELS: usize = 65_535;

/// The most bytes of names that [`names_in_words`] writes.
const MOST_BYTES_OF_NAMES: usize = 800;

/// Writes names with commas between them, for an error that says which names there are. It writes about 800
/// bytes of them, and then how many there are besides.
pub fn names_in_words(names: &[String]) -> String {
    let mut n_bytes = 0_usize;
    let fits = |name: &&String| {
        n_bytes = n_bytes.saturating_add(name.len()).saturating_add(", ".len());
        n_bytes <= MOST_BYTES_OF_NAMES
    };
    let n_shown = names.iter().take_while(fits).count();
    let (shown, rest) = names.split_at(n_shown);
    match (shown, rest) {
        (all, []) => all.join(", "),
        ([], rest) => format!("{} names too long to show", rest.len()),
        (shown, rest) => format!("{} and {} more", shown.join(", "), rest.len()),
    }
}

fn is_long(text: &str) -> bool {
    text.len() > MAX_NAME_CHARS && text.chars().nth(MAX_NAME_CHARS).is_some()
}

impl Title {
    /// Returns the column and the value of a text that is beyond [`MAX_NAME_CHARS`] or [`MAX_GENRES_BYTES`],
    /// or `None` if all texts fit. Columns have the names of the clean table. Descriptions and the names of
    /// directors may have any length, because no answer has them.
    pub fn long_text(&self) -> Option<(&'static str, &str)> {
        let single = [("title", &self.display), ("audience", &self.audience)];
        let lists = [("cast", &self.cast), ("country", &self.country), ("genres", &self.genres)];
        let items = lists.into_iter().flat_map(|(column, list)| list.iter().map(move |text| (column, text)));
        let long = single.into_iter().chain(items).find(|(_, text)| is_long(text));
        long.map(|(column, text)| (column, text.as_str())).or_else(|| {
            let bytes: usize = self.genres.iter().map(String::len).sum();
            let first = self.genres.first()?;
            (bytes > MAX_GENRES_BYTES).then_some(("genres", first.as_str()))
        })
    }
}

/// Counts the different genres, canonical genres and audience ratings of titles.
pub fn count_labels(titles: &[Title]) -> [(&'static str, usize); 3] {
    let genres: HashSet<&str> = titles.iter().flat_map(|t| t.genres.iter().map(String::as_str)).collect();
    let canonical: HashSet<&str> =
        titles.iter().flat_map(|t| t.canonical_genres.iter().map(String::as_str)).collect();
    let audiences: HashSet<&str> = titles.iter().map(|t| t.audience.as_str()).collect();
    [("genres", genres.len()), ("canonical genres", canonical.len()), ("audience ratings", audiences.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TitleId;

    fn title(at: usize) -> Title {
        Title::named(TitleId::new(&format!("t{at}")).unwrap(), "a")
    }

    #[test]
    fn many_names_are_cut() {
        let names = |n: usize| (0..n).map(|at| at.to_string()).collect::<Vec<_>>();
        assert_eq!(names_in_words(&names(3)), "0, 1, 2");
        assert!(names_in_words(&names(150)).ends_with(", 149"));
        assert!(names_in_words(&names(65_535)).ends_with(", 181 and 65353 more"));
        assert!(names_in_words(&names(65_535)).len() < MOST_BYTES_OF_NAMES + 20);
        assert_eq!(names_in_words(&["a".repeat(801), "b".to_owned()]), "2 names too long to show");
    }

    #[test]
    fn a_text_is_long_beyond_its_bound() {
        let most = "é".repeat(MAX_NAME_CHARS);
        let more = format!("{most}é");
        let fits = Title {
            display: most.clone(),
            director: vec!["a".repeat(1 << 20)],
            cast: vec![most.clone(); 1_000],
            description: "a".repeat(1 << 20),
            ..title(0)
        };
        assert_eq!(fits.long_text(), None);
        let bad = vec!["a".to_owned(), more.clone()];
        for (column, title) in [
            ("title", Title { display: more.clone(), ..title(0) }),
            ("audience", Title { audience: more.clone(), ..title(0) }),
            ("cast", Title { cast: bad.clone(), ..title(0) }),
            ("country", Title { country: bad.clone(), ..title(0) }),
            ("genres", Title { genres: bad.clone(), ..title(0) }),
        ] {
            assert_eq!(title.long_text(), Some((column, more.as_str())));
        }
        let of = |n: usize| Title { genres: vec!["0123456789abcdef".to_owned(); n], ..title(0) };
        assert_eq!(of(MAX_GENRES_BYTES / 16).long_text(), None);
        assert_eq!(of(MAX_GENRES_BYTES / 16 + 1).long_text(), Some(("genres", "0123456789abcdef")));
    }
}
