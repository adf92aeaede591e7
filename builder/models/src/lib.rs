//! Trained models on disk, bound to what they were trained on.
//!
//! A file begins with [`MAGIC`] and the length of a JSON header (32 bits, little-endian). The header
//! ([`TrainedOn`] and the parameters) follows, and then the model as a sealed artifact. A model can be used
//! with other data only if users and titles are the same, in the same order. It can be measured honestly only
//! on ratings that it was not trained on. Both are checked when a file is used ([`TrainedOn::check_ids`],
//! [`TrainedOn::check_held_out`]), not left to the caller.

mod file;
mod identity;
mod trained_on;

pub use file::{ModelFileError, RankingModelFile, RatingModelFile};
pub use identity::Identity;
pub use trained_on::{HeldOutPart, Leak, TrainedOn};

/// First bytes of a model file; the last digit is the version of the format.
pub const MAGIC: &[u8; 8] = b"ctlrmod1";
