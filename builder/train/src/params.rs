use artifact::ModelName;
use serde::{Deserialize, Serialize};

use crate::bayes::BayesParams;
use crate::biases::BiasParams;
use crate::svd::SvdParams;
use crate::trainer::Trainer;

/// Trainer of a rating model, with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "kebab-case")]
pub enum ModelParams {
    /// Biases only, by alternating least squares.
    Biases(BiasParams),
    /// Biased matrix factorization by stochastic gradient descent.
    Svd(SvdParams),
    /// Biased matrix factorization by Gibbs sampling.
    Bayes(BayesParams),
}

impl Default for ModelParams {
    fn default() -> Self {
        Self::Svd(SvdParams::default())
    }
}

impl ModelParams {
    /// Returns every trainer with its defaults.
    pub fn all() -> [Self; 3] {
        [
            Self::Svd(SvdParams::default()),
            Self::Bayes(BayesParams::default()),
            Self::Biases(BiasParams::default()),
        ]
    }

    /// Returns the trainer.
    pub fn trainer(&self) -> &dyn Trainer {
        match self {
            Self::Biases(biases) => biases,
            Self::Svd(svd) => svd,
            Self::Bayes(bayes) => bayes,
        }
    }

    fn trainer_mut(&mut self) -> &mut dyn Trainer {
        match self {
            Self::Biases(biases) => biases,
            Self::Svd(svd) => svd,
            Self::Bayes(bayes) => bayes,
        }
    }

    /// Returns the name of the algorithm.
    pub fn algorithm(&self) -> ModelName {
        self.trainer().name()
    }

    /// Returns the number of factors per user and title; 0 for biases only.
    pub fn n_factors(&self) -> usize {
        self.trainer().n_factors()
    }

    /// Returns the maximum number of passes over the rows.
    pub fn n_epochs(&self) -> usize {
        self.trainer().n_epochs()
    }

    /// Describes the parameters in one line.
    pub fn describe(&self) -> String {
        self.trainer().describe()
    }

    /// Returns the same parameters with another number of passes.
    #[must_use]
    pub fn with_n_epochs(mut self, n_epochs: usize) -> Self {
        self.trainer_mut().set_n_epochs(n_epochs);
        self
    }

    /// Returns the same parameters for a final training run on all rows: exactly `n_epochs` passes, without
    /// early stopping, because nothing is held out.
    #[must_use]
    pub fn settled(self, n_epochs: usize) -> Self {
        let mut settled = self.with_n_epochs(n_epochs);
        settled.trainer_mut().disable_early_stopping();
        settled
    }
}
