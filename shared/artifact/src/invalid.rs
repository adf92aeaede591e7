/// What is wrong with a decoded payload, found by step 8 of reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// The part of the payload.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Invalid {
    /// Names a field and what is wrong with it.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }

    /// Returns `Ok` if `holds`, else the named problem.
    ///
    /// # Errors
    /// The named problem, if `holds` is false.
    pub fn unless(holds: bool, field: &'static str, problem: &'static str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(field, problem)) }
    }
}
