use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{IdError, TitleId};

/// The longest platform name, in bytes.
const MAX_NAME_BYTES: usize = 32;

/// The longest id prefix, in bytes. An id has at most 256 bytes, so this leaves room for the platform's own
/// id.
const MAX_PREFIX_BYTES: usize = 8;

/// Why platforms cannot have these names or id prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlatformError {
    /// The name has a form that no platform may have.
    #[error(
        "{0:?} is not a platform name; use 1 to {MAX_NAME_BYTES} letters (a to z), digits, `_` and `-`, starting with a letter"
    )]
    Name(String),
    /// The id prefix has a form that no prefix may have.
    #[error(
        "{prefix:?} cannot be the id prefix of {name}; use 1 to {MAX_PREFIX_BYTES} letters (a to z) and digits, starting with a letter"
    )]
    Prefix {
        /// The platform.
        name: String,
        /// The prefix it was given.
        prefix: String,
    },
    /// Two platforms have the same id prefix.
    #[error(
        "{name} and {taken} both have the id prefix {prefix:?}, so their titles could have the same ids; give one of them another prefix with `--titles {name}:PREFIX=FILE`"
    )]
    PrefixTaken {
        /// The platform that came second.
        name: String,
        /// The platform that came first.
        taken: String,
        /// The prefix of both.
        prefix: String,
    },
    /// One platform is given two id prefixes.
    #[error(
        "{name} is given two id prefixes, {first:?} and {second:?}; use one of them for all of its files"
    )]
    TwoPrefixes {
        /// The platform.
        name: String,
        /// The prefix that came first.
        first: String,
        /// The prefix that came second.
        second: String,
    },
    /// The id of one platform's title starts with the longer prefix of another platform.
    #[error(
        "the id {id} of a title of {name} starts with {prefix:?}, the id prefix of {other}; give {other} another prefix with `--titles {other}:PREFIX=FILE`"
    )]
    AmbiguousId {
        /// The id.
        id: TitleId,
        /// The platform of the title.
        name: String,
        /// The platform whose prefix the id starts with.
        other: String,
        /// That prefix.
        prefix: String,
    },
}

/// A streaming platform: its name, and the prefix of its titles' ids.
///
/// The text form is `NAME` or `NAME:PREFIX`. The default prefix is the first letter of the name, which is
/// enough until two platforms share it: `hulu` has `h`, and `hbo:hb` has `hb`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Platform {
    name: Box<str>,
    prefix: Box<str>,
}

impl Platform {
    /// Takes a name in any case, and its first letter as the id prefix.
    ///
    /// # Errors
    /// [`PlatformError::Name`].
    pub fn new(name: &str) -> Result<Self, PlatformError> {
        let lower = name.trim().to_lowercase();
        let is_name = lower.len() <= MAX_NAME_BYTES
            && lower.starts_with(|c: char| c.is_ascii_lowercase())
            && lower.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
        if !is_name {
            return Err(PlatformError::Name(name.to_owned()));
        }
        let prefix = lower[..1].into();
        Ok(Self { name: lower.into(), prefix })
    }

    /// Takes a name and an id prefix in any case.
    ///
    /// # Errors
    /// [`PlatformError::Name`], [`PlatformError::Prefix`].
    pub fn with_prefix(name: &str, prefix: &str) -> Result<Self, PlatformError> {
        let platform = Self::new(name)?;
        let lower = prefix.trim().to_lowercase();
        let is_prefix = lower.len() <= MAX_PREFIX_BYTES
            && lower.starts_with(|c: char| c.is_ascii_lowercase())
            && lower.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if is_prefix {
            Ok(Self { prefix: lower.into(), ..platform })
        } else {
            Err(PlatformError::Prefix { name: platform.name.into(), prefix: prefix.to_owned() })
        }
    }

    /// Returns the name, in lowercase.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Returns the text form: the name, with the prefix if that is not the default.
    pub fn text(&self) -> String {
        if self.prefix[..] == self.name[..1] {
            self.name.to_string()
        } else {
            format!("{}:{}", self.name, self.prefix)
        }
    }

    /// Returns the prefix of its titles' ids.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the id of a title: the prefix, and the platform's own id behind it.
    ///
    /// # Errors
    /// Text that cannot be part of an id; see [`IdError`].
    pub fn title_id(&self, show_id: &str) -> Result<TitleId, IdError> {
        TitleId::new(&format!("{}{show_id}", self.prefix))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Platform {
    type Err = PlatformError;
    /// Reads `NAME` or `NAME:PREFIX`.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        match text.split_once(':') {
            Some((name, prefix)) => Self::with_prefix(name, prefix),
            None => Self::new(text),
        }
    }
}

/// The id prefixes of the platforms whose catalogs are read together. They keep the ids of different
/// platforms apart, whatever the platforms' own ids look like.
///
/// Ids of two platforms can be equal only if one prefix starts with the other. So two rules are enough:
///
/// - No two platforms have the same prefix. [`IdPrefixes::new`] checks that before anything is read.
/// - Where one prefix starts with another, as `hb` of HBO starts with `h` of Hulu, no title of the platform
///   with the shorter one has an id that starts with the longer one. [`IdPrefixes::check`] looks at each id.
///   Own ids such as `s12` pass (`hs12` and `hbs12`); with the prefixes `h` and `hs`, every title of the
///   first platform is refused.
#[derive(Debug, Clone, Default)]
pub struct IdPrefixes(Vec<Platform>);

impl IdPrefixes {
    /// Collects the platforms; one may occur several times.
    ///
    /// # Errors
    /// [`PlatformError::PrefixTaken`], [`PlatformError::TwoPrefixes`].
    pub fn new<'a>(platforms: impl IntoIterator<Item = &'a Platform>) -> Result<Self, PlatformError> {
        let mut found: Vec<Platform> = Vec::new();
        for platform in platforms {
            let clash = found.iter().find(|p| p.name == platform.name || p.prefix == platform.prefix);
            match clash {
                None => found.push(platform.clone()),
                Some(same) if same == platform => {}
                Some(other) if other.name == platform.name => {
                    return Err(PlatformError::TwoPrefixes {
                        name: platform.to_string(),
                        first: other.prefix.to_string(),
                        second: platform.prefix.to_string(),
                    });
                }
                Some(other) => {
                    return Err(PlatformError::PrefixTaken {
                        name: platform.to_string(),
                        taken: other.to_string(),
                        prefix: platform.prefix.to_string(),
                    });
                }
            }
        }
        Ok(Self(found))
    }

    /// Checks that the id of a title of `platform` cannot be an id of another platform.
    ///
    /// # Errors
    /// [`PlatformError::AmbiguousId`].
    pub fn check(&self, platform: &Platform, id: &TitleId) -> Result<(), PlatformError> {
        let takes_it = |other: &&Platform| {
            other.prefix.len() > platform.prefix.len()
                && other.prefix.starts_with(&*platform.prefix)
                && id.as_str().starts_with(&*other.prefix)
        };
        match self.0.iter().find(takes_it) {
            None => Ok(()),
            Some(other) => Err(PlatformError::AmbiguousId {
                id: id.clone(),
                name: platform.to_string(),
                other: other.to_string(),
                prefix: other.prefix.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_fold_case_and_start_with_a_letter() {
        let netflix = Platform::new(" Netflix ").unwrap();
        assert_eq!((netflix.as_str(), netflix.prefix()), ("netflix", "n"));
        for bad in ["", "7tv", "a b", "ñ", "a:b", &"x".repeat(33)] {
            assert!(matches!(Platform::new(bad), Err(PlatformError::Name(_))), "{bad}");
        }
    }

    #[test]
    fn a_text_names_a_platform_and_perhaps_its_prefix() {
        let parse = |text: &str| text.parse::<Platform>();
        assert_eq!(parse("hulu"), Platform::new("hulu"));
        assert_eq!(parse("hulu:h"), Platform::new("hulu"));
        let hbo = parse("HBO:Hb").unwrap();
        assert_eq!((hbo.as_str(), hbo.prefix(), hbo.to_string().as_str()), ("hbo", "hb", "hbo"));
        assert_eq!(hbo.title_id("s12"), TitleId::new("hbs12"));
        assert!(hbo.title_id("s\n12").is_err());
        for bad in ["hbo:", "hbo:7", "hbo:h b", "hbo:h-b", "hbo:a:b", &format!("hbo:{}", "x".repeat(9))] {
            assert!(matches!(parse(bad), Err(PlatformError::Prefix { .. })), "{bad}");
        }
        assert!(matches!(parse(":hb"), Err(PlatformError::Name(_))));
    }

    #[test]
    fn a_text_is_read_back_as_the_same_platform() {
        for text in ["hulu", "hbo:hb", "hbo:h2"] {
            let platform: Platform = text.parse().unwrap();
            assert_eq!((platform.text().as_str(), platform.text().parse()), (text, Ok(platform)));
        }
        assert_eq!("hulu:h".parse::<Platform>().unwrap().text(), "hulu");
    }

    fn platforms(texts: &[&str]) -> Vec<Platform> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn prefixes_that_clash_are_refused_with_the_remedy() {
        let error = IdPrefixes::new(&platforms(&["hulu", "netflix", "hbo"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "hbo and hulu both have the id prefix \"h\", so their titles could have the same ids; give one of them \
             another prefix with `--titles hbo:PREFIX=FILE`"
        );
        let error = IdPrefixes::new(&platforms(&["hbo:hb", "hulu", "hbo"])).unwrap_err();
        assert!(matches!(error, PlatformError::TwoPrefixes { .. }), "{error}");
        // Several files of one platform.
        assert!(IdPrefixes::new(&platforms(&["hbo:hb", "hulu", "hbo:hb"])).is_ok());
    }

    #[test]
    fn an_id_that_could_be_of_another_platform_is_refused_with_the_remedy() {
        let [hulu, hbo, other] = platforms(&["hulu", "hbo:hb", "hs:hs"]).try_into().unwrap();
        let prefixes = IdPrefixes::new([&hulu, &hbo]).unwrap();
        for (platform, show_id) in [(&hulu, "s12"), (&hbo, "s12"), (&hbo, "bs12"), (&hulu, "12")] {
            assert_eq!(prefixes.check(platform, &platform.title_id(show_id).unwrap()), Ok(()), "{show_id}");
        }
        let error = prefixes.check(&hulu, &hulu.title_id("bs12").unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the id hbs12 of a title of hulu starts with \"hb\", the id prefix of hbo; give hbo another prefix with \
             `--titles hbo:PREFIX=FILE`"
        );
        let prefixes = IdPrefixes::new([&hulu, &other]).unwrap();
        assert!(prefixes.check(&hulu, &hulu.title_id("s12").unwrap()).is_err());
        // Ids of MovieLens files are numbers, without a prefix.
        let movielens = Platform::new("movielens").unwrap();
        assert_eq!(prefixes.check(&movielens, &TitleId::new("12").unwrap()), Ok(()));
    }

    proptest! {
        #[test]
        fn no_id_passes_for_two_platforms(
            prefixes in proptest::collection::btree_set("[ab]{1,3}", 1..5),
            shows in proptest::collection::vec("[ab]{0,4}", 1..6),
        ) {
            let made = prefixes.iter().enumerate().map(|(i, p)| Platform::with_prefix(&format!("p{i}"), p));
            let platforms: Vec<Platform> = made.map(Result::unwrap).collect();
            let prefixes = IdPrefixes::new(&platforms).unwrap();
            let mut owners = std::collections::BTreeMap::new();
            for platform in &platforms {
                for show in &shows {
                    let id = platform.title_id(show).unwrap();
                    if prefixes.check(platform, &id).is_ok() {
                        let owner = owners.entry(id.to_string()).or_insert(platform);
                        prop_assert_eq!(*owner, platform, "{}", id);
                    }
                }
            }
        }
    }
}
