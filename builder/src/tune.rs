//! The search for parameters.
