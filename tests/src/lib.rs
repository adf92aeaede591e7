//! What the tests and the fuzz targets share: the golden release and a small one, what must hold of any bytes that a decoder
//! is given, a proxy that lets traffic go wrong, and what a release that changes while it is served goes through.

pub mod check;
pub mod fault_proxy;
pub mod golden;
pub mod reload_cases;
pub mod small_release;
