use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A number that is off the scale or NaN.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("rating {rating} is outside the scale {scale}")]
pub struct OffScale {
    /// The number.
    pub rating: f32,
    /// The scale.
    pub scale: Scale,
}

/// Text or numbers that make no scale.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScaleError {
    /// There are not two finite numbers of which the first is the lower one.
    #[error("{0:?} is not a scale; write the lowest and the highest rating as LOW:HIGH, such as 1:10")]
    Malformed(String),
    /// Ratings are too large for models.
    #[error(
        "{0:?} reaches beyond ±{most}, and models cannot represent ratings that large; divide the ratings, for \
         example by 1,000, and give the scale of the result",
        most = Scale::FARTHEST
    )]
    TooFar(String),
}

/// The lowest and the highest rating that a user can give.
///
/// The default is half a star to five stars. What a rating means depends on the scale, so everything that
/// compares ratings with a number asks the scale for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredScale", into = "StoredScale")]
pub struct Scale {
    low: f32,
    high: f32,
    liked: f32,
}

/// A scale as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredScale {
    low: f32,
    high: f32,
    liked: f32,
}

const fn usual(low: f32, high: f32) -> Scale {
    Scale { low, high, liked: if high > 0.0 { 0.8 * high } else { low + 0.8 * (high - low) } }
}

/// Scales that ratings are usually given on, narrowest first.
const USUAL: [Scale; 8] = [
    usual(0.0, 1.0),
    usual(1.0, 5.0),
    Scale::STARS,
    usual(0.0, 5.0),
    usual(1.0, 10.0),
    usual(0.0, 10.0),
    usual(-10.0, 10.0),
    usual(0.0, 100.0),
];

impl Scale {
    /// Half a star to five stars.
    pub const STARS: Self = usual(0.5, 5.0);

    /// The farthest from 0 that a rating may be for models to be trained on it.
    ///
    /// Models keep factors in half precision, which holds numbers up to 65,504. Ratings of a wide scale are
    /// trained on as if they were from 0.5 to 5, and factors are multiplied by the ratio of the widths
    /// afterwards. With this limit, the ratio is at most 4,444, so factors of up to 14.7 fit.
    pub const FARTHEST: f32 = 10_000.0;

    /// Takes the lowest and the highest rating.
    ///
    /// # Errors
    /// [`ScaleError`] if one of them is not finite or `low` is not below `high`.
    pub fn new(low: f32, high: f32) -> Result<Self, ScaleError> {
        if low < high && low.is_finite() && high.is_finite() {
            Ok(usual(low, high))
        } else {
            Err(ScaleError::Malformed(format!("{low}:{high}")))
        }
    }

    /// Returns the scale if models can be trained on it. What users give is checked in this way; a release of
    /// an older version may have any scale.
    ///
    /// # Errors
    /// [`ScaleError::TooFar`] if it reaches beyond ±[`Scale::FARTHEST`].
    pub fn trainable(self) -> Result<Self, ScaleError> {
        if self.low >= -Self::FARTHEST && self.high <= Self::FARTHEST {
            Ok(self)
        } else {
            Err(ScaleError::TooFar(format!("{}:{}", self.low, self.high)))
        }
    }

    /// Returns the lowest rating.
    pub fn low(self) -> f32 {
        self.low
    }

    /// Returns the highest rating.
    pub fn high(self) -> f32 {
        self.high
    }

    /// Returns whether a rating is on the scale; NaN is not.
    pub fn contains(self, rating: f32) -> bool {
        (self.low..=self.high).contains(&rating)
    }

    /// Returns a rating that is on the scale.
    ///
    /// # Errors
    /// [`OffScale`] for any other number, and for NaN.
    pub fn check(self, rating: f32) -> Result<f32, OffScale> {
        if self.contains(rating) { Ok(rating) } else { Err(OffScale { rating, scale: self }) }
    }

    /// Returns the lowest rating that counts as a like: four fifths of the highest rating (4 of 5 stars, 8 of
    /// 10), or of the way up if no rating is above 0, unless another was chosen. Lists are measured by the
    /// likes that they find, as in the protocol of Liang, Krishnan, Hoffman and Jebara (2018, section 4), and
    /// to a ranking model likes are worth more than other ratings.
    pub fn liked(self) -> f32 {
        self.liked
    }

    /// Chooses the lowest rating that counts as a like.
    ///
    /// # Errors
    /// [`OffScale`] if it is not on the scale.
    pub fn with_liked(self, liked: f32) -> Result<Self, OffScale> {
        Ok(Self { liked: self.check(liked)?, ..self })
    }

    /// Returns the score from which on a title is recommended: two thirds of the way up (3.5 on the scale
    /// from 0.5 to 5).
    pub fn recommended(self) -> f32 {
        self.low + (self.high - self.low) * 2.0 / 3.0
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self::STARS
    }
}

impl TryFrom<StoredScale> for Scale {
    type Error = String;
    fn try_from(StoredScale { low, high, liked }: StoredScale) -> Result<Self, String> {
        let scale = Self::new(low, high).and_then(Self::trainable).map_err(|error| error.to_string())?;
        scale.with_liked(liked).map_err(|error| error.to_string())
    }
}

impl From<Scale> for StoredScale {
    fn from(Scale { low, high, liked }: Scale) -> Self {
        Self { low, high, liked }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.low, self.high)
    }
}

impl FromStr for Scale {
    type Err = ScaleError;
    fn from_str(text: &str) -> Result<Self, ScaleError> {
        let wrong = || ScaleError::Malformed(text.to_owned());
        let (low, high) = text.split_once(':').ok_or_else(wrong)?;
        let number = |part: &str| part.trim().parse::<f32>().map_err(|_| wrong());
        Self::new(number(low)?, number(high)?).map_err(|_| wrong())?.trainable()
    }
}

/// Counts of ratings by the usual scales, from which the scale of the data is found.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaleCounts {
    /// Ratings counted.
    n: u64,
    /// Ratings on each of the usual scales.
    on: [u64; USUAL.len()],
    /// Ratings that are 0.
    n_zero: u64,
    /// Ratings below 5 with a half, such as 3.5.
    n_half: u64,
    /// Ratings that are whole numbers.
    n_whole: u64,
    /// Ratings of at most 10.
    n_small: u64,
    low: f32,
    high: f32,
}

impl Default for ScaleCounts {
    fn default() -> Self {
        Self {
            n: 0,
            on: [0; USUAL.len()],
            n_zero: 0,
            n_half: 0,
            n_whole: 0,
            n_small: 0,
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
        }
    }
}

/// Why no scale was found.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NoScale {
    /// Whole numbers far beyond a scale, or many small ones with a long tail.
    #[error(
        "the values look like counts of events (plays, clicks), not like ratings: they are whole numbers from \
         {low} to {high}; if they are ratings, name their scale with --scale LOW:HIGH"
    )]
    Counts {
        /// The lowest value.
        low: f32,
        /// The highest value.
        high: f32,
    },
    /// Numbers that do not fit any of the usual scales.
    #[error(
        "the ratings go from {low} to {high}, which does not fit any of the usual scales; name the scale with --scale \
         LOW:HIGH, and ratings outside it are rejected"
    )]
    Unusual {
        /// The lowest value.
        low: f32,
        /// The highest value.
        high: f32,
    },
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "it counts the rows of files, which are so far below 2⁵³ that a thousand times as many fit"
)]
impl ScaleCounts {
    /// Counts a rating, which must be finite.
    pub fn add(&mut self, rating: f32) {
        self.n += 1;
        for (n, scale) in self.on.iter_mut().zip(USUAL) {
            *n += u64::from(scale.contains(rating));
        }
        self.n_zero += u64::from(rating == 0.0);
        let is_half = (rating - rating.floor()).to_bits() == 0.5_f32.to_bits();
        self.n_half += u64::from(is_half && rating < 5.0);
        self.n_whole += u64::from(rating.fract() == 0.0);
        self.n_small += u64::from(rating <= 10.0);
        self.low = self.low.min(rating);
        self.high = self.high.max(rating);
    }

    /// Adds the counts of other ratings.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        for (n, o) in self.on.iter_mut().zip(other.on) {
            *n += o;
        }
        self.n_small += other.n_small;
        self.n_zero += other.n_zero;
        self.n_half += other.n_half;
        self.n_whole += other.n_whole;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    /// Returns the narrowest of the usual scales that holds at least 99.9 per cent of the ratings; without
    /// ratings, the one from 0.5 to 5.
    ///
    /// The scale from 0 to 1 is taken only if there is a 0, and the one from 1 to 5 only for whole stars: a
    /// half star means that the scale begins at 0.5, however few ratings are below 1.
    ///
    /// # Errors
    /// [`NoScale`] if there is no such scale, or if the ratings look like counts of events: whole numbers
    /// that are on no usual scale, or on the one from 0 to 100 with at least half of them at most 10.
    pub fn scale(&self) -> Result<Scale, NoScale> {
        if self.n == 0 {
            return Ok(Scale::STARS);
        }
        let enough = |on: u64| on * 1000 >= self.n * 999;
        let fits = |at: usize, on: u64| {
            enough(on)
                && match at {
                    0 => self.n_zero > 0,
                    1 => self.n_half == 0,
                    _ => true,
                }
        };
        let usual = USUAL.into_iter().zip(self.on).enumerate();
        let found = usual.into_iter().find_map(|(at, (scale, on))| fits(at, on).then_some(scale));
        let (low, high) = (self.low, self.high);
        let is_long_tailed = match found {
            None => true,
            Some(scale) => scale.high > 10.0 && 2 * self.n_small >= self.n,
        };
        if is_long_tailed && low >= 0.0 && enough(self.n_whole) {
            return Err(NoScale::Counts { low, high });
        }
        found.ok_or(NoScale::Unusual { low, high })
    }
}

impl FromIterator<f32> for ScaleCounts {
    fn from_iter<I: IntoIterator<Item = f32>>(ratings: I) -> Self {
        let mut counts = Self::default();
        for rating in ratings {
            counts.add(rating);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ratings: &[f32]) -> Result<String, NoScale> {
        ratings.iter().copied().collect::<ScaleCounts>().scale().map(|scale| scale.to_string())
    }

    #[test]
    fn a_scale_includes_its_ends_and_nothing_beyond() {
        for good in [0.5, 3.7, 5.0] {
            assert!(Scale::STARS.contains(good));
        }
        for bad in [0.0, 0.49, 5.01, -1.0, f32::NAN, f32::INFINITY] {
            assert!(!Scale::STARS.contains(bad), "{bad}");
            assert!(Scale::STARS.with_liked(bad).is_err());
        }
        let error = Scale::STARS.check(5.5).unwrap_err().to_string();
        assert_eq!(error, "rating 5.5 is outside the scale 0.5 to 5");
        assert_eq!(Scale::STARS.with_liked(4.5).map(Scale::liked), Ok(4.5));
    }

    #[test]
    fn scales_are_read_from_text() {
        assert_eq!("1:10".parse(), Scale::new(1.0, 10.0));
        assert_eq!("-10 : 10".parse::<Scale>().unwrap().to_string(), "-10 to 10");
        for bad in ["", "1", "5:1", "1:1", "a:b", "0:inf", "NaN:1", "1:2:3"] {
            assert!(bad.parse::<Scale>().unwrap_err().to_string().starts_with(&format!("{bad:?}")), "{bad}");
        }
    }

    #[test]
    fn scales_are_read_up_to_what_models_can_represent() {
        let stored = |low, high| Scale::try_from(StoredScale { low, high, liked: low });
        let (most, beyond) = (Scale::FARTHEST, Scale::FARTHEST.next_up());
        for (low, high) in [(-most, most), (0.0, most), (-most, 0.0), (most.next_down(), most)] {
            let written: Scale = format!("{low}:{high}").parse().unwrap();
            assert_eq!(written, Scale::new(low, high).unwrap());
            assert!(stored(low, high).is_ok(), "{low}:{high}");
        }
        for (low, high) in [(-most, beyond), (-beyond, 0.0), (0.0, f32::MAX), (f32::MIN, f32::MAX)] {
            // A release may have such a scale.
            assert!(Scale::new(low, high).is_ok());
            let errors = [
                format!("{low}:{high}").parse::<Scale>().unwrap_err().to_string(),
                stored(low, high).unwrap_err(),
            ];
            for error in errors {
                assert!(error.contains("beyond ±10000") && error.contains("divide the ratings"), "{error}");
            }
        }
    }

    #[test]
    fn liked_and_recommended_have_the_same_place_on_every_scale() {
        let at = |text: &str| {
            let scale: Scale = text.parse().unwrap();
            (scale.liked(), (scale.recommended() * 100.0).round() / 100.0)
        };
        assert_eq!(at("0.5:5"), (4.0, 3.5));
        assert_eq!(at("1:5"), (4.0, 3.67));
        assert_eq!(at("1:10"), (8.0, 7.0));
        assert_eq!(at("0:100"), (80.0, 66.67));
        assert_eq!(at("0:1"), (0.8, 0.67));
        assert_eq!(at("-10:10"), (8.0, 3.33));
        assert_eq!(at("-5:0"), (-1.0, -1.67));
    }

    #[test]
    fn the_narrowest_usual_scale_is_found() {
        for (ratings, scale) in [
            (&[1.0, 4.0, 5.0][..], "1 to 5"),
            (&[4.0], "1 to 5"),
            (&[1.0, 3.5], "0.5 to 5"),
            (&[0.5, 1.0], "0.5 to 5"),
            (&[0.0, 5.0], "0 to 5"),
            (&[0.0, 1.0, 1.0], "0 to 1"),
            (&[1.0, 7.0, 10.0], "1 to 10"),
            (&[0.0, 9.5], "0 to 10"),
            (&[-3.25, 9.0], "-10 to 10"),
            (&[10.0, 90.0, 100.0], "0 to 100"),
            (&[], "0.5 to 5"),
        ] {
            assert_eq!(found(ratings).unwrap(), scale, "{ratings:?}");
        }
    }

    #[test]
    fn a_thousandth_may_be_off_the_scale_and_no_more() {
        let mut ratings = vec![3.5; 999];
        ratings.push(55.0);
        assert_eq!(found(&ratings).unwrap(), "0.5 to 5");
        ratings.push(55.0);
        assert_eq!(found(&ratings).unwrap(), "0 to 100");
        // The few half stars at the low end are never cut off.
        let mut ratings = vec![4.0; 5_000];
        ratings.push(0.5);
        assert_eq!(found(&ratings).unwrap(), "0.5 to 5");
    }

    #[test]
    fn counts_and_numbers_without_a_scale_are_refused() {
        let plays = [1.0, 1.0, 2.0, 250.0, 4_999.0];
        assert_eq!(found(&plays), Err(NoScale::Counts { low: 1.0, high: 4_999.0 }));
        assert_eq!(found(&[1.0, 1.0, 1.0, 60.0]), Err(NoScale::Counts { low: 1.0, high: 60.0 }));
        assert_eq!(found(&[300.0, 250.0, 4_999.0]), Err(NoScale::Counts { low: 250.0, high: 4_999.0 }));
        assert_eq!(found(&[150.5, 990.0]), Err(NoScale::Unusual { low: 150.5, high: 990.0 }));
    }

    #[test]
    fn parts_that_are_merged_count_like_the_whole() {
        let ratings: Vec<f32> = (0..500).map(|n| (n % 23) as f32 / 2.0 - 1.0).collect();
        let whole: ScaleCounts = ratings.iter().copied().collect();
        let mut parts = ScaleCounts::default();
        for part in ratings.chunks(77) {
            parts.merge(&part.iter().copied().collect());
        }
        assert_eq!(parts, whole);
    }
}
