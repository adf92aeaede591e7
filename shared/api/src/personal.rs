//! Access to the personal routes, which return data about a single user.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;

use crate::problem::Problem;

/// The environment variable with the [`PersonalRoutes`] of a function: `off`, `subject` or `open`; `off` if
/// it is not set.
pub const PERSONAL_ROUTES: &str = "PERSONAL_ROUTES";

/// Who may use the personal routes. These return data about a single user: their ratings, their
/// recommendations, and predictions for them. All other routes are open to every caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalRoutes {
    /// Nobody. User data is not read from the store.
    #[default]
    Off,
    /// Each user, for their own data only.
    Subject,
    /// Every caller of the API.
    Open,
}

/// The text is not `off`, `subject` or `open`.
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

/// The user making the request. It is a request extension, set only by code that gets it from a verified
/// source; a client cannot set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(pub String);

impl PersonalRoutes {
    /// Rejects the request unless the caller may see this user's data. The answer is the same whether or not
    /// the user exists.
    pub(crate) fn admit(self, user_id: &str, caller: Option<&Caller>) -> Result<(), Problem> {
        match (self, caller) {
            (Self::Open, _) => Ok(()),
            (Self::Off, _) => Err(off()),
            (Self::Subject, Some(Caller(caller))) if caller == user_id => Ok(()),
            (Self::Subject, Some(_)) => Err(Problem::not_found(
                "no such user, or not your own id; you can only request your own data",
            )),
            (Self::Subject, None) => Err(Problem::personal_routes(
                "you can only request your own data, and this request does not identify you; sign in, or send it \
                 through the service that identifies users",
            )),
        }
    }
}

/// The answer of every personal route when they are turned off.
pub(crate) fn off() -> Problem {
    Problem::personal_routes(
        "this service does not return data about users; its operator can change that with the personal routes \
         setting",
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
