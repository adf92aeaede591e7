//! The offline half of Cartelera: from raw files to a release.
//!
//! A library and a thin binary, `cartelera`. Modules of the library report progress to a [`Reporter`] and
//! print nothing; [`cli`] turns arguments into settings once, shows progress on stderr and data on stdout.

pub mod cli;
pub mod eda;
pub mod etl;
pub mod evaluate;
pub mod features;
pub mod newcomers;
mod progress;
pub mod ranking;
pub mod release;
pub mod serve;
pub mod signal;
pub mod split;
pub mod synth;
pub mod train;
pub mod tune;
pub mod users;

pub(crate) use progress::WithoutNotes;
pub use progress::{Reporter, Silent};
