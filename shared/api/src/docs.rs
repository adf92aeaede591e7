//! `GET /docs`: a page to try every route, with its script and its style.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::route::{self, Answer, Input, Kept, Method, Operation};

pub(crate) const OPERATIONS: [Operation; 3] = [PAGE, SCRIPT, STYLE];

const PAGE: Operation = Operation {
    id: "Docs",
    method: Method::Get,
    path: "/docs",
    summary: "A page to try every route.",
    input: Input::Nothing,
    answer: Answer::Text("text/html"),
    kept: Kept::Anywhere,
    is_personal: false,
    problems: &[],
};

const SCRIPT: Operation = Operation {
    id: "DocsScript",
    path: "/docs/docs.js",
    summary: "The page's script.",
    answer: Answer::Text("text/javascript"),
    ..PAGE
};

const STYLE: Operation = Operation {
    id: "DocsStyle",
    path: "/docs/docs.css",
    summary: "The page's style.",
    answer: Answer::Text("text/css"),
    ..PAGE
};

/// The page may load what comes from its own origin, and nothing else. Its icon is empty, because a browser
/// would ask for one.
const POLICY: &str = "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'";

/// Returns the router of the page.
pub(crate) fn router() -> Router {
    let handled = [PAGE.handled_by(page), SCRIPT.handled_by(script), STYLE.handled_by(style)];
    route::router(&OPERATIONS, handled, &())
}

async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("page/docs.html"))
}

async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page/docs.js"))
}

async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page/docs.css"))
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}
