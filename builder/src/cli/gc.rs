use std::fmt::Write as _;
use std::time::Duration;

use store::Keep;

use super::Context;
use super::stores::{StoreArg, block_on, now, open};

/// Remove releases that nobody will ask for again, and the artifacts that only they name.
///
/// Never removed are the release that is served, the one served before it, and whatever was written within the grace
/// period. A release goes before its artifacts. It may run while somebody publishes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    /// Releases to keep, those written last, beside the one served and the one before it.
    #[arg(long, value_name = "N", default_value_t = 5)]
    keep: usize,

    /// Keep what was written since so long ago: a number with m, h or d, at least 1h.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration)]
    grace: Duration,

    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let refuse = || format!("{text:?} is no time; write a number with m, h or d, such as 36h");
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
    let keep = Keep { releases: args.keep, grace: args.grace };
    let collected = block_on(async {
        let store = open(&args.store.store).await?;
        Ok(store::gc(store.as_ref(), keep, now(), args.dry_run).await?)
    })?;
    let did = if args.dry_run { "would be removed" } else { "removed" };
    let mut text = String::new();
    for release in &collected.releases {
        let _ = writeln!(text, "release {release} {did}");
    }
    for artifact in &collected.artifacts {
        let _ = writeln!(text, "{} {did}, {} bytes", artifact.key, artifact.bytes);
    }
    let _ = writeln!(
        text,
        "{did}: {} releases, {} artifacts of {} bytes, {} unfinished uploads; {} releases stay",
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
    fn times_are_numbers_with_a_unit() {
        for (text, seconds) in [("90m", 5_400), ("36h", 129_600), ("7d", 604_800), ("0d", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for bad in ["", "d", "7", "7 d", "-1d", "1.5h", "7ñ", "99999999999999999999d", "999999999999999999d"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
