//! Models of a release: trains them, or takes over trained ones.

use ::models::{Identity, RankingModelFile, RatingModelFile};
use artifact::Measured;
use catalog::Interactions;
use dataset::{Data, UserSample};
use eda::SignalCard;
use evaluate::Origin;
use evaluate::choose::fit::{self, FitError, FitOptions, FittedModel};
use evaluate::choose::ranking::{self, RankingOptions, RankingTrial};
use evaluate::signal::{self, Checked};
use progress::{Reporter, Silent, WithoutNotes};
use recommender::{FactorModel, FactorModelParts};
use train::ranking::{self as train_ranking, Fitted};
use train::{BiasParams, ModelParams, RankingParams, Run};

use crate::{BuildError, BuildOptions};

/// Models of a release, trained on the pooled ratings of its data.
#[derive(Debug, Clone, PartialEq)]
pub struct Models {
    /// The model that predicts ratings.
    pub rating: FittedModel,
    /// The model that ranks titles, and how it was chosen; `None` without a search, or if too few users have
    /// likes.
    pub ranking: Option<Ranking>,
    /// Whether the ratings tell titles apart, if it was checked.
    pub signal: Option<Checked>,
}

/// Choice of a ranking model, with the model if it is worth serving.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The model, trained on all ratings; `None` if it does not rank clearly better than popularity.
    pub fitted: Option<Fitted>,
    /// Its parameters.
    pub params: RankingParams,
    /// One sentence that compares it with popularity.
    pub verdict: String,
    /// Every trial; empty if the model was given.
    pub trials: Vec<RankingTrial>,
    /// Measures on held-out users.
    pub measured: Vec<Measured>,
}

impl Models {
    /// Searches for both models and trains them, or takes over those given in the options, and checks for
    /// signal. Without ratings, there is nothing to search or train; see
    /// [`artifact::Manifest::has_ratings`].
    ///
    /// # Errors
    /// Returns [`BuildError`] if a model cannot be trained or used.
    pub fn fit(data: &Data<'_>, options: &BuildOptions, reporter: &dyn Reporter) -> Result<Self, BuildError> {
        if data.ratings.is_empty() {
            let models = Self::without_ratings(data, options)?;
            reporter.note(
                "there are no ratings, so there are no models: the release has no scores, predictions or \
                 recommendations",
            );
            return Ok(models);
        }
        let rows = data.rows();
        let rating = match &options.rating_model {
            None => {
                fit::fit_rating_model(&data.pooled, &data.features, data.n_titles(), &options.fit, reporter)?
            }
            Some(given) => given_rating(data, &rows, given, &options.fit, reporter)?,
        };
        let ranking = match &options.ranking_model {
            None => searched_ranking(data, &rows, options, reporter)?,
            Some(given) => Some(given_ranking(data, &rows, given, options)?),
        };
        let signal = check_signal(data, &rows, &rating.params, options, reporter)?;
        Ok(Self { rating, ranking, signal })
    }

    /// Returns the models of a release without ratings: a rating model of biases that are all 0, without
    /// users, and no ranking model.
    fn without_ratings(data: &Data<'_>, options: &BuildOptions) -> Result<Self, BuildError> {
        let given = [
            ("the rating model", options.rating_model.is_some()),
            ("the ranking model", options.ranking_model.is_some()),
            ("an algorithm or its parameters", options.fit.params.is_some()),
        ];
        if let Some((what, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
            return Err(BuildError::NoRatings(what));
        }
        let scale = data.ratings.scale();
        let model = FactorModel::new(FactorModelParts {
            global_mean: f32::midpoint(scale.low(), scale.high()),
            item_bias: vec![0.0; data.n_titles()],
            scale: (scale.low(), scale.high()),
            ..FactorModelParts::default()
        })?;
        let rating = FittedModel {
            model,
            params: ModelParams::Biases(BiasParams::default()),
            origin: Origin::Defaults,
            trials: Vec::new(),
            verdict: "There are no ratings, so no model was trained.".to_owned(),
            measured: Vec::new(),
        };
        Ok(Self { rating, ranking: None, signal: None })
    }

    /// Returns the signal card for the analysis.
    pub fn signal_card(&self, data: &Data<'_>) -> Option<SignalCard> {
        let Checked { signal, model, n_ratings } = self.signal.clone()?;
        Some(SignalCard::new(signal, model, n_ratings, data.pooled.scale(), &Silent))
    }

    /// Returns the measures of both models.
    pub fn measures(&self) -> impl Iterator<Item = &Measured> {
        let ranking = self.ranking.iter().filter(|ranking| ranking.fitted.is_some());
        self.rating.measured.iter().chain(ranking.flat_map(|ranking| &ranking.measured))
    }

    /// Checks that every measure is a finite number.
    pub(crate) fn check_measures(&self) -> Result<(), BuildError> {
        for Measured { model, measures, .. } in self.measures() {
            if let Some((measure, value)) = measures.iter().find(|(_, value)| !value.is_finite()) {
                return Err(BuildError::Measure {
                    model: model.to_string(),
                    measure: measure.clone(),
                    value: *value,
                });
            }
        }
        Ok(())
    }
}

fn identity(data: &Data<'_>) -> Identity {
    Identity::of_table(&data.pooled, data.titles.titles().iter().map(|title| title.id.as_str()))
}

/// Takes over a model that was trained on all these ratings. Its parameters are measured like those of a
/// search: on held-out rows, with models trained on the others.
fn given_rating(
    data: &Data<'_>,
    rows: &Interactions,
    given: &RatingModelFile,
    options: &FitOptions,
    reporter: &dyn Reporter,
) -> Result<FittedModel, BuildError> {
    given
        .trained_on
        .check_all(&identity(data))
        .map_err(|source| BuildError::Given { model: "rating", source })?;
    let options = FitOptions { params: Some(given.params.clone()), ..options.clone() };
    let chosen = fit::choose(rows, data.pooled.timestamp(), &data.features, &options, reporter)?;
    Ok(chosen.with_model(given.model.clone()).map_err(FitError::from)?)
}

/// Searches for a ranking model, and trains it on all ratings if it ranks better than popularity.
fn searched_ranking(
    data: &Data<'_>,
    rows: &Interactions,
    options: &BuildOptions,
    reporter: &dyn Reporter,
) -> Result<Option<Ranking>, BuildError> {
    let seed = options.fit.seed;
    let search = RankingOptions { n_trials: options.ranking_trials, seed, ..RankingOptions::default() };
    let found =
        ranking::search(rows, &data.features, search, &WithoutNotes(reporter)).map_err(FitError::Train)?;
    let Some(found) = found else { return Ok(None) };
    reporter.note(&found.verdict);
    let fitted = if found.beats_popularity {
        let run = Run::new(seed, reporter);
        Some(train_ranking::fit(&found.params, rows, &data.features, &run).map_err(FitError::Train)?)
    } else {
        None
    };
    Ok(Some(Ranking {
        fitted,
        params: found.params,
        verdict: found.verdict,
        trials: found.trials,
        measured: found.measured,
    }))
}

/// Takes over a ranking model that was trained on all these ratings, with every user folded in.
fn given_ranking(
    data: &Data<'_>,
    rows: &Interactions,
    given: &RankingModelFile,
    options: &BuildOptions,
) -> Result<Ranking, BuildError> {
    given
        .trained_on
        .check_all(&identity(data))
        .map_err(|source| BuildError::Given { model: "ranking", source })?;
    let fitted = Fitted::of_model(given.model.clone(), given.neighbors.clone(), given.params.values, rows)
        .map_err(FitError::Train)?;
    let search = RankingOptions { seed: options.fit.seed, ..RankingOptions::default() };
    let measured =
        ranking::measure_given(rows, &data.features, &given.params, search).map_err(FitError::Train)?;
    Ok(Ranking {
        fitted: Some(fitted),
        params: given.params.clone(),
        verdict: "The ranking model was given, so there was no search.".to_owned(),
        trials: Vec::new(),
        measured: measured.unwrap_or_default(),
    })
}

/// Maximum number of sweeps in the signal check, and how many of them are burn-in. The check trains many
/// models, and this is enough to distinguish a model from its twin.
const SWEEPS_FOR_SIGNAL: (usize, usize) = (60, 20);
/// The signal check uses about this many ratings at most.
const MOST_RATINGS_FOR_SIGNAL: usize = 1_000_000;

/// Returns the parameters used to check for signal.
fn for_signal(params: &ModelParams) -> ModelParams {
    let mut params = params.clone();
    if let ModelParams::Bayes(bayes) = &mut params
        && bayes.n_sweeps > SWEEPS_FOR_SIGNAL.0
    {
        (bayes.n_sweeps, bayes.burn_in) = SWEEPS_FOR_SIGNAL;
    }
    params
}

/// Describes the model that the check for signal trains.
fn describe(params: &ModelParams) -> String {
    let (algorithm, n_epochs) = (params.algorithm(), params.n_epochs());
    match params.n_factors() {
        0 => format!("{algorithm}, {n_epochs} passes"),
        n_factors => format!("{algorithm} with {n_factors} factors, {n_epochs} passes"),
    }
}

fn check_signal(
    data: &Data<'_>,
    rows: &Interactions,
    params: &ModelParams,
    options: &BuildOptions,
    reporter: &dyn Reporter,
) -> Result<Option<Checked>, BuildError> {
    if options.signal_splits == 0 {
        return Ok(None);
    }
    let (params, seed) = (for_signal(params), options.fit.seed);
    let rows = UserSample::at_most(rows, MOST_RATINGS_FOR_SIGNAL, seed);
    let signal = signal::check(&rows, &params, &data.features, options.signal_splits, seed, reporter)?;
    Ok(Some(Checked { signal, model: describe(&params), n_ratings: rows.len() }))
}

#[cfg(test)]
mod tests {
    use artifact::{HeldOut, ModelName};
    use catalog::RatingTable;

    use super::*;

    fn models(rmse: f64) -> Models {
        let measured = Measured {
            model: ModelName::Svd,
            held_out: HeldOut::Random,
            tuned: true,
            measures: [("rmse".to_owned(), rmse)].into(),
        };
        Models {
            rating: FittedModel {
                model: FactorModel::new(FactorModelParts::default()).unwrap(),
                params: ModelParams::Biases(BiasParams::default()),
                origin: Origin::Given,
                trials: Vec::new(),
                verdict: String::new(),
                measured: vec![measured],
            },
            ranking: None,
            signal: None,
        }
    }

    #[test]
    fn a_measure_that_is_not_a_number_is_named() {
        assert!(models(0.9).check_measures().is_ok());
        let error = models(f64::NAN).check_measures().unwrap_err();
        assert!(error.to_string().starts_with("the rmse of svd is NaN"), "{error}");
        assert_eq!(RatingTable::default().len(), 0);
    }
}
