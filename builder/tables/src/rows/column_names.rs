//! The names that columns of rating files have.

/// The names that columns of ratings usually have, without case, blanks, `_`, `-` and `.`; the first that
/// a file has is taken.
const USER_NAMES: &[&str] = &[
    "userid",
    "user",
    "customerid",
    "customer",
    "reviewerid",
    "reviewer",
    "memberid",
    "accountid",
    "profileid",
    "viewerid",
    "uid",
    "username",
];
const TITLE_NAMES: &[&str] = &[
    "movieid",
    "itemid",
    "titleid",
    "showid",
    "asin",
    "productid",
    "contentid",
    "videoid",
    "filmid",
    "animeid",
    "bookid",
    "isbn",
    "movie",
    "item",
    "parentasin",
    "iid",
];
const RATING_NAMES: &[&str] = &[
    "rating",
    "score",
    "stars",
    "overall",
    "eventvalue",
    "userrating",
    "bookrating",
    "ratingvalue",
    "ratingscore",
    "value",
];
const TIME_NAMES: &[&str] = &[
    "timestamp",
    "unixreviewtime",
    "time",
    "datetime",
    "ratedat",
    "createdat",
    "eventtime",
    "ratingtimestamp",
    "tstamp",
    "date",
    "reviewtime",
];
/// The names of user, title, rating and time.
pub(super) const NAMES: [&[&str]; 4] = [USER_NAMES, TITLE_NAMES, RATING_NAMES, TIME_NAMES];

/// Columns of catalogs; a header with several of them is not one of ratings.
pub(super) const CATALOG_NAMES: [&str; 8] =
    ["title", "type", "director", "cast", "duration", "listedin", "genres", "releaseyear"];
