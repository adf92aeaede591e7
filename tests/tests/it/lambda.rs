//! The route table compared with what the Lambda tools and the template have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use api::{ROUTES, site};
use cargo_metadata::MetadataCommand;

/// `cargo lambda watch` sends each route to the function that the route table names.
#[test]
fn the_local_router_is_the_route_table() {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let router = metadata.workspace_metadata["lambda"]["watch"]["router"].as_object().unwrap();
    let found: BTreeMap<&str, &str> =
        router.iter().map(|(path, function)| (path.as_str(), function.as_str().unwrap())).collect();
    let routes = ROUTES.iter().map(|route| (route.path, route.function));
    let expected: BTreeMap<&str, &str> = routes.chain(site::PATHS.map(|path| (path, site::NAME))).collect();
    assert_eq!(found, expected);

    let packages: Vec<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    for name in api::Function::ALL.map(api::Function::name).into_iter().chain([site::NAME]) {
        assert!(packages.contains(&name), "{name} has a crate");
    }
}

/// Returns a path as API Gateway writes it, with `{proxy+}` for the rest of a path.
fn gateway_path(path: &str) -> String {
    path.replace("{*path}", "{proxy+}")
}

/// Returns the name of a function in the template, where names are letters and digits: `get-actor` is
/// `GetActor`.
fn logical_name(function: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    function.split('-').map(capital).collect()
}

/// Returns the line of the template for a route, without the name of the resource.
fn route_line(method: &str, path: &str, function: &str) -> String {
    format!(
        "{{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref Api, RouteKey: \"{method} {}\", \
         Target: !Sub \"integrations/${{{}Integration}}\", \
         AuthorizationType: !FindInMap [AuthorizationOf, !Ref Access, Type], \
         AuthorizerId: !If [HasTokens, !Ref Authorizer, !Ref AWS::NoValue]}}}}",
        gateway_path(path),
        logical_name(function)
    )
}

/// The template has a line for each route of the route table, and no other. `tests/infra/check.py` checks
/// what becomes of the lines, and sends requests through them.
#[test]
fn the_template_has_the_route_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/template.yaml");
    let text = fs::read_to_string(file).unwrap();
    let found: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Route")?.split_once(": ").map(|(_, resource)| resource))
        .filter(|resource| resource.starts_with("{Type: AWS::ApiGatewayV2::Route,"))
        .collect();
    let n_routes = text.matches("AWS::ApiGatewayV2::Route,").count();
    assert_eq!(
        found.len(),
        n_routes,
        "each route is one line `  RouteNAME: {{Type: …}}`, and none is there twice"
    );
    let routes = ROUTES.iter().map(|r| (r.method.as_str(), r.path, r.function));
    let all = routes.chain(site::PATHS.map(|path| ("GET", path, site::NAME)));
    // HEAD is answered where GET is.
    let methods = |method| if method == "GET" { vec!["GET", "HEAD"] } else { vec![method] };
    let expected: BTreeSet<String> = all
        .flat_map(|(of, path, name)| methods(of).into_iter().map(move |m| route_line(m, path, name)))
        .collect();
    let missing: Vec<_> = expected.iter().filter(|line| !found.contains(line.as_str())).collect();
    assert!(missing.is_empty(), "add to infra/template.yaml, each with a name:\n{missing:#?}");
    let unknown: Vec<_> = found.iter().filter(|line| !expected.contains(**line)).collect();
    assert!(unknown.is_empty(), "infra/template.yaml has routes that no route table has:\n{unknown:#?}");
}
