//! Every part together, in one binary.

mod gateway;
mod lambda;
mod small_release;
