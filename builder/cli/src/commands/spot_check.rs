use std::fmt::Write as _;

use catalog::Interactions;
use evaluate::first_titles;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use train::{Run, TrainingData};

use super::data::{HoldOut, Ratings, Source};
use super::params::{ParamArgs, positive};
use crate::Context;

/// Show what random users rated, what was predicted, and what they would be recommended.
///
/// Trains on everything except the test part, and shows users who have test ratings. The same options show
/// the same users.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    params: ParamArgs,

    #[command(flatten)]
    hold_out: HoldOut,

    /// Number of users.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = positive::<usize>)]
    users: usize,

    /// Number of test ratings to show per user.
    #[arg(long, value_name = "N", default_value_t = 5)]
    ratings: usize,
}

const N_RECOMMENDED: usize = 5;

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let Args { source, params, hold_out, users: n_users, ratings: n_ratings } = args;
    let Ratings { file, features } = source.read(context)?;
    let cut = hold_out.cut(&file)?;
    let train = file.rows.select(&cut.train_and_validation());
    let test = file.rows.select(&cut.test);
    anyhow::ensure!(!test.is_empty(), "no ratings are held out for test; use a larger share for --test");
    let params = params.read()?.unwrap_or_default();
    let settled = params.clone().settled(params.n_epochs());
    let (model, _) =
        train::fit(&settled, &TrainingData::new(&train, &features), &Run::new(hold_out.seed, context))?;

    let mut users = test.user_idx.clone();
    users.sort_unstable();
    users.dedup();
    users.shuffle(&mut ChaCha8Rng::seed_from_u64(hold_out.seed));
    let mut text = String::new();
    for &user in users.iter().take(n_users) {
        let rows_of = |rows: &Interactions| -> Vec<usize> {
            (0..rows.len()).filter(|&row| rows.user_idx[row] == user).collect()
        };
        let (known, tested) = (rows_of(&train), rows_of(&test));
        let _ = writeln!(
            text,
            "user {}: {} training ratings, {} held out",
            file.users[user as usize],
            known.len(),
            tested.len()
        );
        let _ = writeln!(text, "  rated  predicted  title");
        for &row in tested.iter().take(n_ratings) {
            let title = test.title_idx[row] as usize;
            let predicted = model.predict(user as usize, title);
            let _ = writeln!(text, "  {:>5.1}  {predicted:>9.2}  {}", test.rating[row], file.titles[title]);
        }
        let mut known: Vec<u32> = known.iter().map(|&row| train.title_idx[row]).collect();
        known.sort_unstable();
        let first: Vec<String> = first_titles(&model, user as usize, &known, N_RECOMMENDED)
            .into_iter()
            .map(|title| {
                let predicted = model.predict(user as usize, title as usize);
                format!("{} ({predicted:.2})", file.titles[title as usize])
            })
            .collect();
        let _ = writeln!(text, "  recommended: {}\n", first.join(", "));
    }
    context.print(text.trim_end());
    Ok(())
}
