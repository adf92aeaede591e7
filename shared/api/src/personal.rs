//! Who may ask about a user whom a request names by id.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;

use crate::problem::Problem;

/// The environment variable with the [`PersonalRoutes`] of a function: `off`, `subject` or `open`; `off` if
/// it is not set.
pub const PERSONAL_ROUTES: &str = "PERSONAL_ROUTES";

/// Who may ask about a user whom a request names by id: what they have rated, what is recommended to them,
/// and what they would think of a title. Every other route is open to all callers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalRoutes {
    /// Nobody. Nothing about users is read from the store.
    #[default]
    Off,
    /// The user, about themselves.
    Subject,
    /// Anybody who may call the API.
    Open,
}

/// A text that is none of `off`, `subject` and `open`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not `off`, `subject` or `open`")]
pub struct InvalidPersonalRoutes(String);

impl FromStr for PersonalRoutes {
    type Err = InvalidPersonalRoutes;

    fn from_str(text: &str) -> Result<Self, InvalidPersonalRoutes> {
        match text.trim() {
            "off" => Ok(Self::Off),
            "subject" => Ok(Self::Subject),
            "open" => Ok(Self::Open),
            _ => Err(InvalidPersonalRoutes(text.to_owned())),
        }
    }
}

/// The user who calls, as an extension of the request: set by what has verified it, and by nothing that a
/// caller can send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(pub String);

impl PersonalRoutes {
    /// Refuses a question about a user if the caller may not ask it. What is refused does not depend on
    /// whether there is such a user.
    pub(crate) fn admit(self, user_id: &str, caller: Option<&Caller>) -> Result<(), Problem> {
        match (self, caller) {
            (Self::Open, _) => Ok(()),
            (Self::Off, _) => Err(off()),
            (Self::Subject, Some(Caller(caller))) if caller == user_id => Ok(()),
            (Self::Subject, Some(_)) => Err(Problem::not_found(
                "there is no such user, or it is not you; callers may ask about themselves only",
            )),
            (Self::Subject, None) => Err(Problem::personal_routes(
                "callers may ask about themselves only, and the request does not say who calls; send it through \
                 what verifies callers",
            )),
        }
    }
}

/// The answer for every personal route while they are off.
pub(crate) fn off() -> Problem {
    Problem::personal_routes(
        "this service does not answer requests about users; whoever runs it can change that with the setting \
         for personal routes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_words_are_taken() {
        for (text, expected) in [
            ("off", PersonalRoutes::Off),
            (" subject\n", PersonalRoutes::Subject),
            ("open", PersonalRoutes::Open),
        ] {
            assert_eq!(text.parse(), Ok(expected));
        }
        for text in ["", "Open", "on", "true"] {
            let error = text.parse::<PersonalRoutes>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn a_subject_asks_about_themselves_only() {
        let (alice, bob) = (Caller("alice".to_owned()), Caller("bob".to_owned()));
        let admit = |personal: PersonalRoutes, caller| personal.admit("alice", caller).is_ok();
        for caller in [None, Some(&alice), Some(&bob)] {
            assert!(admit(PersonalRoutes::Open, caller));
            assert!(!admit(PersonalRoutes::Off, caller));
            assert_eq!(admit(PersonalRoutes::Subject, caller), caller == Some(&alice));
        }
        for near in ["Alice", "alice ", "alic", ""] {
            assert!(PersonalRoutes::Subject.admit(near, Some(&alice)).is_err(), "{near:?}");
        }
    }
}
