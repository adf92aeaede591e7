use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use artifact::ModelName;
use serde::{Deserialize, Serialize};

/// Measures by name, such as `rmse`, `mae`, `recall@10`, `ndcg@100` or `coverage@10`. A measure is absent if
/// it makes no sense for a model or has no rows to be computed on.
pub type Measures = BTreeMap<String, f64>;

/// Origin of a model's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The trainer's defaults; also for baselines without parameters.
    Defaults,
    /// Given by the caller.
    Given,
    /// Chosen by a search.
    Tuned,
}

/// Name of a measured model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Candidate {
    /// The algorithm or baseline.
    pub model: ModelName,
    /// Origin of its parameters.
    pub parameters: Origin,
}

impl Candidate {
    /// Predicts the mean of all training ratings.
    pub const GLOBAL_MEAN: Self = Self { model: ModelName::GlobalMean, parameters: Origin::Defaults };
    /// Ranks titles by number of training ratings.
    pub const POPULARITY: Self = Self { model: ModelName::Popularity, parameters: Origin::Defaults };
    /// [`train::biases`] with its defaults.
    pub const BIASES: Self = Self { model: ModelName::Biases, parameters: Origin::Defaults };
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.model, self.parameters) {
            (ModelName::GlobalMean, _) => f.pad("global mean"),
            (ModelName::Popularity, _) => f.pad("popularity"),
            (model, Origin::Defaults) => f.pad(&format!("{model}, defaults")),
            (model, Origin::Given) => f.pad(&format!("{model}, given")),
            (model, Origin::Tuned) => f.pad(&format!("{model}, tuned")),
        }
    }
}

/// Measures of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The model.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// Its measures.
    pub measures: Measures,
}

/// Comparison of models on the same held-out rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The models, each once.
    pub models: Vec<Row>,
    /// Number of rows trained on.
    pub n_train: usize,
    /// Number of rows measured on.
    pub n_test: usize,
    /// Number of users whose lists were measured.
    pub n_ranked_users: usize,
    /// Number of users with test rows of which none is relevant, so their lists cannot be measured.
    pub n_users_without_relevant: usize,
    /// Number of users with a relevant test row who were not in the sample.
    pub n_users_not_sampled: usize,
}

impl Report {
    /// Returns the measures of a model.
    pub fn measures(&self, candidate: Candidate) -> Option<&Measures> {
        self.models.iter().find(|row| row.candidate == candidate).map(|row| &row.measures)
    }

    /// Returns the measures of a model, adding the model without any if it is new.
    pub fn entry(&mut self, candidate: Candidate) -> &mut Measures {
        let at = self.models.iter().position(|row| row.candidate == candidate).unwrap_or_else(|| {
            self.models.push(Row { candidate, measures: Measures::new() });
            self.models.len() - 1
        });
        &mut self.models[at].measures
    }

    /// Formats the measures as aligned text, one model per line.
    pub fn to_text(&self) -> String {
        table(self.models.iter().map(|row| (row.candidate.to_string(), &row.measures)))
    }
}

/// Formats measures of named models as aligned text, one model per line, with every column that one of them
/// has.
pub fn table<'a>(rows: impl Iterator<Item = (String, &'a Measures)>) -> String {
    const COLUMNS: [&str; 13] = [
        "rmse",
        "mae",
        "recall@10",
        "recall@20",
        "recall@50",
        "ndcg@10",
        "ndcg@100",
        "ndcg@100_all",
        "ndcg@100_3",
        "coverage@10",
        "gini@10",
        "overlap@10",
        "novelty@10",
    ];
    let rows: Vec<(String, &Measures)> = rows.collect();
    let columns: Vec<&str> = COLUMNS
        .into_iter()
        .filter(|&column| rows.iter().any(|(_, measures)| measures.contains_key(column)))
        .collect();
    let name_width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(5);
    let mut text = format!("{:<name_width$}", "model");
    for column in &columns {
        let _ = write!(text, "  {column:>12}");
    }
    for (name, measures) in &rows {
        let _ = write!(text, "\n{name:<name_width$}");
        for &column in &columns {
            let cell = measures.get(column).map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
            let _ = write!(text, "  {cell:>12}");
        }
    }
    text.push('\n');
    text
}
