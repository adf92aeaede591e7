use crate::error::OpenError;

/// The environment variable that names what a service does not have.
const VARIABLE: &str = "CARTELERA_S3_WITHOUT";

/// What a service with the protocol of S3 does not have. The default is a service that has everything, as S3
/// does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Without {
    /// It refuses SHA-256 checksums. None are sent, and an object that is there is recognized by reading it.
    pub checksums: bool,
    /// It refuses or ignores the conditions of writes. An object is looked at before it is written, so two
    /// writers at the same time may overwrite each other.
    pub conditions: bool,
}

impl Without {
    /// Reads `CARTELERA_S3_WITHOUT`: `checksums`, `conditions`, or both with a comma between them.
    ///
    /// # Errors
    /// [`OpenError::Without`] for another word.
    pub fn from_env() -> Result<Self, OpenError> {
        std::env::var(VARIABLE).map_or_else(|_| Ok(Self::default()), |text| Self::parse(&text))
    }

    fn parse(text: &str) -> Result<Self, OpenError> {
        let mut without = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "checksums" => without.checksums = true,
                "conditions" => without.conditions = true,
                _ => return Err(OpenError::Without { found: word.to_owned() }),
            }
        }
        Ok(without)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_what_a_service_does_not_have() {
        let parsed = |text| Without::parse(text).map(|without| (without.checksums, without.conditions));
        assert_eq!(parsed(""), Ok((false, false)));
        assert_eq!(parsed("checksums"), Ok((true, false)));
        assert_eq!(parsed(" conditions, checksums,"), Ok((true, true)));
        let error = parsed("ranges").unwrap_err().to_string();
        assert!(error.contains("CARTELERA_S3_WITHOUT") && error.contains("\"ranges\""), "{error}");
    }
}
