//! Finds the layout of a rating file from its first line.

use std::path::Path;

use tables::FileError;
use tables::rows::Layout;

/// Returns the layout of the file whose first line that is not empty is `line`: `::` or tabs between the
/// fields of MovieLens, or a header that names the columns.
pub(crate) fn detect(path: &Path, line: &[u8]) -> Result<Layout, FileError> {
    if line.windows(2).any(|pair| pair == b"::") {
        return Ok(Layout::plain(b':'));
    }
    let separator = if line.contains(&b'\t') { b'\t' } else { b',' };
    let n_fields = line.split(|&byte| byte == separator).count();
    if separator == b'\t' && n_fields == 4 && !Layout::is_header(path, line, separator)? {
        return Ok(Layout::plain(b'\t'));
    }
    Layout::of_header(path, line, separator)
}

#[cfg(test)]
mod tests {
    use progress::Silent;
    use tables::Rejects;
    use tables::rows::scan;

    use super::*;

    type Row = (String, String, f32, u32);

    fn read(text: &str, block_bytes: usize) -> Result<(Vec<Row>, usize), FileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.csv");
        std::fs::write(&path, text).unwrap();
        let mut rejects = Rejects::new(vec!["r.csv".to_owned()]);
        let scan = scan(&[path], None, detect, block_bytes, 0, &mut rejects, &Silent)?;
        let mut rows = Vec::new();
        for block in &scan.blocks {
            for row in &block.rows {
                let user = scan.users[block.worker].names()[row.user as usize].to_string();
                let title = scan.titles[block.worker].names()[row.title as usize].to_string();
                rows.push((user, title, row.rating, row.timestamp));
            }
        }
        Ok((rows, rejects.len()))
    }

    fn row(user: &str, title: &str, rating: f32, timestamp: u32) -> Row {
        (user.to_owned(), title.to_owned(), rating, timestamp)
    }

    #[test]
    fn every_shape_gives_the_same_rows() {
        let expected = vec![row("1", "31", 2.5, 100), row("2", "5", 4.0, 0)];
        for text in [
            "userId,movieId,rating,timestamp\n1,31,2.5,100\n2,5,4.0,0\n",
            "\u{FEFF}rating,timestamp,userId,movieId\r\n2.5,100,1,31\r\n4,0,2,5",
            "\"userId\",\"x\",\"movieId\",\"rating\",\"timestamp\"\n1,\"a\n\"\"b\",31,\"2.5\",100\n2,,5,4.0, 0\n",
            "1\t31\t2.5\t100\n2\t5\t4\t0\n",
            "user_id\tmovie_id\trating\ttimestamp\n1\t31\t2.5\t100\n\n2\t5\t4\t0\n",
            "1::31::2.5::100\n2::5::4::0\n",
        ] {
            for block_bytes in [1, 7, 1 << 20] {
                assert_eq!(read(text, block_bytes).unwrap(), (expected.clone(), 0), "{text:?} {block_bytes}");
            }
        }
    }

    #[test]
    fn a_table_without_the_columns_is_refused() {
        assert!(matches!(read("a\tb\n1\t2\n", 64), Err(FileError::MissingColumns { .. })));
        assert!(matches!(read("1,2,3,4\n", 64), Err(FileError::MissingColumns { .. })));
    }
}
