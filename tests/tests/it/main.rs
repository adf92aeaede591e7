//! One integration binary with modules: what holds of the project as a whole.

mod any_bytes;
mod bless;
mod corrupt;
mod golden;
mod mirror;
mod tidy;
