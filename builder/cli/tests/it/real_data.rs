//! Finds the real data, which is not part of the project.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Returns the folder `shared` next to the workspace. If it has no data, prints that the test is skipped and
/// returns `None`, or panics if `CARTELERA_REQUIRE_SHARED` is set.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if path.join("data").is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CARTELERA_REQUIRE_SHARED").is_none(), "{} has no data", path.display());
    let _ = writeln!(std::io::stderr(), "skipped: {} has no data", path.display());
    None
}
