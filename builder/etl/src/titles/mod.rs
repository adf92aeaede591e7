//! Reads catalog files: those of the platforms and others with a header (`QUERIES.md`, rules 1 to 7), and
//! MovieLens `movies.csv`, `movies.dat` and `u.item`. The first line shows which one a file is.

mod cells;
mod columns;
mod credits;
mod decode;
mod mend;
mod movielens;
mod reader;
mod records;
mod roles;
mod row;
mod title_columns;

use std::path::Path;

use artifact::Source;
use catalog::{Platform, Title};

use tables::{FileError, Rejects, check_text, file_name};

use super::{CellFaults, EtlError, GenreTable, Repair, RepairKind};
use columns::{Columns, header_span};
use credits::Credits;
use decode::{decode, read_file};
pub(super) use movielens::{MOVIELENS_TITLES, is_movielens_name};
use reader::Reader;
use records::{Row, newlines};
use roles::Role;
use row::Plan;
pub use title_columns::{TitleColumns, TitleColumnsError};

/// Columns of a platform's catalog file.
pub const CATALOG_COLUMNS: [&str; 12] = [
    "show_id",
    "type",
    "title",
    "director",
    "cast",
    "country",
    "date_added",
    "release_year",
    "rating",
    "duration",
    "listed_in",
    "description",
];

/// Platform of the titles in MovieLens files.
const MOVIELENS: &str = "movielens";

/// Contents of one catalog file.
#[derive(Debug)]
pub(super) struct TitleFile {
    pub(super) platform: Platform,
    /// Titles, each with the line on which it begins. `platform_idx` is still 0.
    pub(super) titles: Vec<(u64, Title)>,
    pub(super) n_rows: u64,
    pub(super) rejects: Rejects,
    pub(super) repairs: Vec<Repair>,
    pub(super) faults: CellFaults,
    /// The file, and the file of credits next to it.
    pub(super) sources: Vec<Source>,
    pub(super) format: String,
}

/// How to read catalogs, where detection is not enough.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatalogOptions {
    /// What the columns hold, where their names do not show it. Applies to every catalog with a header.
    pub columns: Option<TitleColumns>,
    /// What the platforms' labels of genres mean.
    pub genres: GenreTable,
}

/// Reads a catalog file; `label` is its name in repairs. `platform` is `None` for a MovieLens file.
pub(super) fn read_titles(
    path: &Path,
    platform: Option<&Platform>,
    options: &CatalogOptions,
    label: &str,
) -> Result<TitleFile, EtlError> {
    let (raw, source) = read_file(path)?;
    let packing = source.read_as.clone();
    let mut reader = Reader {
        path,
        label,
        genres: &options.genres,
        titles: Vec::new(),
        n_rows: 0,
        rejects: Rejects::new(vec![label.to_owned()]),
        repairs: Vec::new(),
        faults: CellFaults { file: label.to_owned(), ..CellFaults::default() },
        sources: vec![source],
    };
    let (platform, format) = reader.read(platform.cloned(), options.columns.as_ref(), &raw)?;
    if reader.n_rows == 0 {
        return Err(FileError::NoRows(path.to_owned()).into());
    }
    let format = [Some(format), packing].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let Reader { titles, n_rows, rejects, repairs, faults, mut sources, .. } = reader;
    sources[0].read_as = Some(format.clone());
    Ok(TitleFile { platform, titles, n_rows, rejects, repairs, faults, sources, format })
}

/// Returns the platform of titles that are not in any catalog.
pub(super) fn movielens() -> Platform {
    Platform::new(MOVIELENS).expect("a lower-case word is a platform's name")
}

impl Reader<'_> {
    /// Reads all rows. Returns the platform of the titles and the layout in words.
    fn read(
        &mut self,
        platform: Option<Platform>,
        chosen: Option<&TitleColumns>,
        raw: &[u8],
    ) -> Result<(Platform, String), EtlError> {
        let first = raw.split(|&b| b == b'\n').next().unwrap_or(raw);
        if first.contains(&0) {
            check_text(self.path, 1, first)?;
        }
        let (bytes, changed) = decode(raw);
        let begin = bytes
            .iter()
            .position(|&b| b != b'\n' && b != b'\r')
            .ok_or_else(|| FileError::Empty(self.path.to_owned()))?;
        let line = 1 + newlines(&bytes[..begin]);
        let body = &bytes[begin..];
        let (platform, mut format) = match movielens::separator(body).filter(|_| chosen.is_none()) {
            Some(separator) => {
                self.plain_lines(body, line, separator);
                (platform.unwrap_or_else(movielens), format!("titles, `{separator}` between fields"))
            }
            None => self.table(platform, chosen, body, line)?,
        };
        format.push_str(&changed);
        Ok((platform, format))
    }

    /// Reads a table with a header.
    fn table(
        &mut self,
        platform: Option<Platform>,
        chosen: Option<&TitleColumns>,
        body: &[u8],
        line: u64,
    ) -> Result<(Platform, String), EtlError> {
        let (content, total) = header_span(body);
        check_text(self.path, line, &body[..content])?;
        let mut columns = Columns::find(self.path, &body[..content], chosen)?;
        let line = line + newlines(&body[..total]);
        let rows = records::rows(self.path, &body[total..], line, &mut columns)?;
        let is_movielens =
            columns.is_movielens || platform.is_none() && is_movielens_name(&file_name(self.path));
        if platform.is_none() && !is_movielens {
            return Err(EtlError::NoPlatform(self.path.to_owned()));
        }
        let of_ids = platform.clone().filter(|_| !is_movielens);
        let mut plan = Plan::new(columns, self.genres, of_ids, &rows);
        let has_people = plan.columns.has(Role::Cast) || plan.columns.has(Role::Director);
        if plan.columns.has(Role::Seasons) && !has_people {
            plan.credits = Credits::next_to(self.path)?;
        }
        let mut format =
            if plan.columns.is_movielens { "titles, movies.csv" } else { "titles, CSV" }.to_owned();
        format.push_str(&plan.columns.describe());
        format.push_str(&plan.describe());
        if let Some(credits) = &plan.credits {
            format.push_str(&credits.describe());
            self.sources.push(credits.source.clone());
        }
        for row in &rows {
            self.row(row, &plan);
        }
        Ok((platform.unwrap_or_else(movielens), format))
    }

    fn row(&mut self, row: &Row<'_>, plan: &Plan<'_>) {
        self.n_rows += 1;
        let result = match &row.fields {
            Ok(fields) => plan.cells(fields).and_then(|cells| self.title(row.line, &cells, plan)),
            Err(reason) => Err(("", row.raw, *reason)),
        };
        match result {
            Err((column, value, reason)) => self.rejects.push(0, row.line, column, value, reason),
            Ok(()) if row.is_mended => {
                let value: String = String::from_utf8_lossy(row.raw).chars().take(MENDED_CHARS).collect();
                self.repair_at(row.line, "", &value, RepairKind::QuotesMended);
            }
            Ok(()) => {}
        }
    }
}

/// Length of the part of a mended row that is kept, in characters.
const MENDED_CHARS: usize = 120;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use catalog::Kind;
    use tables::Reason;

    use super::*;

    const HEADER: &str = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,\
        listed_in,description\n";

    fn read(bytes: &[u8], platform: Option<&str>) -> Result<TitleFile, EtlError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        let platform = platform.map(|name| Platform::new(name).unwrap());
        read_titles(&path, platform.as_ref(), &CatalogOptions::default(), "t.csv")
    }

    fn refused(file: &TitleFile) -> Vec<(u64, Reason)> {
        file.rejects.iter().map(|r| (r.line, r.reason)).collect()
    }

    #[test]
    fn a_platform_row_follows_the_rules() {
        let text = format!(
            "\u{FEFF}{HEADER}\n\
             s1,Movie,\u{200B}Louis  C.K.,Louis C.K.,\"A, Jr.\n, 1, B\",, \"September 16, 2016\",2016,74 min,,\
             Comedy,\"Two\nlines, \"\"quoted\"\"\"\r\n\
             s2,TV Show,Show,,,,someday,2020,,long,,\n"
        );
        let file = read(text.replace(", \"Sep", ",\"  Sep").as_bytes(), Some("Netflix")).unwrap();
        assert_eq!(refused(&file), []);
        let (line, title) = &file.titles[0];
        assert_eq!((*line, title.id.as_str(), title.display.as_str()), (3, "ns1", "Louis C.K."));
        assert_eq!(
            (title.cast.as_slice(), title.audience.as_str()),
            (&["A Jr.".into(), "B".into()][..], "G")
        );
        assert_eq!(title.duration.map(|d| d.value), Some(74));
        assert_eq!(title.date_added.map(|d| d.to_string()), Some("2016-09-16".to_owned()));
        assert_eq!(title.description, "Two lines, \"quoted\"");
        let (line, title) = &file.titles[1];
        assert_eq!((*line, title.kind, title.date_added, title.duration), (6, Kind::Series, None, None));
        let kinds: Vec<(u64, RepairKind)> = file.repairs.iter().map(|r| (r.line, r.kind)).collect();
        assert_eq!(
            kinds,
            [
                (3, RepairKind::DurationMoved),
                (3, RepairKind::AudienceFilled),
                (6, RepairKind::AudienceFilled),
                (6, RepairKind::DurationEmptied),
                (6, RepairKind::DateEmptied),
            ]
        );
    }

    #[test]
    fn unusable_rows_are_refused_one_by_one() {
        let good = "s9,Movie,T,,,,,2020,G,1 min,,\n";
        let mut text = format!(
            "{HEADER},Movie,Té,,,,,2020,G,,,\ns2,Radio,T,,,,,2020,G,,,\ns3,Movie, ,,,,,2020,G,,,\n\
             s4,Movie,T,,,,,20,G,,,\ns5,Movie,T\ns6,Movie,T,,,,,2020,G,,,,\ns7,Movie,\"The gr\n{good}"
        )
        .into_bytes();
        text.extend(b"s10,Movie,\xff,,,,,2020,G,,,\ns11,Movie,\0,,,,,2020,G,,,\n");
        let file = read(&text, Some("netflix")).unwrap();
        assert_eq!((file.titles.len(), file.titles[1].0, file.n_rows), (2, 9, 10));
        assert_eq!(
            refused(&file),
            [
                (2, Reason::TitleIdMalformed),
                (3, Reason::KindUnknown),
                (4, Reason::TitleEmpty),
                (6, Reason::CutShort),
                (7, Reason::TooManyFields),
                (8, Reason::BadQuoting),
                (10, Reason::NotUtf8),
                (11, Reason::NulByte),
            ]
        );
    }

    #[test]
    fn movielens_files_are_recognized_by_their_first_line() {
        let item = format!(
            "1|Fran\u{e7}ois (1995)|01-Jan-1995||url|{}1\n2|unknown||||1{}\n",
            "0|".repeat(18),
            "|0".repeat(18)
        );
        let latin1: Vec<u8> = item.chars().map(|c| c as u8).collect();
        let texts: [&[u8]; 3] = [
            &latin1,
            "1::François (1995)::Western\n2::unknown::unknown\n".as_bytes(),
            "movieId,title,genres\n1,François (1995),Western\n2,\"unknown\",unknown\n".as_bytes(),
        ];
        for text in texts {
            let file = read(text, None).unwrap();
            assert_eq!((file.platform.as_str(), file.titles.len()), ("movielens", 2));
            let title = &file.titles[0].1;
            assert_eq!(
                (title.id.as_str(), title.display.as_str(), title.release_year),
                ("1", "François", Some(1995))
            );
            assert_eq!(title.genres, ["Western"]);
            assert_eq!(file.titles[1].1.release_year, None);
        }
    }

    #[test]
    fn files_that_are_not_catalogs_are_errors() {
        assert!(matches!(read(b"", None), Err(EtlError::File(FileError::Empty(_)))));
        assert!(matches!(
            read(HEADER.as_bytes(), Some("netflix")),
            Err(EtlError::File(FileError::NoRows(_)))
        ));
        assert!(matches!(
            read(b"a,b\n1,2\n", Some("netflix")),
            Err(EtlError::File(FileError::MissingColumns { .. }))
        ));
        assert!(matches!(
            read(b"\x7FELF\0\0", Some("netflix")),
            Err(EtlError::File(FileError::NotText { .. }))
        ));
        let row = format!("{HEADER}s1,Movie,T,,,,,2020,G,,,\n");
        assert!(matches!(read(row.as_bytes(), None), Err(EtlError::NoPlatform(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), shape in 0..4_usize) {
            let mut text = [HEADER, "movieId,title,genres\n", "1::a::b\n", ""][shape].as_bytes().to_vec();
            text.extend(bytes);
            if let Ok(file) = read(&text, Some("netflix")) {
                prop_assert_eq!(file.n_rows as usize, file.titles.len() + file.rejects.len());
            }
        }

        #[test]
        fn rows_are_never_lost(text in "(s1|Movie|T|,|,|,|,|,,,,|2020|\"|\"\"|\n|\r\n|é){0,80}") {
            let file = read(format!("{HEADER}s0,Movie,T,,,,,2020,G,,,\n{text}").as_bytes(), Some("netflix"));
            let file = file.unwrap();
            prop_assert_eq!(file.n_rows as usize, file.titles.len() + file.rejects.len());
        }
    }
}
