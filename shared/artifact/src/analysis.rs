use serde::{Deserialize, Serialize};

use crate::{Artifact, Invalid, Kind};

/// The report of the exploratory analysis of a release's data, as JSON and as a page.
///
/// Both are served as they are, so all that is checked here is that they match their content types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    json: String,
    policy: String,
    page: String,
}

impl Analysis {
    /// Takes a JSON object, an HTML document that loads nothing else, and the value of the header
    /// `content-security-policy`, which allows the page's own style and script.
    ///
    /// # Errors
    /// A text of another form.
    pub fn new(json: String, policy: String, page: String) -> Result<Self, Invalid> {
        let is_object = json.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok();
        Invalid::unless(is_object, "json", "not a JSON object")?;
        let is_value = !policy.is_empty() && policy.bytes().all(|b| matches!(b, b' '..=b'~'));
        Invalid::unless(is_value, "policy", "not visible ASCII characters")?;
        Invalid::unless(page.starts_with("<!DOCTYPE html>"), "page", "not an HTML document")?;
        Ok(Self { json, policy, page })
    }

    /// Returns the report as JSON.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Returns the content security policy of the page.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Returns the report as an HTML page.
    pub fn page(&self) -> &str {
        &self.page
    }
}

/// The stored form. Rules: all texts are UTF-8, and have the form that [`Analysis::new`] wants.
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
    fn texts_of_another_form_are_refused() {
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
