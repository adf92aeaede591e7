//! What the tests and the fuzz targets share: the golden release, and what must hold of any bytes that a
//! decoder is given.

pub mod check;
pub mod golden;
