//! Reads catalog files: those of the platforms (`QUERIES.md`, rules 1 to 7), and MovieLens `movies.csv`,
//! `movies.dat` and `u.item`. The first line shows which one a file is.

use std::path::Path;

use artifact::{Digest, Source};
use catalog::{Platform, Title, TitleId};
use memchr::memchr_iter;

use tables::{
    FileError, Reason, Rejects, check_text, file_name, find_columns, header_fields, is_column, next_record,
    parse_year, without_bom,
};

use super::text::{clean_text, has_invisible, parse_date, parse_duration, split_at, split_cast, split_list};
use super::{CellFaults, EtlError, Repair, RepairKind, TitleSource};

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
const PLATFORM_NEEDED: &str = "show_id, type, title, director, cast, country, date_added, release_year, \
     rating, duration, listed_in, description (or, for MovieLens, movieId, title, genres)";
const MOVIES_COLUMNS: [&str; 3] = ["movieId", "title", "genres"];
const MOVIES_NEEDED: &str = "movieId, title, genres";

/// Genres of `u.item`, in the order of its flags.
const ITEM_GENRES: [&str; 19] = [
    "unknown",
    "action",
    "adventure",
    "animation",
    "children's",
    "comedy",
    "crime",
    "documentary",
    "drama",
    "fantasy",
    "film-noir",
    "horror",
    "musical",
    "mystery",
    "romance",
    "sci-fi",
    "thriller",
    "war",
    "western",
];

/// Platform of the titles in MovieLens files.
pub(super) const MOVIELENS: &str = "movielens";

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
    pub(super) source: Source,
    pub(super) format: &'static str,
}

/// Reads a catalog file; `label` is its name in repairs.
pub(super) fn read_titles(source: &TitleSource, label: &str) -> Result<TitleFile, EtlError> {
    let path = source.path.as_path();
    let raw = std::fs::read(path).map_err(|e| FileError::read(path, e))?;
    let mut reader = Reader {
        path,
        label,
        titles: Vec::new(),
        n_rows: 0,
        rejects: Rejects::new(vec![label.to_owned()]),
        repairs: Vec::new(),
        faults: CellFaults { file: label.to_owned(), ..CellFaults::default() },
    };
    let platform = source.platform.clone();
    let (platform, format) = reader.read(platform, &raw)?;
    if reader.n_rows == 0 {
        return Err(FileError::NoRows(path.to_owned()).into());
    }
    Ok(TitleFile {
        platform,
        titles: reader.titles,
        n_rows: reader.n_rows,
        rejects: reader.rejects,
        repairs: reader.repairs,
        faults: reader.faults,
        source: Source {
            name: file_name(path),
            bytes: raw.len() as u64,
            sha256: Digest::of(&raw),
            read_as: Some(format.to_owned()),
        },
        format,
    })
}

/// Returns the platform of titles that are not in any catalog.
pub(super) fn movielens() -> Platform {
    Platform::new(MOVIELENS).expect("a lower-case word is a platform's name")
}

struct Reader<'a> {
    path: &'a Path,
    label: &'a str,
    titles: Vec<(u64, Title)>,
    n_rows: u64,
    rejects: Rejects,
    repairs: Vec<Repair>,
    faults: CellFaults,
}

/// Fault of a row: the column, the value and the reason.
type Fault<'a> = (&'static str, &'a [u8], Reason);

impl Reader<'_> {
    fn read(&mut self, platform: Option<Platform>, raw: &[u8]) -> Result<(Platform, &'static str), EtlError> {
        let bytes = without_bom(raw);
        let begin = bytes
            .iter()
            .position(|&b| b != b'\n' && b != b'\r')
            .ok_or_else(|| FileError::Empty(self.path.to_owned()))?;
        let line = 1 + newlines(&bytes[..begin]);
        let body = &bytes[begin..];
        let first = body.split(|&b| b == b'\n').next().unwrap_or(body);
        if first.contains(&0) {
            check_text(self.path, line, first)?;
        }
        let or_movielens = |platform: Option<Platform>| platform.unwrap_or_else(movielens);
        if first.windows(2).any(|pair| pair == b"::") {
            self.plain_lines(body, line, "::");
            return Ok((or_movielens(platform), "titles, `::` between fields"));
        }
        if memchr_iter(b'|', first).count() == 4 + ITEM_GENRES.len() {
            self.plain_lines(body, line, "|");
            return Ok((or_movielens(platform), "titles, `|` between fields"));
        }
        let record = next_record(body, b',', true).expect("the whole file is in memory");
        check_text(self.path, line, &body[..record.content])?;
        let header = header_fields(self.path, &body[..record.content], b',')?;
        let rows = &body[record.total..];
        let line = line + newlines(&body[..record.total]);
        let is_movies = header.iter().any(|field| is_column(field, "movieId"));
        if is_movies {
            let columns = find_columns(self.path, &header, MOVIES_COLUMNS, MOVIES_NEEDED)?;
            self.csv_rows(rows, line, header.len(), |reader, line, record| {
                let cells = cells(record, &columns, MOVIES_COLUMNS)?;
                reader.movie(line, cells[0], cells[1], cells[2])
            })?;
            return Ok((or_movielens(platform), "titles, movies.csv"));
        }
        let columns = find_columns(self.path, &header, CATALOG_COLUMNS, PLATFORM_NEEDED)?;
        let platform = platform.ok_or_else(|| EtlError::NoPlatform(self.path.to_owned()))?;
        self.csv_rows(rows, line, header.len(), |reader, line, record| {
            let cells = cells(record, &columns, CATALOG_COLUMNS)?;
            reader.platform_row(line, &platform, cells)
        })?;
        Ok((platform, "titles, CSV"))
    }

    /// Passes every well-formed record to `take`, and records the malformed ones and those that `take`
    /// refuses.
    fn csv_rows(
        &mut self,
        bytes: &[u8],
        first_line: u64,
        n_columns: usize,
        take: impl for<'r> Fn(&mut Self, u64, &'r csv::ByteRecord) -> Result<(), Fault<'r>>,
    ) -> Result<(), EtlError> {
        let (mut begin, mut at, mut line, mut begin_line) = (0, 0, first_line, first_line);
        while at < bytes.len() {
            let span = next_record(&bytes[at..], b',', true).expect("the whole file is in memory");
            if !span.well_formed {
                self.segment(&bytes[begin..at], begin_line, n_columns, &take)?;
                self.n_rows += 1;
                let value = &bytes[at..at + span.content];
                self.rejects.push(0, line, "", value, Reason::BadQuoting);
            }
            line += newlines(&bytes[at..at + span.total]);
            at += span.total;
            if !span.well_formed {
                (begin, begin_line) = (at, line);
            }
        }
        self.segment(&bytes[begin..], begin_line, n_columns, &take)
    }

    /// Reads records whose quotes are correct.
    fn segment(
        &mut self,
        bytes: &[u8],
        first_line: u64,
        n_columns: usize,
        take: &impl for<'r> Fn(&mut Self, u64, &'r csv::ByteRecord) -> Result<(), Fault<'r>>,
    ) -> Result<(), EtlError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        let (mut counted, mut line) = (0, first_line);
        loop {
            // The reader skips empty lines before a record, but reports the position before them.
            let mut begin = reader.position().byte() as usize;
            let more = reader
                .read_byte_record(&mut record)
                .map_err(|source| FileError::Csv { path: self.path.to_owned(), source })?;
            if !more {
                return Ok(());
            }
            begin += bytes[begin..].iter().take_while(|&&b| b == b'\n').count();
            line += newlines(&bytes[counted..begin]);
            counted = begin;
            if record.len() == 1 && record[0].trim_ascii().is_empty() {
                continue;
            }
            self.n_rows += 1;
            let end = reader.position().byte() as usize;
            let raw = bytes[begin..end].trim_ascii_end();
            let fault = match record.len() {
                n if n < n_columns => Some(("", raw, Reason::CutShort)),
                n if n > n_columns => Some(("", raw, Reason::TooManyFields)),
                _ => take(self, line, &record).err(),
            };
            if let Some((column, value, reason)) = fault {
                self.rejects.push(0, line, column, value, reason);
            }
        }
    }

    fn platform_row<'r>(
        &mut self,
        line: u64,
        platform: &Platform,
        cells: [&'r str; 12],
    ) -> Result<(), Fault<'r>> {
        let [show_id, kind, title, director, cast, country, added, year, rating, duration, genres, about] =
            cells;
        let fault = |column, value: &'r str, reason| (column, value.as_bytes(), reason);
        let show = clean_text(show_id);
        if show.is_empty() {
            return Err(fault("show_id", show_id, Reason::TitleIdMalformed));
        }
        let id = platform.title_id(&show).map_err(|_| fault("show_id", show_id, Reason::TitleIdMalformed))?;
        let kind = clean_text(kind).parse().map_err(|_| fault("type", kind, Reason::KindUnknown))?;
        let display = clean_text(title);
        if display.is_empty() {
            return Err(fault("title", title, Reason::TitleEmpty));
        }
        let release_year = parse_year(&clean_text(year))
            .ok_or_else(|| fault("release_year", year, Reason::YearMalformed))?;

        let mut audience = clean_text(rating).to_lowercase();
        let mut duration_text = clean_text(duration);
        if duration_text.is_empty() && parse_duration(&audience).is_some() {
            self.repair(line, "rating", &audience, RepairKind::DurationMoved);
            duration_text = std::mem::take(&mut audience);
        }
        if audience.is_empty() {
            self.repair(line, "rating", rating, RepairKind::AudienceFilled);
            "g".clone_into(&mut audience);
        }
        let length = parse_duration(&duration_text);
        if length.is_none() && !duration_text.is_empty() {
            self.repair(line, "duration", &duration_text, RepairKind::DurationEmptied);
        }
        let added_text = clean_text(added);
        let date_added = parse_date(&added_text);
        if date_added.is_none() && !added_text.is_empty() {
            self.repair(line, "date_added", &added_text, RepairKind::DateEmptied);
        }
        self.faults.spaced_dates += u64::from(date_added.is_some() && added.starts_with(char::is_whitespace));
        self.faults.invisible += cells.iter().filter(|cell| has_invisible(cell)).count() as u64;
        let cast = split_cast(cast);
        self.faults.cast_without_letter += cast.without_letter;
        self.faults.cast_suffixes += cast.suffixes;
        let title = Title {
            director: split_list(director),
            cast: cast.names,
            country: split_list(country),
            date_added,
            kind,
            release_year: Some(release_year),
            audience,
            duration: length,
            genres: split_list(genres),
            description: clean_text(about).to_lowercase(),
            ..Title::named(id, &display)
        };
        self.titles.push((line, title));
        Ok(())
    }

    fn repair(&mut self, line: u64, column: &'static str, value: &str, kind: RepairKind) {
        let (file, value) = (self.label.to_owned(), value.to_owned());
        self.repairs.push(Repair { file, line, column, value, kind });
    }

    /// Reads files without header and quotes. Text that is not UTF-8 is Latin-1, the encoding of the
    /// `GroupLens` files.
    fn plain_lines(&mut self, bytes: &[u8], first_line: u64, separator: &str) {
        let text = match str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
        };
        for (at, line) in text.split('\n').enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            self.n_rows += 1;
            let number = first_line + at as u64;
            let fields: Vec<&str> = line.split(separator).collect();
            let n_fields = if separator == "|" { 5 + ITEM_GENRES.len() } else { 3 };
            let result = if fields.len() < n_fields {
                Err(("", line.as_bytes(), Reason::CutShort))
            } else if fields.len() > n_fields {
                Err(("", line.as_bytes(), Reason::TooManyFields))
            } else if line.contains('\0') {
                Err(("", line.as_bytes(), Reason::NulByte))
            } else if separator == "|" {
                let set = ITEM_GENRES.iter().zip(&fields[5..]).filter(|(_, flag)| **flag == "1");
                let genres: Vec<&str> = set.map(|(genre, _)| *genre).collect();
                self.movie(number, fields[0], fields[1], &genres.join("|")).map(|()| {
                    // Some titles lack the year, but have a release date with it.
                    if let Some((_, title)) = self.titles.last_mut()
                        && title.release_year.is_none()
                    {
                        title.release_year = parse_date(fields[2]).map(catalog::Date::year);
                    }
                })
            } else {
                self.movie(number, fields[0], fields[1], fields[2])
            };
            if let Err((column, value, reason)) = result {
                self.rejects.push(0, number, column, value, reason);
            }
        }
    }

    /// Reads a MovieLens title such as `Toy Story (1995)`, with its genres separated by bars.
    fn movie<'r>(&mut self, line: u64, id: &'r str, title: &'r str, genres: &str) -> Result<(), Fault<'r>> {
        let id = TitleId::new(id.trim()).map_err(|_| ("movieId", id.as_bytes(), Reason::TitleIdMalformed))?;
        let whole = clean_text(title);
        let (name, release_year) = match whole.strip_suffix(')').and_then(|t| t.rsplit_once('(')) {
            Some((name, year)) if !name.trim().is_empty() && parse_year(year).is_some() => {
                (name.trim().to_owned(), parse_year(year))
            }
            _ => (whole, None),
        };
        if name.is_empty() {
            return Err(("title", title.as_bytes(), Reason::TitleEmpty));
        }
        let mut genres = split_at(genres, &['|', ',']);
        genres.retain(|genre| genre != "(no genres listed)");
        self.titles.push((line, Title { release_year, genres, ..Title::named(id, &name) }));
        Ok(())
    }
}

/// Returns the cells of a record as text, in the order of `names`.
fn cells<'r, const N: usize>(
    record: &'r csv::ByteRecord,
    columns: &[usize; N],
    names: [&'static str; N],
) -> Result<[&'r str; N], Fault<'r>> {
    let mut cells = [""; N];
    for ((cell, &column), name) in cells.iter_mut().zip(columns).zip(names) {
        let bytes = &record[column];
        if bytes.contains(&0) {
            return Err((name, bytes, Reason::NulByte));
        }
        *cell = str::from_utf8(bytes).map_err(|_| (name, bytes, Reason::NotUtf8))?;
    }
    Ok(cells)
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use catalog::Kind;

    use super::*;

    const HEADER: &str = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,\
        listed_in,description\n";

    fn read(bytes: &[u8], platform: Option<&str>) -> Result<TitleFile, EtlError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        let platform = platform.map(|name| Platform::new(name).unwrap());
        read_titles(&TitleSource { platform, path }, "t.csv")
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
            (&["a jr.".into(), "b".into()][..], "g")
        );
        assert_eq!(title.duration.map(|d| d.value), Some(74));
        assert_eq!(title.date_added.map(|d| d.to_string()), Some("2016-09-16".to_owned()));
        assert_eq!(title.description, "two lines, \"quoted\"");
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
            "{HEADER},Movie,T,,,,,2020,G,,,\ns2,Radio,T,,,,,2020,G,,,\ns3,Movie, ,,,,,2020,G,,,\n\
             s4,Movie,T,,,,,20,G,,,\ns5,Movie,T\ns6,Movie,T,,,,,2020,G,,,,\ns7,Movie,\"The gr\n{good}"
        )
        .into_bytes();
        text.extend(b"s10,Movie,\xff,,,,,2020,G,,,\ns11,Movie,\0,,,,,2020,G,,,\n");
        let file = read(&text, Some("netflix")).unwrap();
        assert_eq!((file.titles.len(), file.titles[0].0, file.n_rows), (1, 9, 10));
        assert_eq!(
            refused(&file),
            [
                (2, Reason::TitleIdMalformed),
                (3, Reason::KindUnknown),
                (4, Reason::TitleEmpty),
                (5, Reason::YearMalformed),
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
            assert_eq!(title.genres, ["western"]);
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
            read(b"PK\x03\x04\0\0", Some("netflix")),
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
