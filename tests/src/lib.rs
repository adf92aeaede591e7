//! What the tests and the fuzz targets share: the golden release, what must hold of any bytes that a decoder is given,
//! and a proxy that lets traffic go wrong.

pub mod check;
pub mod fault_proxy;
pub mod golden;
