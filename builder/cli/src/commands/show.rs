use std::fmt::Write as _;

use artifact::{HeldOut, Manifest, ModelName};
use evaluate::{Candidate, Origin};

use super::stores::{StoreArg, block_on, day_and_time, manifest_of, open};
use crate::Context;

/// Show what a release contains: data, model quality, file sizes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreArg,

    /// Release to describe [default: the one served].
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,

    /// Print the manifest as JSON.
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

/// Describes a release in words and tables.
pub(super) fn describe(release: &str, manifest: &Manifest) -> String {
    let mut text = format!("release {release}, built by cartelera {}", manifest.builder);
    if manifest.has_ratings() {
        add_models(&mut text, manifest);
    } else {
        let (titles, platforms) = (manifest.counts.titles, manifest.platforms.join(", "));
        let _ = writeln!(text, "\n  {titles} titles on {platforms}, no ratings");
        text.push_str("  no models: scores, predictions and recommendations have no answers\n");
    }
    text.push_str("  artifacts:\n");
    for entry in &manifest.artifacts {
        let _ = writeln!(text, "    {:<16} {:>12} bytes", entry.kind.name(), entry.bytes);
    }
    text
}

/// Adds what a release was trained on, and how good its models are.
fn add_models(text: &mut String, manifest: &Manifest) {
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
        "  rating model: {}, {} factors, seed {}; recommends titles from a score of {} up",
        model.algorithm, model.n_factors, manifest.seed, model.recommend_threshold
    );
    let _ = writeln!(text, "  {}", model.verdict);
    add_measures(text, "on random test ratings", manifest, HeldOut::Random);
    add_measures(text, "on each user's latest ratings", manifest, HeldOut::Chronological);
    if let Some(ranking) = &manifest.ranking {
        let _ = writeln!(text, "  ranking model: {}, {} factors", ranking.algorithm, ranking.n_factors);
        let _ = writeln!(text, "  {}", ranking.verdict);
        add_measures(text, "on test users, who were left out of training", manifest, HeldOut::Users);
    }
    if let Some(signal) = &manifest.signal {
        let _ = writeln!(text, "  {}", signal.verdict);
    }
}

/// Adds the measures on one kind of held-out data, if there are any.
fn add_measures(text: &mut String, heading: &str, manifest: &Manifest, held_out: HeldOut) {
    let measures = manifest.measures.iter().filter(|m| m.held_out == held_out);
    let mut rows = measures.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "  {heading}:");
    // A release does not record whether parameters that were not searched for were defaults or given.
    let name = |model, tuned| match model {
        ModelName::GlobalMean | ModelName::Popularity => {
            Candidate { model, parameters: Origin::Defaults }.to_string()
        }
        _ if tuned => Candidate { model, parameters: Origin::Tuned }.to_string(),
        _ => format!("{model}, not tuned"),
    };
    for line in evaluate::table(rows.map(|m| (name(m.model, m.tuned), &m.measures))).lines() {
        let _ = writeln!(text, "    {line}");
    }
}
