//! The web pages: files that are compiled in and served unchanged.
//!
//! There is no build step, and the pages load nothing from other origins: `shared/api/site` holds plain HTML,
//! CSS and ES modules, which use the API of their own origin. They are not in the route table; [`PATHS`] is
//! what a gateway has to send here.

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::Digest;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::compression::compression;
use crate::conditional::{is_known, not_modified};
use crate::middleware::{head_as_get, problems_for_refusals};
use crate::problem::Problem;

/// The name of the function that serves the pages: that of its crate, its binary and its deployment.
pub const NAME: &str = "site";

/// The paths that belong to the pages, as the router and the gateway write them.
pub const PATHS: [&str; 2] = ["/", "/site/{*path}"];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! assets {
    ($($file:literal: $content_type:expr,)*) => {
        &[$(($file, $content_type, include_bytes!(concat!("../site/", $file)))),*]
    };
}

/// The files of `shared/api/site`: names, content types and bytes. The first is the page itself.
const ASSETS: &[(&str, &str, &[u8])] = assets! {
    "index.html": HTML,
    "style.css": CSS,
    "icon.svg": SVG,
    "star.svg": SVG,
    "api.js": MODULE,
    "app.js": MODULE,
    "charts.js": MODULE,
    "data.js": MODULE,
    "dom.js": MODULE,
    "filters.js": MODULE,
    "health.js": MODULE,
    "home.js": MODULE,
    "i18n.js": MODULE,
    "i18n.later.js": MODULE,
    "model.js": MODULE,
    "parts.js": MODULE,
    "queries.js": MODULE,
    "ratings.js": MODULE,
    "scale.js": MODULE,
    "search.js": MODULE,
    "title.js": MODULE,
    "user.js": MODULE,
};

/// Everything comes from the same origin, the markup contains no script or style, and no script turns text
/// into markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The headers of every answer. A browser asks again each time, and the `ETag` shows whether its copy is
/// current, so that modules of two versions never run together.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-cache"),
];

/// A file, ready to send.
#[derive(Debug, Clone)]
struct Asset {
    content_type: &'static str,
    etag: String,
    body: &'static [u8],
}

/// Returns the router of [`PATHS`], with a problem for every other path. It reads no store.
pub fn router() -> Router {
    let mut assets = ASSETS.iter().map(|&(name, content_type, body)| {
        (name, Asset { content_type, etag: format!("\"{}\"", Digest::of(body).short()), body })
    });
    let mut router = Router::new();
    if let Some((_, page)) = assets.next() {
        router = router.route(PATHS[0], get(move |headers: HeaderMap| async move { send(&page, &headers) }));
    }
    let assets: Arc<BTreeMap<&str, Asset>> = Arc::new(assets.collect());
    router
        .route(
            PATHS[1],
            get(move |Path(name): Path<String>, headers: HeaderMap| async move {
                match assets.get(name.as_str()) {
                    Some(asset) => send(asset, &headers),
                    None => Problem::no_route(&format!("/site/{name}"), &PATHS.join(", ")).into_response(),
                }
            }),
        )
        .fallback(|uri: Uri| async move { Problem::no_route(uri.path(), &PATHS.join(", ")) })
        .layer(middleware::map_response(with_headers))
        .layer(middleware::from_fn(problems_for_refusals))
        .layer(middleware::from_fn(compression))
        .layer(middleware::from_fn(head_as_get))
}

fn send(asset: &Asset, request: &HeaderMap) -> Response {
    let headers = [(header::CONTENT_TYPE, asset.content_type.to_owned()), (header::ETAG, asset.etag.clone())];
    let response = (headers, asset.body).into_response();
    if is_known(request, &asset.etag) { not_modified(response) } else { response }
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Read as _;

    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::StatusCode;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    /// Modules that are loaded when their page is opened.
    const LATER: [&str; 5] = ["charts.js", "data.js", "i18n.later.js", "model.js", "queries.js"];

    async fn ask(path: &str, known: Option<&str>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::builder().uri(path);
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    fn text(name: &str) -> &'static str {
        let (_, _, body) = ASSETS.iter().find(|(n, ..)| *n == name).unwrap();
        std::str::from_utf8(body).unwrap()
    }

    fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
        ASSETS.iter().filter(|(_, kind, _)| *kind == MODULE).map(|(name, ..)| (*name, text(name)))
    }

    #[tokio::test]
    async fn the_page_and_its_files_are_served_with_a_policy_and_a_tag() {
        for (name, content_type, body) in ASSETS {
            let path = if *name == "index.html" { "/".to_owned() } else { format!("/site/{name}") };
            let (status, headers, found) = ask(&path, None).await;
            assert_eq!((status, found.as_slice()), (StatusCode::OK, *body), "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], *content_type, "{path}");
            for (name, value) in HEADERS {
                assert_eq!(headers[&name], value, "{path}");
            }
            let etag = headers[header::ETAG].to_str().unwrap();
            for known in [etag.to_owned(), format!("\"other\", W/{etag}"), "*".to_owned()] {
                let (status, headers, found) = ask(&path, Some(&known)).await;
                assert_eq!((status, found.len()), (StatusCode::NOT_MODIFIED, 0), "{path} {known}");
                assert_eq!(headers[header::ETAG], etag, "{path}");
                assert_eq!(headers[header::CONTENT_SECURITY_POLICY], CONTENT_SECURITY_POLICY, "{path}");
            }
            assert_eq!(ask(&path, Some("\"other\"")).await.0, StatusCode::OK, "{path}");
        }
    }

    #[tokio::test]
    async fn files_are_compressed_for_those_who_take_it() {
        for (name, content_type, body) in ASSETS.iter().skip(1) {
            let request =
                Request::builder().uri(format!("/site/{name}")).header("accept-encoding", "br, gzip");
            let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let (parts, sent) = response.into_parts();
            assert_eq!(parts.headers[header::CONTENT_TYPE], *content_type, "{name}");
            assert_eq!(parts.headers[header::VARY], "accept-encoding", "{name}");
            let sent = sent.collect().await.unwrap().to_bytes();
            assert_eq!(parts.headers[header::CONTENT_LENGTH], sent.len().to_string(), "{name}");
            if body.len() <= 1000 {
                assert_eq!(sent, *body, "{name}");
                continue;
            }
            assert_eq!(parts.headers[header::CONTENT_ENCODING], "gzip", "{name}");
            assert!(sent.len() < body.len(), "{name}");
            let mut decoded = Vec::new();
            flate2::read::GzDecoder::new(&*sent).read_to_end(&mut decoded).unwrap();
            assert_eq!(decoded, *body, "{name}");
            let etag = parts.headers[header::ETAG].to_str().unwrap();
            assert!(etag.starts_with("W/"), "{name}: {etag}");
            assert_eq!(ask(&format!("/site/{name}"), Some(etag)).await.0, StatusCode::NOT_MODIFIED, "{name}");
        }
    }

    #[tokio::test]
    async fn an_unknown_path_is_a_problem() {
        for path in ["/nowhere", "/site", "/site/none.js", "/site/index.html", "/site/../Cargo.toml"] {
            let (status, headers, _) = ask(path, None).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
        }
        let post = Request::builder().method("POST").uri("/").body(Body::empty()).unwrap();
        let response = router().oneshot(post).await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn every_file_is_compiled_in_and_the_first_paint_takes_less_than_100_kb() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/site");
        let found: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed: BTreeSet<String> = ASSETS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(found, listed);
        let first: BTreeSet<&str> =
            ASSETS.iter().map(|(name, ..)| *name).filter(|name| !LATER.contains(name)).collect();
        let n_bytes: usize = first.iter().map(|name| text(name).len()).sum();
        assert!(n_bytes < 90_000, "{n_bytes} bytes, uncompressed; the first answers of the API come on top");

        // The first files import none of the later ones, and the page names them, so that no file waits for
        // another.
        for name in &first {
            for later in LATER.iter().chain(&["app.js"]) {
                assert!(!text(name).contains(&format!("from \"./{later}\"")), "{name} waits for {later}");
            }
            let named = text("index.html").contains(&format!("\"site/{name}\""));
            assert!(named || ["index.html", "star.svg"].contains(name), "the page does not name {name}");
        }
    }

    #[test]
    fn nothing_names_another_origin_and_the_markup_holds_no_script_or_style() {
        for (name, kind, _) in ASSETS {
            let text = text(name);
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for place in ["http:", "https:", "\"//", "'//", "@import", "eval(", "innerHTML", "document.write"]
            {
                assert!(!text.contains(place), "{name} names {place}");
            }
            if *kind == HTML {
                for inline in ["style=", "<style", "<script>", " on", "javascript:"] {
                    let on_attribute =
                        |rest: &str| rest.split('=').next().is_some_and(|n| !n.contains([' ', '>', '<']));
                    let inlined =
                        text.split(inline).skip(1).any(|rest| inline != " on" || on_attribute(rest));
                    assert!(!inlined, "{name} has {inline}");
                }
            }
        }
    }

    const DICTIONARIES: [&str; 2] = ["i18n.js", "i18n.later.js"];

    /// The keys of a dictionary: lines that begin with a quoted name and a colon.
    fn keys(dictionary: &str) -> Vec<&str> {
        let lines = dictionary.lines().filter_map(|line| line.trim_start().strip_prefix('"'));
        lines.filter_map(|line| line.split_once("\": ")).map(|(key, _)| key).collect()
    }

    /// The keys that a file asks for by name.
    fn used_keys(text: &str) -> impl Iterator<Item = &str> {
        let calls = ["t(\"", "tn(\"", "sentence(\"", "data-t=\"", "data-t-label=\""];
        let found = calls.into_iter().flat_map(move |call| text.match_indices(call));
        found.filter_map(move |(at, call)| {
            let longer = text[..at].ends_with(|c: char| c.is_alphanumeric());
            text[at + call.len()..].split('"').next().filter(|_| !longer)
        })
    }

    #[test]
    fn both_languages_have_the_same_words() {
        let (mut en, mut es) = (Vec::new(), Vec::new());
        for file in DICTIONARIES {
            let (of_en, of_es) = text(file).split_once("\n  es: {").unwrap();
            en.extend(keys(of_en));
            es.extend(keys(of_es));
        }
        assert!(en.len() > 100, "{} keys", en.len());
        assert_eq!(en, es, "the same keys in the same order");
        let known: BTreeSet<&str> = en.iter().copied().collect();
        assert_eq!(known.len(), en.len(), "no key is there twice");
        let plural = |key: &str| known.contains(format!("{key}.one").as_str());
        let mut used = BTreeSet::new();
        for (name, text) in modules().chain([("index.html", text("index.html"))]) {
            for key in used_keys(text) {
                assert!(known.contains(key) || plural(key), "{name} uses {key}, which no dictionary has");
                used.insert(key);
            }
        }
        assert!(used.len() > 80, "{} keys found", used.len());
        let all: String =
            modules().filter(|(name, _)| !DICTIONARIES.contains(name)).map(|(_, text)| text).collect();
        for key in known {
            let stem = key.trim_end_matches(".one").trim_end_matches(".other");
            let group = stem.rsplit_once('.').map_or(stem, |(group, _)| group);
            let found = text("index.html").contains(&format!("\"{stem}\""))
                || all.contains(&format!("\"{stem}\""))
                || all.contains(&format!("`{group}.$"))
                || all.contains(&format!("later(\"{group}\""));
            assert!(found, "no file uses {key}");
        }
    }

    #[test]
    fn what_is_shown_first_has_its_words_in_the_first_dictionary() {
        let first: BTreeSet<&str> = keys(text("i18n.js")).into_iter().collect();
        for (name, text) in modules().filter(|(name, _)| !LATER.contains(name)) {
            for key in used_keys(text) {
                let known = first.contains(key) || first.contains(format!("{key}.one").as_str());
                assert!(known, "{name} uses {key}, which is loaded later: move it to i18n.js");
            }
        }
    }

    #[test]
    fn spanish_questions_and_exclamations_open_as_they_close() {
        for file in DICTIONARIES {
            let (_, es) = text(file).split_once("\n  es: {").unwrap();
            let (es, _) = es.split_once("\n};").unwrap();
            for line in es.lines() {
                for (open, close) in [('¿', '?'), ('¡', '!'), ('«', '»')] {
                    assert_eq!(line.matches(open).count(), line.matches(close).count(), "{line}");
                }
            }
        }
    }
}
