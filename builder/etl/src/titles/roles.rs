//! What columns of catalogs hold, and what they are called.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Id,
    Kind,
    Title,
    Director,
    Cast,
    Country,
    Added,
    Year,
    Audience,
    Duration,
    Genres,
    Description,
    Seasons,
}

/// The folded names of the column of each role. Of several names in a header, the earliest in this list is
/// taken. No name is listed for two roles.
pub(crate) const ROLES: [(Role, &[&str]); 13] = [
    (
        Role::Id,
        &[
            "showid",
            "movieid",
            "titleid",
            "itemid",
            "filmid",
            "id",
            "tconst",
            "imdbtitleid",
            "imdbid",
            "asin",
            "tmdbid",
        ],
    ),
    (Role::Kind, &["type", "kind", "titletype", "contenttype", "mediatype", "showtype", "tipo"]),
    (
        Role::Title,
        &[
            "title",
            "primarytitle",
            "movietitle",
            "showtitle",
            "seriestitle",
            "name",
            "movie",
            "film",
            "originaltitle",
            "título",
            "titulo",
        ],
    ),
    (Role::Director, &["director", "directors", "directedby"]),
    (Role::Cast, &["cast", "actors", "starring", "stars", "castmembers"]),
    (Role::Country, &["country", "countries", "productioncountries", "countryoforigin", "origincountry"]),
    (Role::Added, &["dateadded", "added", "addedon", "addeddate"]),
    (
        Role::Year,
        &[
            "releaseyear",
            "year",
            "startyear",
            "releasedyear",
            "yearofrelease",
            "releasedate",
            "released",
            "datepublished",
        ],
    ),
    (
        Role::Audience,
        &[
            "agecertification",
            "agerating",
            "maturityrating",
            "contentrating",
            "certificate",
            "certification",
            "audience",
            "mpaarating",
            "age",
            "rated",
            "rating",
        ],
    ),
    (
        Role::Duration,
        &[
            "duration",
            "runtime",
            "runtimeminutes",
            "runtimemin",
            "runningtime",
            "durationmin",
            "durationminutes",
            "length",
        ],
    ),
    (Role::Genres, &["listedin", "genres", "genre", "categories", "category"]),
    (Role::Description, &["description", "overview", "plot", "summary", "synopsis"]),
    (Role::Seasons, &["seasons", "numberofseasons", "nseasons", "totalseasons", "seasoncount"]),
];

impl Role {
    /// Returns the name that the column has in the platforms' files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Id => "show_id",
            Self::Kind => "type",
            Self::Title => "title",
            Self::Director => "director",
            Self::Cast => "cast",
            Self::Country => "country",
            Self::Added => "date_added",
            Self::Year => "release_year",
            Self::Audience => "rating",
            Self::Duration => "duration",
            Self::Genres => "listed_in",
            Self::Description => "description",
            Self::Seasons => "seasons",
        }
    }
}

/// Reduces a name to its letters and digits in lower case, without the type that `RecBole` writes behind
/// it (`item_id:token`).
pub(crate) fn fold(name: &str) -> String {
    let name = name.split(':').next().unwrap_or(name);
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
