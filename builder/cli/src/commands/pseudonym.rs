use std::path::{Path, PathBuf};

use anyhow::Context as _;
use artifact::PseudonymKey;

use super::signing;
use crate::Context;

/// Print the pseudonyms of user ids, one per line, in the order given.
///
/// `cartelera build --pseudonyms KEYFILE` stores pseudonyms instead of ids, so only a service with the
/// key can look up a user. A pseudonym is the first half of the HMAC-SHA-256 of the
/// id, in hexadecimal digits.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File with the key.
    #[arg(long, value_name = "KEYFILE")]
    key: PathBuf,

    /// User ids, as in the rating files.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let key = read_key(&args.key)?;
    for id in &args.ids {
        context.print(&key.pseudonym(id.trim()));
    }
    Ok(())
}

/// Reads the key of pseudonyms from a file.
pub(super) fn read_key(path: &Path) -> anyhow::Result<PseudonymKey> {
    let bytes = signing::read_key(path)?;
    PseudonymKey::new(&bytes).with_context(|| format!("{} is not a key", path.display()))
}
