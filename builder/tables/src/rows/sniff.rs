//! Finds the layout of a rating file from its first lines.

use catalog::check_id;

use super::column_names::NAMES;
use super::export;
use super::fault::{RATING, TIME, TITLE, USER};
use super::feedback;
use super::layout::{Layout, RAW_COLUMNS, Titles};
use super::number::parse_rating;
use super::options::{Column, RatingColumns, RatingOptions};
use super::refuse::refuse;
use super::sample::{Sample, can_quote};
use super::separator::Separator;
use super::time::TimeForm;
use super::title_lines;
use crate::FileError;
use crate::header::fold;

/// Separators in the order in which they are tried.
const SEPARATORS: [Separator; 6] = [
    Separator::Colons,
    Separator::Byte(b'\t'),
    Separator::Byte(b';'),
    Separator::Byte(b'|'),
    Separator::Byte(b','),
    Separator::Blanks,
];

/// Finds the layout of a file from its start.
///
/// The separator is the first one that makes the first line a header with a user, a title and a rating. If
/// no separator does, and the file does not have its titles on lines of their own (see [`title_lines`]), it
/// is the first one that splits the lines into three or four fields that look like a user, a title, a
/// rating and perhaps a time.
///
/// # Errors
/// Returns [`FileError`] if no columns are found, or if the times are in no known form.
pub(super) fn sniff(sample: Sample<'_>, options: &RatingOptions) -> Result<Layout, FileError> {
    let first = sample.first_line();
    let given = options.separator.map(|separator| [separator; 1]);
    let separators = given.as_ref().map_or(&SEPARATORS[..], |one| &one[..]);
    let mut best: Option<Header> = None;
    for &separator in separators {
        let header = Header::of(first, separator);
        let found = match &options.columns {
            Some(columns) => header.chosen(columns),
            None => header.by_name(),
        };
        if let Some(columns) = found {
            if let Some(column) = header.repeated(&columns) {
                return Err(FileError::RepeatedColumn { path: sample.path.to_owned(), column });
            }
            let mut layout = header.layout(&columns);
            if layout.has_header && options.columns.is_none() {
                layout.feedback = feedback::types(sample, &header.fields, &layout)?;
            }
            return complete(sample, layout, options);
        }
        if options.columns.is_none() {
            let export = export::find(sample.path, &header.fields, options.user.as_ref())?;
            if let Some((export, at)) = export {
                let layout = header.layout(&Columns { at, has_header: true });
                return complete(sample, Layout { titles: Titles::Names(export), ..layout }, options);
            }
        }
        if best.as_ref().is_none_or(|best| header.score() > best.score()) {
            best = Some(header);
        }
    }
    if options.columns.is_none() {
        let separator = options.separator.unwrap_or(Separator::Byte(b','));
        if let Some(layout) = title_lines::find(sample, separator)? {
            return complete(sample, layout, options);
        }
        for &separator in separators {
            if let Some(layout) = without_header(sample, separator) {
                return complete(sample, layout, options);
            }
        }
    }
    let header = best.unwrap_or_else(|| Header::of(first, Separator::Byte(b',')));
    Err(refuse(&header.fields, header.named(), sample, options.columns.as_ref()))
}

/// The fields of a first line, if a separator is assumed.
struct Header {
    separator: Separator,
    fields: Vec<String>,
}

impl Header {
    fn of(line: &[u8], separator: Separator) -> Self {
        let fields = separator.split(line, can_quote(separator));
        let text = |field: &&[u8]| String::from_utf8_lossy(field).replace("\"\"", "\"");
        let mut fields: Vec<String> = fields.iter().map(text).collect();
        while fields.len() > 1 && fields.last().is_some_and(String::is_empty) {
            fields.pop();
        }
        Self { separator, fields }
    }

    /// Returns the positions of the columns that have one of the usual names. A column `id` is the title in
    /// clean tables; in a wider table it may be the number of the row.
    fn named(&self) -> [Option<usize>; 4] {
        let folded: Vec<String> = self.fields.iter().map(|field| fold(field)).collect();
        let find = |names: &[&str]| names.iter().find_map(|name| folded.iter().position(|f| f == name));
        let mut found = NAMES.map(find);
        if found[TITLE].is_none() && self.fields.len() <= 4 {
            found[TITLE] = find(&["id"]);
        }
        found
    }

    /// Returns the columns if their names are found, those of the time only if there is one.
    fn by_name(&self) -> Option<Columns> {
        let columns = self.named();
        columns[..TIME].iter().all(Option::is_some).then_some(Columns { at: columns, has_header: true })
    }

    /// Returns the columns that the user chose, if the first line has them. If all are given by position, the
    /// first line is a header unless its rating is a number.
    fn chosen(&self, wanted: &RatingColumns) -> Option<Columns> {
        let mut at = [None; 4];
        let mut by_position = true;
        for (slot, column) in at.iter_mut().zip(&wanted.columns) {
            *slot = match column {
                None => continue,
                Some(Column::Position(position)) => {
                    Some(position - 1).filter(|&column| column < self.fields.len())
                }
                Some(Column::Name(name)) => {
                    by_position = false;
                    self.fields.iter().position(|field| fold(field) == fold(name))
                }
            };
            (*slot)?;
        }
        let is_number = |column: usize| parse_rating(self.fields[column].as_bytes(), true).is_ok();
        Some(Columns { at, has_header: !by_position || !at[RATING].is_some_and(is_number) })
    }

    /// Returns the name of a column that the header has twice.
    fn repeated(&self, columns: &Columns) -> Option<String> {
        let mut used = columns.at.iter().flatten().filter(|_| columns.has_header);
        used.find(|&&at| self.fields.iter().filter(|field| fold(field) == fold(&self.fields[at])).count() > 1)
            .map(|&at| self.fields[at].clone())
    }

    fn layout(&self, columns: &Columns) -> Layout {
        let mut layout = Layout::plain(self.separator, columns.at, self.fields.len());
        layout.has_header = columns.has_header;
        if columns.has_header {
            layout.names = [USER, TITLE, RATING, TIME].map(|c| {
                columns.at[c].map_or_else(|| RAW_COLUMNS[c].to_owned(), |at| self.fields[at].clone())
            });
        }
        layout
    }

    /// Ranks headers by how well they are understood.
    fn score(&self) -> (usize, usize) {
        // Any text has blanks.
        let n_fields = if self.separator == Separator::Blanks { 0 } else { self.fields.len() };
        (self.named().iter().flatten().count(), n_fields)
    }
}

/// Positions of user, title, rating and time.
struct Columns {
    at: [Option<usize>; 4],
    has_header: bool,
}

/// Returns the layout of a file without a header whose fields are user, title, rating and perhaps time: the
/// first line must look like that, and so must half of the others.
fn without_header(sample: Sample<'_>, separator: Separator) -> Option<Layout> {
    let rows: Vec<Vec<&[u8]>> = sample
        .records(separator, 0)
        .map(|(record, quoted)| {
            let mut fields = separator.split(record, quoted);
            while fields.len() > 3 && fields.last().is_some_and(|field| field.is_empty()) {
                fields.pop();
            }
            fields
        })
        .collect();
    let n_columns = rows.first()?.len();
    if !(3..=4).contains(&n_columns) {
        return None;
    }
    let is_row = |fields: &&Vec<&[u8]>| {
        fields.len() == n_columns
            && [USER, TITLE].iter().all(|&id| check_id(fields[id]).is_ok())
            && parse_rating(fields[RATING], true).is_ok()
    };
    let n_rows = rows.iter().filter(is_row).count();
    let times: Vec<&[u8]> = rows.iter().filter_map(|fields| fields.get(TIME).copied()).collect();
    if !is_row(&&rows[0]) || n_rows * 2 < rows.len() || TimeForm::of(&times).is_none() {
        return None;
    }
    let time = (n_columns == 4).then_some(TIME);
    Some(Layout::plain(separator, [Some(USER), Some(TITLE), Some(RATING), time], n_columns))
}

/// Finds how numbers, times and ids are written.
fn complete(sample: Sample<'_>, mut layout: Layout, options: &RatingOptions) -> Result<Layout, FileError> {
    layout.quotes = can_quote(layout.separator)
        && layout.titles != Titles::Lines
        && (layout.has_header || sample.text.contains(&b'"'));
    let skip = usize::from(layout.has_header);
    let rows: Vec<[&[u8]; 4]> = sample
        .records(layout.separator, skip)
        .filter_map(|(record, quoted)| layout.fields(record, quoted && layout.quotes).ok())
        .collect();
    let is_comma = |row: &[&[u8]; 4]| row[RATING].contains(&b',') && parse_rating(row[RATING], true).is_ok();
    let decimal_comma = rows.iter().any(is_comma);
    let float_ids = [USER, TITLE].map(|id| {
        let mut ids = rows.iter().map(|row| row[id]).filter(|id| !id.is_empty()).peekable();
        ids.peek().is_some() && ids.all(|id| without_fraction(id).is_some())
    });
    if layout.time != TimeForm::Absent {
        let times: Vec<&[u8]> = rows.iter().map(|row| row[TIME]).collect();
        let given = options.time_format.as_deref().map(|format| TimeForm::Format(format.into()));
        layout.time = given.or_else(|| TimeForm::of(&times)).ok_or_else(|| {
            let example = String::from_utf8_lossy(times.iter().find(|t| !t.is_empty()).unwrap_or(&&b""[..]));
            FileError::TimeForm {
                path: sample.path.to_owned(),
                column: layout.names[TIME].clone(),
                example: example.chars().take(40).collect(),
            }
        })?;
    }
    Ok(Layout { decimal_comma, float_ids, ..layout })
}

/// Returns a whole number without the `.0` that it was written with; `None` for any other text.
pub(super) fn without_fraction(id: &[u8]) -> Option<&[u8]> {
    let whole = id.strip_suffix(b".0")?;
    (!whole.is_empty() && whole.iter().all(u8::is_ascii_digit)).then_some(whole)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn layout_with(text: &str, options: &RatingOptions) -> Result<Layout, FileError> {
        sniff(Sample { path: Path::new("r"), line: 1, text: text.as_bytes() }, options)
    }

    fn described(text: &str) -> String {
        layout_with(text, &RatingOptions::default()).map_or_else(|e| e.to_string(), |l| l.describe())
    }

    #[test]
    fn layouts_are_found_and_described() {
        for (text, described_as) in [
            (
                "userId;movieId;rating;timestamp\n1;2;3,5;4\n",
                "CSV, ';' between fields, decimal comma, columns userId (user), movieId (title), rating (rating), timestamp (time)",
            ),
            (
                "User-ID|ISBN|Book-Rating\n1|2|3\n",
                "CSV, '|' between fields, columns User-ID (user), ISBN (title), Book-Rating (rating), no time",
            ),
            (
                "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t3\t1600000000.0\n",
                "tabs between fields, columns user_id:token (user), item_id:token (title), rating:float (rating), timestamp:float (time)",
            ),
            (
                "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP\n1,2,click,3,1600000000\n",
                "CSV, ',' between fields, columns USER_ID (user), ITEM_ID (title), EVENT_VALUE (rating), TIMESTAMP (time)",
            ),
            (
                "reviewerID,asin,overall,reviewTime,unixReviewTime\nA,0001,5.0,\"09 13, 2009\",1252800000\n",
                "CSV, ',' between fields, columns reviewerID (user), asin (title), overall (rating), unixReviewTime (time)",
            ),
            (
                "A1,0001388703,4.0,1600000000\n",
                "CSV, ',' between fields, no header, columns 1 (user), 2 (title), 3 (rating), 4 (time)",
            ),
            (
                "1::2::3.5::4\n",
                "'::' between fields, no header, columns 1 (user), 2 (title), 3 (rating), 4 (time)",
            ),
            (
                "  1   2  3\n 10  20  4\n",
                "blanks between fields, no header, columns 1 (user), 2 (title), 3 (rating), no time",
            ),
            (
                "user,item,score,date\n1,2,3,2005-09-06\n",
                "CSV, ',' between fields, columns user (user), item (title), score (rating), date (time), times in ISO 8601",
            ),
            (
                "feedback_type,user_id,item_id,value,time_stamp\nstar,1,2,3.5,2020-01-31 10:00:00 +0000 UTC\n",
                "CSV, ',' between fields, columns user_id (user), item_id (title), value (rating), time_stamp (time), times in ISO 8601",
            ),
            (
                "FeedbackType,UserId,ItemId,Value,Timestamp\nstar,1,2,4,2020-01-31\nread,1,3,0,2020-01-31\n",
                "CSV, ',' between fields, columns UserId (user), ItemId (title), Value (rating), Timestamp (time), times in ISO 8601, feedback of the types read, star, all as ratings",
            ),
            (
                ",userId,movieId,rating\n0,1.0,2.0,3\n1,1.0,5.0,4\n",
                "CSV, ',' between fields, columns userId (user), movieId (title), rating (rating), no time, ids without their `.0`",
            ),
        ] {
            assert_eq!(described(text), described_as, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_shown_with_a_way_out() {
        for (text, parts) in [
            (
                "# exported, for research\nuserId,movieId,rating\n",
                &["line 1", "\"# exported\"", "--columns"][..],
            ),
            ("tconst\taverageRating\tnumVotes\ntt1\t5\t7\n", &["user, title, rating", "\"tconst\""]),
            ("id,title,rating_x,user_id,rating_y\n1,2,3,4,5\n", &["title, rating", "\"rating_x\""]),
            ("show_id,type,title,director\n1,2,3,4\n", &["this is a catalog", "--titles"]),
            ("user,item,rating,date\n1,2,3,04/02/2005\n", &["\"04/02/2005\"", "--time-format"]),
            ("userId,userId,movieId,rating\n1,1,2,3\n", &["userId twice"]),
            (
                "feedback_type,user_id,item_id,time_stamp\nstar,1,2,2020-01-31 10:00:00 +0000 UTC\n",
                &[
                    "r, line 1: this is feedback",
                    "\"feedback_type\"",
                    "without a column of values",
                    "--columns",
                ],
            ),
            (
                "feedback_type,user_id,item_id,value,time_stamp\nstar,1,2,0,2020-01-31\nstar,1,3,0.0,2020-01-31\n",
                &["this is feedback", "whose values are all 0"],
            ),
            (
                "{\"FeedbackType\":\"star\",\"UserId\":\"1\",\"ItemId\":\"2\",\"Timestamp\":\"2020-01-31\"}\n",
                &["this is feedback", "\"FeedbackType\""],
            ),
            ("{\"user_id\":\"1\",\"asin\":\"2\",\"rating\":4.0}\n", &["this is JSON", "CSV"]),
        ] {
            let error = described(text);
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }

    #[test]
    fn what_the_user_says_comes_before_any_guess() {
        let columns =
            |text: &str| RatingOptions { columns: Some(text.parse().unwrap()), ..RatingOptions::default() };
        let at = |layout: Layout| (layout.columns, layout.has_header);
        let found = layout_with("a;who;what;x\n9;1;2;3\n", &columns("user=who,title=what,rating=x")).unwrap();
        assert_eq!(at(found), ([1, 2, 3, usize::MAX], true));
        let found = layout_with("9,1,2,3\n", &columns("user=2,title=3,rating=4")).unwrap();
        assert_eq!(at(found), ([1, 2, 3, usize::MAX], false));
        let found = layout_with("a,b,c,d\n9,1,2,3\n", &columns("user=2,title=3,rating=4,time=1")).unwrap();
        assert_eq!(at(found), ([1, 2, 3, 0], true));
        let error = layout_with("a,b\n1,2\n", &columns("user=a,title=b,rating=c")).unwrap_err().to_string();
        assert!(error.contains("rating") && error.contains("\"a\", \"b\""), "{error}");
        let options = RatingOptions { separator: Some(Separator::Byte(b';')), ..RatingOptions::default() };
        assert!(layout_with("userId,movieId,rating\n1,2,3\n", &options).is_err());
        let options = RatingOptions { time_format: Some("%m/%d/%Y".to_owned()), ..RatingOptions::default() };
        let layout = layout_with("user,item,rating,date\n1,2,3,04/02/2005\n", &options).unwrap();
        assert_eq!(layout.time.parse(b"04/02/2005"), Ok(1_112_400_000));
    }
}
