//! Manifests of format 1, which named models and measures by texts and kept trials among the parameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measures::{Fate, HeldOut, Measured, ModelName, Parameters, Trial};
use crate::parts::{ArtifactEntry, Counts, ModelSummary, RankingSummary, Signal, Source, Trials};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Format1 {
    pub(crate) format: u32,
    pub(crate) builder: String,
    pub(crate) seed: u64,
    pub(crate) data_until: u32,
    pub(crate) platforms: Vec<String>,
    pub(crate) counts: Counts,
    parameters: Parameters,
    model: Model1,
    ranking: Option<Ranking1>,
    pub(crate) signal: Option<Signal>,
    pub(crate) sources: Vec<Source>,
    pub(crate) artifacts: Vec<ArtifactEntry>,
}

/// Measures by the model's name and the measure's.
type Table = BTreeMap<String, BTreeMap<String, f64>>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model1 {
    algorithm: String,
    n_factors: u32,
    verdict: String,
    recommend_threshold: f32,
    metrics: Table,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ranking1 {
    algorithm: String,
    n_factors: u32,
    verdict: String,
    metrics: Table,
}

/// The parameters that are trials of a search.
const RATING_TRIALS: &str = "trials";
const RANKING_TRIALS: &str = "ranking_trials";

impl Format1 {
    /// The trials of both searches.
    pub(crate) fn trials(&self) -> Trials {
        let of = |name, score| self.parameters.get(name).map_or_else(Vec::new, |list| trials(list, score));
        Trials { rating: of(RATING_TRIALS, "validation_rmse"), ranking: of(RANKING_TRIALS, "ndcg") }
    }

    /// The measures of both models and of what they are compared with.
    pub(crate) fn measures(&self) -> Vec<Measured> {
        let by = match self.parameters.get("hold_out").and_then(|value| value.as_str()) {
            Some("chronological") => HeldOut::Chronological,
            _ => HeldOut::Random,
        };
        let mut measures = measured(&self.model.metrics, by);
        measures.extend(self.ranking.iter().flat_map(|ranking| measured(&ranking.metrics, HeldOut::Users)));
        measures
    }

    /// The parameters that are not trials.
    pub(crate) fn parameters(&self) -> Parameters {
        let kept =
            self.parameters.iter().filter(|(name, _)| *name != RATING_TRIALS && *name != RANKING_TRIALS);
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The model that predicts. What trained it has always had one of the names that are known.
    pub(crate) fn model(&self) -> ModelSummary {
        ModelSummary {
            algorithm: ModelName::from_name(&self.model.algorithm).unwrap_or(ModelName::Biases),
            n_factors: self.model.n_factors,
            verdict: self.model.verdict.clone(),
            recommend_threshold: self.model.recommend_threshold,
        }
    }

    /// The model that ranks, if there is one.
    pub(crate) fn ranking(&self) -> Option<RankingSummary> {
        self.ranking.as_ref().map(|ranking| RankingSummary {
            algorithm: ModelName::from_name(&ranking.algorithm).unwrap_or(ModelName::Ials),
            n_factors: ranking.n_factors,
            verdict: ranking.verdict.clone(),
            values: None,
        })
    }
}

/// The trials in a list of JSON objects; what a trial does not have is absent or 0.
fn trials(list: &serde_json::Value, score: &str) -> Vec<Trial> {
    let read = |(at, trial): (usize, &serde_json::Value)| {
        let params = &trial["params"];
        let algorithm = params["algorithm"].as_str().and_then(ModelName::from_name);
        let mut parameters: Parameters =
            params.as_object().into_iter().flatten().map(|(name, v)| (name.clone(), v.clone())).collect();
        parameters.remove("algorithm");
        Trial {
            number: trial["number"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(at as u32),
            algorithm: algorithm.unwrap_or(ModelName::Ials),
            n_factors: params["n_factors"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            score: trial[score].as_f64(),
            fate: serde_json::from_value(trial["fate"].clone()).unwrap_or(Fate::Finished),
            parameters,
        }
    };
    list.as_array().into_iter().flatten().enumerate().map(read).collect()
}

/// The measures of a table. A name was that of an algorithm or a baseline, then perhaps `, tuned`, then
/// perhaps the way of holding out in parentheses; a name of another form has no place in format 2 and is left
/// out.
fn measured(table: &Table, by: HeldOut) -> Vec<Measured> {
    let read = |(name, measures): (&String, &BTreeMap<String, f64>)| {
        let (name, held_out) = if let Some(name) = name.strip_suffix(" (chronological)") {
            (name, HeldOut::Chronological)
        } else if let Some(name) = name.strip_suffix(" (random)") {
            (name, HeldOut::Random)
        } else {
            (name.as_str(), by)
        };
        let (name, tuned) = name.strip_suffix(", tuned").map_or((name, false), |name| (name, true));
        let model = match name {
            "global mean" => ModelName::GlobalMean,
            "biases only" => ModelName::Biases,
            name => ModelName::from_name(name)?,
        };
        // The model that ranks was always the choice of a search.
        let tuned = tuned || model == ModelName::Ials;
        Some(Measured { model, held_out, tuned, measures: measures.clone() })
    };
    table.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_measures_become_what_they_said() {
        let table: Table = [
            "bayes, tuned",
            "biases only",
            "biases, tuned (chronological)",
            "global mean",
            "popularity (random)",
            "somebody's own",
            "svd",
        ]
        .map(|name| (name.to_owned(), BTreeMap::from([("rmse".to_owned(), 0.5)])))
        .into();
        let read: Vec<_> = measured(&table, HeldOut::Random)
            .into_iter()
            .map(|m| (m.model.as_str(), m.tuned, m.held_out))
            .collect();
        assert_eq!(
            read,
            [
                ("bayes", true, HeldOut::Random),
                ("biases", false, HeldOut::Random),
                ("biases", true, HeldOut::Chronological),
                ("global-mean", false, HeldOut::Random),
                ("popularity", false, HeldOut::Random),
                ("svd", false, HeldOut::Random),
            ]
        );
    }

    #[test]
    fn trials_keep_their_number_score_and_parameters() {
        let list = serde_json::json!([
            {"number": 3, "params": {"algorithm": "svd", "n_factors": 8}, "validation_rmse": 0.9, "fate": "dropped"},
            {"params": {"n_factors": 16, "exponent": 1.0}, "ndcg": 0.4},
        ]);
        let [first, second] = &trials(&list, "validation_rmse")[..] else { panic!("two trials") };
        assert_eq!((first.number, first.algorithm, first.n_factors), (3, ModelName::Svd, 8));
        assert_eq!((first.score, first.fate), (Some(0.9), Fate::Dropped));
        assert_eq!((second.number, second.algorithm, second.score), (1, ModelName::Ials, None));
        assert_eq!(second.parameters["exponent"], 1.0);
    }
}
