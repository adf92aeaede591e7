//! What the Lambda tools are told of the functions.

use std::collections::BTreeMap;

use api::{ROUTES, site};
use cargo_metadata::MetadataCommand;

/// `cargo lambda watch` sends each route to the function that the one route table names.
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
    let routes = ROUTES.iter().map(|r| (r.path, r.function.name()));
    let expected: BTreeMap<&str, &str> = routes.chain(site::PATHS.map(|path| (path, site::NAME))).collect();
    assert_eq!(found, expected);

    let packages: Vec<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    for name in api::Function::ALL.map(api::Function::name).into_iter().chain([site::NAME]) {
        assert!(packages.contains(&name), "{name} has a crate");
    }
}
