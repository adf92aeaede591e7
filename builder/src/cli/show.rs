use std::fmt::Write as _;

use artifact::Manifest;

use super::Context;
use crate::evaluate::{Report, Table};

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
    indent(&mut text, "on test ratings", &model.metrics);
    if let Some(ranking) = &manifest.ranking {
        let _ = writeln!(text, "  lists: {}, {} factors", ranking.algorithm, ranking.n_factors);
        let _ = writeln!(text, "  {}", ranking.verdict);
        indent(&mut text, "for test users, who are in no training", &ranking.metrics);
    }
    if let Some(signal) = &manifest.signal {
        let _ = writeln!(text, "  {}", signal.verdict);
    }
    text.push_str("  artifacts:\n");
    for entry in &manifest.artifacts {
        let _ = writeln!(text, "    {:<16} {:>12} bytes", entry.kind.name(), entry.bytes);
    }
    text
}

fn indent(text: &mut String, heading: &str, measures: &Table) {
    let _ = writeln!(text, "  {heading}:");
    for line in (Report { models: measures.clone(), ..Report::default() }).to_text().lines() {
        let _ = writeln!(text, "    {line}");
    }
}
