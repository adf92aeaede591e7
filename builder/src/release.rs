//! Releases: build, publish, roll back, verify.
