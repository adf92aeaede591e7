use std::path::{Path, PathBuf};

use artifact::Artifact;
use recommender::{FactorModel, Neighbors, RankingModel};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use train::{ModelParams, RankingParams};

use crate::{MAGIC, TrainedOn};

/// Reason why a model file could not be read or written.
#[derive(Debug, Error)]
pub enum ModelFileError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Error of the file system.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Error of the file system.
        source: std::io::Error,
    },
    /// The file is of another kind.
    #[error("{} is not a model file; make one with `cartelera train --out` or `cartelera rank --out`", .0.display())]
    NoModel(PathBuf),
    /// A model of an earlier version, which did not record what it was trained on.
    #[error("{} was written by an earlier version and does not record what it was trained on; train it again", .0.display())]
    Unbound(PathBuf),
    /// A header that is cut off or has other fields.
    #[error("{}: the header is damaged; train the model again", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Error of the JSON parser.
        source: serde_json::Error,
    },
    /// A rating model was requested and a ranking model found, or the reverse.
    #[error("{} contains a {found} model, not a {wanted} model", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// Kind of model found.
        found: String,
        /// Kind of model requested.
        wanted: &'static str,
    },
    /// A damaged model.
    #[error("{}: the model is damaged; train it again", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// The step of reading that failed.
        source: artifact::ReadError,
    },
    /// A model that cannot be encoded.
    #[error("the model cannot be encoded")]
    Encode(#[from] artifact::EncodeError),
}

/// Header of the file, in front of the model.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<P> {
    /// `rating` or `ranking`.
    model: String,
    trained_on: TrainedOn,
    parameters: P,
    /// Length of the model in bytes, if neighbors follow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model_bytes: Option<usize>,
}

/// Model that predicts ratings, as written by `cartelera train --out`.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingModelFile {
    /// What it was trained on.
    pub trained_on: TrainedOn,
    /// The parameters it was trained with.
    pub params: ModelParams,
    /// Both sides of the model.
    pub model: FactorModel,
}

/// Model that ranks titles, as written by `cartelera rank --out`. Users are folded in from what they rated.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingModelFile {
    /// What it was trained on.
    pub trained_on: TrainedOn,
    /// The parameters it was trained with.
    pub params: RankingParams,
    /// The title side of the factors.
    pub model: RankingModel,
    /// The neighbors, if the model has any.
    pub neighbors: Option<Neighbors>,
}

const RATING: &str = "rating";
const RANKING: &str = "ranking";

impl RatingModelFile {
    /// Writes the file, replacing an older one.
    ///
    /// # Errors
    /// Returns [`ModelFileError`] if the model cannot be encoded or written.
    pub fn write(&self, path: &Path) -> Result<(), ModelFileError> {
        write(path, RATING, self.trained_on, &self.params, &[&self.model.to_bytes()?])
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Returns [`ModelFileError`] if the file cannot be read or is not a rating model.
    pub fn read(path: &Path) -> Result<Self, ModelFileError> {
        let File { trained_on, params, model, rest: _ } = read(path, RATING)?;
        Ok(Self { trained_on, params, model })
    }
}

impl RankingModelFile {
    /// Writes the file, replacing an older one.
    ///
    /// # Errors
    /// Returns [`ModelFileError`] if the model cannot be encoded or written.
    pub fn write(&self, path: &Path) -> Result<(), ModelFileError> {
        let mut parts = vec![self.model.to_bytes()?];
        parts.extend(self.neighbors.as_ref().map(Artifact::to_bytes).transpose()?);
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        write(path, RANKING, self.trained_on, &self.params, &parts)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Returns [`ModelFileError`] if the file cannot be read or is not a ranking model.
    pub fn read(path: &Path) -> Result<Self, ModelFileError> {
        let File { trained_on, params, model, rest } = read(path, RANKING)?;
        let damaged = |source| ModelFileError::Model { path: path.to_owned(), source };
        let neighbors = rest.map(|rest| Neighbors::from_bytes(&rest)).transpose().map_err(damaged)?;
        Ok(Self { trained_on, params, model, neighbors })
    }
}

/// Writes a header, the model, and the neighbors if there are any.
fn write(
    path: &Path,
    kind: &str,
    trained_on: TrainedOn,
    parameters: &impl Serialize,
    parts: &[&[u8]],
) -> Result<(), ModelFileError> {
    let model_bytes = (parts.len() > 1).then(|| parts[0].len());
    let header = Header { model: kind.to_owned(), trained_on, parameters, model_bytes };
    let header = serde_json::to_vec(&header)
        .map_err(|source| ModelFileError::Header { path: path.to_owned(), source })?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(header);
    bytes.extend(parts.concat());
    std::fs::write(path, bytes).map_err(|source| ModelFileError::Write { path: path.to_owned(), source })
}

/// Contents of a file.
struct File<P, M> {
    trained_on: TrainedOn,
    params: P,
    model: M,
    /// The bytes after the model.
    rest: Option<Vec<u8>>,
}

fn read<P: DeserializeOwned, M: Artifact>(
    path: &Path,
    wanted: &'static str,
) -> Result<File<P, M>, ModelFileError> {
    let path = || path.to_owned();
    let bytes = std::fs::read(path()).map_err(|source| ModelFileError::Read { path: path(), source })?;
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        let unbound = bytes.starts_with(&artifact::MAGIC);
        return Err(if unbound { ModelFileError::Unbound(path()) } else { ModelFileError::NoModel(path()) });
    };
    let cut = rest.split_first_chunk::<4>().and_then(|(len, rest)| {
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        rest.split_at_checked(len)
    });
    let Some((header, model)) = cut else { return Err(ModelFileError::NoModel(path())) };
    let damaged = |source| ModelFileError::Header { path: path(), source };
    // Check the kind first, because parameters of the other kind have other fields.
    let any: Header<serde_json::Value> = serde_json::from_slice(header).map_err(damaged)?;
    if any.model != wanted {
        return Err(ModelFileError::Other { path: path(), found: any.model, wanted });
    }
    let params = serde_json::from_value(any.parameters).map_err(damaged)?;
    let (model, rest) = match any.model_bytes {
        None => (model, None),
        Some(n) => {
            let cut = model.split_at_checked(n);
            let (model, rest) = cut.ok_or_else(|| ModelFileError::NoModel(path()))?;
            (model, Some(rest.to_vec()))
        }
    };
    let model = M::from_bytes(model).map_err(|source| ModelFileError::Model { path: path(), source })?;
    Ok(File { trained_on: any.trained_on, params, model, rest })
}

#[cfg(test)]
mod tests {
    use artifact::Digest;
    use dataset::TitleFeatures;
    use dataset::made_up::{MadeUp, two_tastes};
    use train::{BiasParams, IalsParams, NeighborsParams, Run, TrainingData, ValuesParams, ranking};

    use super::*;
    use crate::Identity;

    fn trained_on() -> TrainedOn {
        let data = Identity { ids: Digest::of(b"ids"), rows: Digest::of(b"rows") };
        TrainedOn { data, n_ratings: 9, held_out: None, seed: 1 }
    }

    fn rating() -> RatingModelFile {
        let params = ModelParams::Biases(BiasParams::default());
        let nothing = TitleFeatures::default();
        let rows = MadeUp { n_users: 9, n_titles: 7, ..MadeUp::default() }.rows();
        let (model, _) = train::fit(&params, &TrainingData::new(&rows, &nothing), &Run::silent(1)).unwrap();
        RatingModelFile { trained_on: trained_on(), params, model }
    }

    #[test]
    fn models_are_read_back_with_what_they_were_trained_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m");
        rating().write(&path).unwrap();
        assert_eq!(RatingModelFile::read(&path).unwrap(), rating());
        let refused = RankingModelFile::read(&path).unwrap_err().to_string();
        assert!(refused.ends_with("m contains a rating model, not a ranking model"), "{refused}");

        let factors = IalsParams { n_factors: 3, ..IalsParams::default() };
        for neighbors in [None, Some(NeighborsParams::default())] {
            let values = ValuesParams::default();
            let params = RankingParams { factors: factors.clone(), values, neighbors };
            let rows = two_tastes(20, 10);
            let fitted = ranking::fit(&params, &rows, &TitleFeatures::default(), &Run::silent(1)).unwrap();
            let file = RankingModelFile {
                trained_on: trained_on(),
                params,
                model: fitted.model,
                neighbors: fitted.neighbors,
            };
            file.write(&path).unwrap();
            assert_eq!(RankingModelFile::read(&path).unwrap(), file);
            assert!(matches!(RatingModelFile::read(&path), Err(ModelFileError::Other { .. })));
        }
        // Without the last byte of the neighbors.
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(RankingModelFile::read(&path), Err(ModelFileError::Model { .. })));
    }

    #[test]
    fn files_that_are_not_models_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            RatingModelFile::read(&path).unwrap_err()
        };
        assert!(matches!(RatingModelFile::read(&path), Err(ModelFileError::Read { .. })));
        assert!(matches!(read(b""), ModelFileError::NoModel(_)));
        assert!(matches!(read(b"userId,movieId"), ModelFileError::NoModel(_)));
        assert!(matches!(read(&rating().model.to_bytes().unwrap()), ModelFileError::Unbound(_)));
        rating().write(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        // A file cut off anywhere is refused without a panic.
        for end in 0..whole.len() {
            read(&whole[..end]);
        }
        let mut altered = whole.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(matches!(read(&altered), ModelFileError::Model { .. }));
        altered = whole;
        altered[13] ^= 1;
        assert!(matches!(read(&altered), ModelFileError::Header { .. }));
    }
}
