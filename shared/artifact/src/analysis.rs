use serde::{Deserialize, Serialize};

use crate::{Artifact, Invalid, Kind};

/// What exploratory analysis found in the data of a release: as JSON, and drawn as a page.
///
/// The texts are served as they are, so what is checked here is that they are what their content types say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    json: String,
    policy: String,
    page: String,
}

impl Analysis {
    /// `json` is an object; `page` an HTML document that asks for nothing else, whose own style and script `policy`
    /// allows, as the value of the header `content-security-policy`.
    ///
    /// # Errors
    /// A text that is none of that.
    pub fn new(json: String, policy: String, page: String) -> Result<Self, Invalid> {
        let is_object = json.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok();
        Invalid::unless(is_object, "json", "no JSON object")?;
        let is_value = !policy.is_empty() && policy.bytes().all(|b| matches!(b, b' '..=b'~'));
        Invalid::unless(is_value, "policy", "not of visible ASCII characters")?;
        Invalid::unless(page.starts_with("<!DOCTYPE html>"), "page", "no HTML document")?;
        Ok(Self { json, policy, page })
    }

    /// The analysis as JSON.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// What the page may do.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The analysis to look at.
    pub fn page(&self) -> &str {
        &self.page
    }
}

/// The stored form. Rules: all are UTF-8, and what [`Analysis::new`] says.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredAnalysis<'a> {
    #[serde(borrow, with = "serde_bytes")]
    json: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    policy: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    page: &'a [u8],
}

impl Artifact for Analysis {
    const KIND: Kind = Kind::Eda;
    type Stored<'a> = StoredAnalysis<'a>;

    fn with_stored<R>(&self, write: impl FnOnce(&Self::Stored<'_>) -> R) -> R {
        write(&StoredAnalysis {
            json: self.json.as_bytes(),
            policy: self.policy.as_bytes(),
            page: self.page.as_bytes(),
        })
    }

    fn from_stored(s: Self::Stored<'_>) -> Result<Self, Invalid> {
        let text = |field, bytes: &[u8]| match str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(Invalid::new(field, error.to_string())),
        };
        Self::new(text("json", s.json)?, text("policy", s.policy)?, text("page", s.page)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_they_are_sent_as() {
        let page = "<!DOCTYPE html>\n<title>¿Qué?</title>";
        let make = |json: &str, policy: &str, page: &str| {
            Analysis::new(json.to_owned(), policy.to_owned(), page.to_owned())
        };
        let good = make("{\"a\": [1]}\n", "default-src 'none'", page).unwrap();
        assert_eq!(Analysis::from_bytes(&good.to_bytes().unwrap()), Ok(good));
        for (field, made) in [
            ("json", make("[1]", "a", page)),
            ("json", make("{\"a\": [1]", "a", page)),
            ("json", make("{} {}", "a", page)),
            ("policy", make("{}", "", page)),
            ("policy", make("{}", "a\r\nset-cookie: b", page)),
            ("policy", make("{}", "á", page)),
            ("page", make("{}", "a", "{}")),
        ] {
            assert_eq!(made.unwrap_err().field, field);
        }
    }
}
