//! Cutting rows into training, validation and test.
