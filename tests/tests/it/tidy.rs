//! The rules of the house that no compiler checks: who imports whom, which crate knows what, what a source
//! may not name.
