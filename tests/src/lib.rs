//! End-to-end tests, golden files, gateway events, corrupt and old artifacts, tidy.
