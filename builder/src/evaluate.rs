//! Measures of models on held-out rows.
