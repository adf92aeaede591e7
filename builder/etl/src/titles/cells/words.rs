//! Words for nothing and words for kinds.

use catalog::Kind;

/// Words that files write for a missing value, in lowercase.
const NOTHING: [&str; 22] = [
    "nan",
    "-nan",
    "null",
    "none",
    "n/a",
    "#n/a",
    "n.a.",
    "na",
    "<na>",
    "\\n",
    "nat",
    "nil",
    "undefined",
    "not given",
    "not specified",
    "not applicable",
    "unknown",
    "?",
    "-",
    "--",
    "---",
    "—",
];

/// Returns whether a clean cell is a word for nothing. An empty cell is not a word.
pub(crate) fn is_nothing(clean: &str) -> bool {
    NOTHING.iter().any(|word| word.eq_ignore_ascii_case(clean))
}

/// Returns whether a word for nothing could also be what a person is called: it is written like a name.
pub(crate) fn is_like_a_name(clean: &str) -> bool {
    matches!(clean, "None" | "Unknown")
}

const FILMS: [&str; 25] = [
    "movie",
    "movies",
    "film",
    "films",
    "feature",
    "featurefilm",
    "tvmovie",
    "tvfilm",
    "telefilm",
    "short",
    "tvshort",
    "shortfilm",
    "documentary",
    "special",
    "tvspecial",
    "standup",
    "concert",
    "video",
    "película",
    "pelicula",
    "películas",
    "peliculas",
    "filme",
    "cortometraje",
    "documental",
];
const SERIES: [&str; 27] = [
    "series",
    "serie",
    "serial",
    "show",
    "shows",
    "tv",
    "tvshow",
    "tvshows",
    "tvserie",
    "tvseries",
    "webseries",
    "miniseries",
    "miniserie",
    "tvminiseries",
    "tvmini",
    "limitedseries",
    "docuseries",
    "realityshow",
    "season",
    "seasons",
    "série",
    "séries",
    "seriado",
    "programa",
    "programatv",
    "programadetv",
    "seriedetv",
];

/// Parses a kind in any of the forms that catalogs have. Case, spaces and signs do not count.
pub(crate) fn parse_kind(clean: &str) -> Option<Kind> {
    let word: String = clean.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if FILMS.contains(&word.as_str()) {
        Some(Kind::Movie)
    } else {
        SERIES.contains(&word.as_str()).then_some(Kind::Series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing_are_whole_cells() {
        for word in
            ["nan", "NaN", "NULL", "None", "N/A", "n/a", "\\N", "Not Given", "-", "--", "unknown", "<NA>"]
        {
            assert!(is_nothing(word), "{word}");
        }
        for text in ["", "g", "Nan Goldin", "None of us", "Nana", "NR", "- 1"] {
            assert!(!is_nothing(text), "{text}");
        }
        assert!(is_like_a_name("None") && !is_like_a_name("none") && !is_like_a_name("NaN"));
    }

    #[test]
    fn kinds_have_many_words() {
        for word in ["MOVIE", "Movie", "film", "Película", "TV Movie", "tvMovie", "Feature Film", "short"] {
            assert_eq!(parse_kind(word), Some(Kind::Movie), "{word}");
        }
        for word in
            ["SHOW", "TV Show", "TV Series", "tv-series", "series", "Serie", "tvMiniSeries", "Web Series"]
        {
            assert_eq!(parse_kind(word), Some(Kind::Series), "{word}");
        }
        for word in ["", "Radio", "Game", "-", "movie or show"] {
            assert_eq!(parse_kind(word), None, "{word}");
        }
    }
}
