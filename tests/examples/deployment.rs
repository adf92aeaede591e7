//! Prints what a deployment has to provide, as JSON: each function with the kinds of artifacts it may read,
//! and each route with its function. HEAD is answered where GET is, but API Gateway asks for a route of its
//! own for each method. `infra/generate.py` writes parts of the template from this, and
//! `tests/infra/check.py` checks the template against it.

use std::io::{self, Write};

use api::{Function, ROUTES, site};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut functions: serde_json::Map<String, Value> = Function::ALL
        .into_iter()
        .map(|f| {
            let kinds: Vec<&str> = f.kinds().iter().chain(f.optional_kinds()).map(|k| k.name()).collect();
            (f.name().to_owned(), json!({ "kinds": kinds }))
        })
        .collect();
    functions.insert(site::NAME.to_owned(), json!({ "kinds": [] }));
    let routes = ROUTES.iter().map(|r| (r.method.as_str(), r.path, r.function));
    let routes: Vec<Value> = routes
        .chain(site::PATHS.map(|path| ("GET", path, site::NAME)))
        .flat_map(|(method, path, function)| {
            let head = (method == "GET").then_some(("HEAD", path, function));
            [(method, path, function)].into_iter().chain(head)
        })
        .map(|(method, path, function)| json!({ "method": method, "path": path, "function": function }))
        .collect();
    writeln!(io::stdout(), "{}", json!({ "functions": functions, "routes": routes }))
}
