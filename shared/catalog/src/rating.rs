use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The lowest rating a user can give.
pub const RATING_MIN: f32 = 0.5;
/// The highest rating a user can give.
pub const RATING_MAX: f32 = 5.0;

/// A number that is off the scale or NaN.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("rating {0} is outside the scale {RATING_MIN} to {RATING_MAX}")]
pub struct RatingError(pub f32);

/// A rating on the scale from 0.5 to 5. Half stars are usual, but other values are accepted too.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Rating(f32);

impl Rating {
    /// Checks that the value is on the scale.
    ///
    /// # Errors
    /// It is below 0.5, above 5 or NaN.
    pub fn new(value: f32) -> Result<Self, RatingError> {
        if (RATING_MIN..=RATING_MAX).contains(&value) { Ok(Self(value)) } else { Err(RatingError(value)) }
    }

    /// Returns the rating as a number.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl TryFrom<f32> for Rating {
    type Error = RatingError;
    fn try_from(value: f32) -> Result<Self, RatingError> {
        Self::new(value)
    }
}

impl From<Rating> for f32 {
    fn from(rating: Rating) -> f32 {
        rating.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_includes_its_ends_and_nothing_beyond() {
        for good in [0.5, 3.7, 5.0] {
            assert_eq!(Rating::new(good).unwrap().get().to_bits(), good.to_bits());
        }
        for bad in [0.0, 0.49, 5.01, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Rating::new(bad).is_err(), "{bad}");
        }
    }
}
