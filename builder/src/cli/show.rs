use std::fmt::Write as _;

use artifact::Manifest;

use super::Context;
use super::stores::{StoreArg, block_on, day_and_time, manifest_of, open};

/// Describe a release: what it was made from, what its model is worth, what it weighs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    /// Release to describe [default: the one served].
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,

    /// Print the manifest itself.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let (release, manifest) = block_on(async {
        let store = open(&args.store.store).await?;
        manifest_of(store.as_ref(), args.release.as_deref()).await
    })?;
    if args.json {
        context.print(&String::from_utf8_lossy(&manifest.to_bytes()));
    } else {
        context.print(&describe(&release, &manifest));
    }
    Ok(())
}

/// A release in words and tables.
pub(super) fn describe(release: &str, manifest: &Manifest) -> String {
    let mut text = format!("release {release}, built by cartelera {}", manifest.builder);
    let counts = &manifest.counts;
    let _ = writeln!(
        text,
        "\n  {} titles on {} ({} rated), {} users, {} ratings until {}",
        counts.titles,
        manifest.platforms.join(", "),
        counts.rated_titles,
        counts.users,
        counts.ratings,
        day_and_time(manifest.data_until.into())
    );
    let model = &manifest.model;
    let _ = writeln!(
        text,
        "  model: {}, {} factors, seed {}; recommended from {}",
        model.algorithm, model.n_factors, manifest.seed, model.recommend_threshold
    );
    let _ = writeln!(text, "  {}", model.verdict);
    text.push_str("  on test ratings:\n");
    text.push_str(&measures(manifest));
    text.push_str("  artifacts:\n");
    for entry in &manifest.artifacts {
        let _ = writeln!(text, "    {:<16} {:>12} bytes", entry.kind.name(), entry.bytes);
    }
    text
}

fn measures(manifest: &Manifest) -> String {
    const COLUMNS: [&str; 6] = ["rmse", "mae", "recall@10", "ndcg@10", "ndcg@100", "coverage@10"];
    let metrics = &manifest.model.metrics;
    let width = metrics.keys().map(String::len).max().unwrap_or(0);
    let mut text = format!("    {:<width$}", "");
    for column in COLUMNS {
        let _ = write!(text, "  {column:>11}");
    }
    text.push('\n');
    for (name, measures) in metrics {
        let _ = write!(text, "    {name:<width$}");
        for column in COLUMNS {
            let value = measures.get(column).map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
            let _ = write!(text, "  {value:>11}");
        }
        text.push('\n');
    }
    text
}
