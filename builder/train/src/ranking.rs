//! The ranking model: factors, plus neighbors if the search found that they help.

use artifact::ModelName;
use catalog::Interactions;
use dataset::TitleFeatures;
use recommender::{Neighbors, RankingModel};
use serde::{Deserialize, Serialize};

use crate::ials::{self, Factors};
use crate::neighbors::{self, RatedTogether};
use crate::rows::check_rows;
use crate::trainer::Run;
use crate::values::{self, ValuesParams};
use crate::{IalsParams, NeighborsParams, TrainError};

/// Parameters of a ranking model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RankingParams {
    /// Parameters of the factors.
    #[serde(flatten)]
    pub factors: IalsParams,
    /// What ratings are worth.
    #[serde(default = "ValuesParams::likes", skip_serializing_if = "ValuesParams::is_likes")]
    pub values: ValuesParams,
    /// Parameters of the neighbors; `None` for factors alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbors: Option<NeighborsParams>,
}

impl RankingParams {
    /// Returns the name of the model.
    pub fn model(&self) -> ModelName {
        match &self.neighbors {
            None => ModelName::Ials,
            Some(neighbors) if neighbors.beside_factors => ModelName::IalsNeighbors,
            Some(_) => ModelName::Neighbors,
        }
    }

    /// Describes the parameters in one line.
    pub fn describe(&self) -> String {
        let values = self.values.describe();
        match &self.neighbors {
            None => format!("{}; {values}", self.factors.describe()),
            Some(neighbors) if neighbors.beside_factors => {
                format!("{}; plus {}; {values}", self.factors.describe(), neighbors.describe())
            }
            Some(neighbors) => format!("{}, without factors; {values}", neighbors.describe()),
        }
    }
}

/// Ranking model, with the users it was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The title side of the factors.
    pub model: RankingModel,
    /// The neighbors, if the model has any.
    pub neighbors: Option<Neighbors>,
    /// p(u), users × factors, row by row.
    pub user_factors: Vec<f32>,
}

impl Fitted {
    /// Returns p(u), the factor vector of a user.
    ///
    /// # Panics
    /// Panics if `user` is out of range.
    pub fn user_vector(&self, user: usize) -> &[f32] {
        let k = self.model.n_factors();
        &self.user_factors[user * k..(user + 1) * k]
    }

    /// Takes a model trained before, and folds in every user from their ratings. With those it was trained
    /// on, users get the vectors they had.
    ///
    /// # Errors
    /// Returns [`TrainError`] if a row or a parameter is out of range.
    pub fn of_model(
        model: RankingModel,
        neighbors: Option<Neighbors>,
        params: ValuesParams,
        rows: &Interactions,
    ) -> Result<Self, TrainError> {
        let Factors { model, user_factors } = Factors::of_model(model, &values_of(params, rows)?)?;
        Ok(Self { model, neighbors, user_factors })
    }
}

fn values_of(params: ValuesParams, rows: &Interactions) -> Result<Interactions, TrainError> {
    check_rows("training", rows)?;
    Ok(values::of(rows, params.on(rows.scale)?))
}

/// Trains on ratings. See [`ials::fit`] and [`neighbors::fit`].
///
/// # Errors
/// Returns [`TrainError`] if no rating has a value, or if a row or a parameter is out of range.
pub fn fit(
    params: &RankingParams,
    rows: &Interactions,
    features: &TitleFeatures,
    run: &Run<'_>,
) -> Result<Fitted, TrainError> {
    let values = values_of(params.values, rows)?;
    let neighbors = params
        .neighbors
        .as_ref()
        .map(|params| neighbors::fit(params, &RatedTogether::of_values(&values, params.user_exponent)?))
        .transpose()?;
    let Factors { model, user_factors } = ials::fit(&params.factors, &values, features, run)?;
    Ok(Fitted { model, neighbors, user_factors })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_without_neighbors_and_values_are_those_of_the_factors() {
        let factors = IalsParams { n_factors: 7, ..IalsParams::default() };
        let alone = serde_json::to_value(&factors).unwrap();
        let params = RankingParams { factors, values: ValuesParams::LIKES, neighbors: None };
        assert_eq!(serde_json::to_value(&params).unwrap(), alone);
        assert_eq!(serde_json::from_value::<RankingParams>(alone).unwrap(), params);
        let neighbors = Some(NeighborsParams::default());
        let both = RankingParams { values: ValuesParams::default(), neighbors, ..params };
        let stored = serde_json::to_value(&both).unwrap();
        assert_eq!(serde_json::from_value::<RankingParams>(stored).unwrap(), both);
    }

    #[test]
    fn users_are_restored_from_the_model_alone() {
        let rows = dataset::made_up::two_tastes(40, 30);
        let factors = IalsParams { n_factors: 4, ..IalsParams::default() };
        let values = ValuesParams::default();
        let params = RankingParams { factors, values, neighbors: Some(NeighborsParams::default()) };
        let fitted = fit(&params, &rows, &TitleFeatures::default(), &Run::silent(1)).unwrap();
        assert!(fitted.neighbors.is_some());
        let restored = Fitted::of_model(fitted.model.clone(), fitted.neighbors.clone(), values, &rows);
        assert_eq!(restored.unwrap(), fitted);
    }
}
