//! What the tests and the fuzz targets share: the golden release and a small one, what must hold for any
//! bytes that a decoder gets, a proxy that causes faults in traffic, and the cases for a release that changes
//! while it is served.

pub mod check;
pub mod fault_proxy;
pub mod golden;
pub mod reload_cases;
pub mod small_release;
