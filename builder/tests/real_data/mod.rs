//! Where the real data lies, which is not part of the project.

use std::path::{Path, PathBuf};

/// `../shared` beside the workspace; `None`, with a line that says so, where it is absent.
///
/// # Panics
/// Where it is absent and `CARTELERA_REQUIRE_SHARED` is set.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CARTELERA_REQUIRE_SHARED").is_none(), "{} is absent", path.display());
    eprintln!("skipped: {} is absent", path.display());
    None
}
