//! Data for training models: the clean tables with everything derived from them ([`Data`]), ratings grouped
//! by user or title, and cuts into training, validation and test rows.

mod data;
mod features;
mod grouped;
pub mod made_up;
mod sample;
pub mod split;

pub use data::{Data, evenly};
pub use features::TitleFeatures;
pub use grouped::Grouped;
pub use sample::UserSample;
