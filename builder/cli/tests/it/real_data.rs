//! Finds the real data, which is not part of the project.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Returns the folder `shared` next to the workspace. Without it, the test prints that it is skipped, or
/// fails if `CARTELERA_REQUIRE_SHARED` is set.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if path.join("data").is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CARTELERA_REQUIRE_SHARED").is_none(), "{} has no data", path.display());
    let _ = writeln!(std::io::stderr(), "skipped: {} has no data", path.display());
    None
}
