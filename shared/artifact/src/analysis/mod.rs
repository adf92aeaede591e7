use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::{Artifact, Digest, Invalid, Kind};

/// The style of the page, as it is between its tags.
pub const PAGE_STYLE: &str = concat!("\n", include_str!("page.css"));

/// The script of the page, as it is between its tags.
pub const PAGE_SCRIPT: &str = concat!("\n", include_str!("page.js"));

/// Returns the security policy of the page: no requests, and no style or script but [`PAGE_STYLE`] and
/// [`PAGE_SCRIPT`], which are named by their digests (Content Security Policy Level 3, section 8.4). The icon
/// is empty, since a browser would ask for one.
///
/// A server sends this policy, and not one from an artifact: what an artifact brings along is data, and no
/// code.
pub fn page_policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let source = |text: &str| {
            format!("'sha256-{}'", BASE64_STANDARD.encode(Digest::of(text.as_bytes()).as_bytes()))
        };
        format!(
            "default-src 'none'; img-src data:; style-src {}; script-src {}; connect-src 'none'; base-uri 'none'; \
             form-action 'none'",
            source(PAGE_STYLE),
            source(PAGE_SCRIPT)
        )
    });
    &POLICY
}

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

    /// Checks that the policy allows no style and no script but those of this program, or none at all.
    ///
    /// # Errors
    /// The policy is another one, so the page may have a style or a script of its own.
    pub fn check_policy(&self) -> Result<(), Invalid> {
        let is_known = self.policy == "default-src 'none'" || self.policy == page_policy();
        Invalid::unless(is_known, "policy", "not that of a page of this version; build the release again")
    }

    /// Returns the content security policy that the page was made for.
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
