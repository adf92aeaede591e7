//! Parameters of a rating model, from a file or from options.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use artifact::ModelName;
use serde_json::Value;
use train::ModelParams;

use super::data::read_params;

/// Parameters of a model, from a file or from options.
#[derive(Debug, clap::Args)]
pub(super) struct ParamArgs {
    /// Parameters in JSON, as written by `cartelera tune --out`; the options below override them.
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,

    /// Algorithm: `svd` (stochastic gradient descent), `bayes` (the mean of Gibbs samples, with implicit
    /// feedback and title features) or `biases` [default: svd].
    #[arg(long, value_parser = algorithm, conflicts_with = "params")]
    algorithm: Option<ModelParams>,

    /// Number of latent factors [default: svd 100, bayes 10 in each sample].
    #[arg(long, value_name = "N")]
    factors: Option<usize>,

    /// Number of passes over the ratings [default: svd 20, biases 10, bayes 300 sweeps].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// bayes: maximum number of factors of the served model [default: 32].
    #[arg(long, value_name = "N")]
    served_factors: Option<usize>,

    /// bayes: ignore title features.
    #[arg(long)]
    no_features: bool,

    /// svd: learning rate [default: 0.005].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,

    /// svd: factor that multiplies the learning rate after each pass [default: 1].
    #[arg(long, value_name = "FACTOR")]
    learning_rate_decay: Option<f64>,

    /// svd: regularization of the factors, and of the biases unless given separately [default: 0.02].
    #[arg(long, value_name = "WEIGHT")]
    regularization: Option<f64>,

    /// svd: regularization of the biases.
    #[arg(long, value_name = "WEIGHT")]
    bias_regularization: Option<f64>,

    /// Stop after this many passes without a better validation RMSE (bayes: better by 0.0001); requires
    /// held-out ratings.
    #[arg(long, value_name = "PASSES")]
    early_stopping: Option<usize>,
}

/// Returns the trainer with this name, with its defaults.
fn algorithm(name: &str) -> Result<ModelParams, String> {
    let all = ModelParams::all();
    let names: Vec<&str> = all.iter().map(|params| params.algorithm().as_str()).collect();
    let found = all.iter().find(|params| params.algorithm().as_str() == name);
    found.cloned().ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

/// An option that was given, its value, and the parameter that it sets for each algorithm.
struct Given {
    option: &'static str,
    value: Value,
    sets: &'static [(ModelName, &'static str)],
}

/// Parses a count that must not be 0, for the options of clap.
pub(super) fn positive<N: FromStr + Default + PartialOrd>(text: &str) -> Result<N, &'static str> {
    text.parse().ok().filter(|n| *n > N::default()).ok_or("must be a whole number above 0")
}

impl ParamArgs {
    /// Returns the parameters; `None` if no option sets any.
    ///
    /// An option for which the algorithm has no parameter is an error; it is not ignored.
    pub(super) fn read(&self) -> anyhow::Result<Option<ModelParams>> {
        let base = match &self.params {
            Some(path) => Some(read_params(path)?),
            None => self.algorithm.clone(),
        };
        let given = self.given();
        if given.is_empty() && self.epochs.is_none() {
            return Ok(base);
        }
        let base = base.unwrap_or_default();
        let base = base.clone().with_n_epochs(self.epochs.unwrap_or(base.n_epochs()));
        let algorithm = base.algorithm();
        let mut json = serde_json::to_value(&base)?;
        for Given { option, value, sets } in given {
            let parameter = sets.iter().find(|(of, _)| *of == algorithm).map(|(_, name)| *name);
            let parameter = parameter
                .with_context(|| format!("--{option} is not a parameter of {algorithm}; leave it out"))?;
            json[parameter] = value;
        }
        Ok(Some(serde_json::from_value(json)?))
    }

    /// Collects the options that were given, except the number of passes, which every algorithm has.
    fn given(&self) -> Vec<Given> {
        use ModelName::{Bayes, Svd};
        let mut given = Vec::new();
        let mut add = |option, value: Option<Value>, sets| {
            given.extend(value.map(|value| Given { option, value, sets }));
        };
        add("factors", self.factors.map(Into::into), &[(Svd, "n_factors"), (Bayes, "n_factors")]);
        add("served-factors", self.served_factors.map(Into::into), &[(Bayes, "n_served")]);
        add("no-features", self.no_features.then_some(Value::Bool(false)), &[(Bayes, "features")]);
        add("learning-rate", self.learning_rate.map(Into::into), &[(Svd, "learning_rate")]);
        add("learning-rate-decay", self.learning_rate_decay.map(Into::into), &[(Svd, "learning_rate_decay")]);
        add("regularization", self.regularization.map(Into::into), &[(Svd, "regularization")]);
        add("bias-regularization", self.bias_regularization.map(Into::into), &[(Svd, "bias_regularization")]);
        add(
            "early-stopping",
            self.early_stopping.map(Into::into),
            &[(Svd, "early_stopping"), (Bayes, "settle")],
        );
        given
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use train::{BayesParams, SvdParams};

    use super::*;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        params: ParamArgs,
    }

    fn read(options: &str) -> anyhow::Result<Option<ModelParams>> {
        let words = std::iter::once("x").chain(options.split_whitespace());
        Options::try_parse_from(words)?.params.read()
    }

    #[test]
    fn options_set_the_parameters_of_their_algorithm() {
        assert_eq!(read("").unwrap(), None);
        let svd = SvdParams { n_factors: 7, learning_rate: 0.5, n_epochs: 3, ..SvdParams::default() };
        let given = read("--factors 7 --learning-rate 0.5 --epochs 3").unwrap();
        assert_eq!(given, Some(ModelParams::Svd(svd)));
        let bayes = BayesParams {
            n_factors: 7,
            features: false,
            settle: Some(4),
            n_sweeps: 20,
            burn_in: 19,
            ..BayesParams::default()
        };
        let given =
            read("--algorithm bayes --factors 7 --no-features --early-stopping 4 --epochs 20").unwrap();
        assert_eq!(given, Some(ModelParams::Bayes(bayes)));
    }

    #[test]
    fn options_of_another_algorithm_are_refused() {
        for (options, option) in [
            ("--algorithm biases --factors 3", "--factors"),
            ("--algorithm bayes --learning-rate 0.1", "--learning-rate"),
            ("--served-factors 3", "--served-factors"),
            ("--algorithm biases --early-stopping 3", "--early-stopping"),
        ] {
            let error = read(options).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{option} is not a parameter of ")), "{error}");
        }
        assert!(read("--algorithm als").unwrap_err().to_string().contains("one of svd, bayes, biases"));
    }
}
