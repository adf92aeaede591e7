use std::fmt::Write as _;
use std::time::Duration;

use store::Keep;

use super::stores::{StoreArg, block_on, now, open};
use crate::Context;

/// Delete old releases, artifacts that no remaining release uses, and unfinished uploads.
///
/// The release that is served, the one served before it (unless `--without-previous` is given), and
/// everything written within the grace period are never deleted. A release is deleted before its artifacts.
/// It is safe to run this while a release is being published.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    /// Number of newest releases to keep. The one served is kept even if it is older, and so is the one
    /// before it, unless --without-previous is given.
    #[arg(long, value_name = "N", default_value_t = 5)]
    keep: usize,

    /// Grace period: how long everything is kept after it was written, as a number followed by m, h or d; at
    /// least 1h.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration)]
    grace: Duration,

    /// Also delete the release served before the current one, once the current one has been served for the
    /// grace period. Then nothing is left to roll back to. For data that must be gone, as after
    /// `cartelera forget`.
    #[arg(long)]
    without_previous: bool,

    /// Show what would be deleted, without deleting it.
    #[arg(long)]
    dry_run: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let refuse = || format!("invalid duration {text:?}; use a whole number with a unit, such as 36h or 7d");
    let unit = text.chars().next_back().ok_or_else(refuse)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(refuse()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| refuse())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(refuse)
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let keep = Keep { releases: args.keep, previous: !args.without_previous, grace: args.grace };
    let collected = block_on(async {
        let store = open(&args.store.store).await?;
        Ok(store::gc(store.as_ref(), keep, now(), args.dry_run).await?)
    })?;
    let did = if args.dry_run { "would be deleted" } else { "deleted" };
    let mut text = String::new();
    for release in &collected.releases {
        let _ = writeln!(text, "release {release} {did}");
    }
    for artifact in &collected.artifacts {
        let _ = writeln!(text, "{} {did}, {} bytes", artifact.key, artifact.bytes);
    }
    let _ = writeln!(
        text,
        "{did}: {} releases, {} artifacts of {} bytes, {} unfinished uploads; {} releases kept",
        collected.releases.len(),
        collected.artifacts.len(),
        collected.bytes(),
        collected.uploads,
        collected.kept.len()
    );
    context.print(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_a_unit() {
        for (text, seconds) in [("90m", 5_400), ("36h", 129_600), ("7d", 604_800), ("0d", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for bad in ["", "d", "7", "7 d", "-1d", "1.5h", "7ñ", "99999999999999999999d", "999999999999999999d"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
