use artifact::Invalid;
use catalog::Scale;

/// What ratings are worth to the ranking model: how much each says that a user chooses titles like the rated
/// one. A like that is just what the user gives on average is worth 1, and a title that was not rated
/// nothing.
///
/// `v = b + slope·(r − m)/s`, where `b` is 1 for a like and `unliked` for any other rating, `m` is what the
/// user gives on average, and `s` is a quarter of the scale's width: one star on a scale from 1 to 5. `m` is
/// shrunk towards what is usual, `m = (5c + Σr)/(5 + n)`, where `c` is [`Scale::recommended`].
///
/// A value below 0 makes titles like the rated one sink. The ranking model takes `|v|` for the weight and the
/// sign for the target (the confidence and the preference of Hu, Koren and Volinsky 2008, section 4), and
/// multiplies the weights of neighbors by `v`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatingValues {
    scale: Scale,
    unliked: f32,
    slope: f32,
}

impl RatingValues {
    /// The number of usual ratings that a user's average is shrunk by.
    const USUAL_RATINGS: f64 = 5.0;

    /// Takes `unliked` and `slope`, each from 0 to 1.
    ///
    /// # Errors
    /// One of them is out of range.
    pub fn new(scale: Scale, unliked: f32, slope: f32) -> Result<Self, Invalid> {
        Invalid::unless((0.0..=1.0).contains(&unliked), "unliked", "not from 0 to 1")?;
        Invalid::unless((0.0..=1.0).contains(&slope), "slope", "not from 0 to 1")?;
        Ok(Self { scale, unliked, slope })
    }

    /// Makes every like worth 1, and every other rating nothing.
    pub fn of_likes(scale: Scale) -> Self {
        Self { scale, unliked: 0.0, slope: 0.0 }
    }

    /// Returns whether a rating is a like.
    pub fn is_like(self, rating: f32) -> bool {
        rating >= self.scale.liked()
    }

    /// Returns what a user gives on average, shrunk, from the sum and the number of their ratings.
    pub fn mean(self, sum: f64, n: usize) -> f64 {
        let (low, high) = (f64::from(self.scale.low()), f64::from(self.scale.high()));
        let usual = low + (high - low) * 2.0 / 3.0;
        (Self::USUAL_RATINGS * usual + sum) / (Self::USUAL_RATINGS + n as f64)
    }

    /// Returns the value of a rating by a user with this mean.
    pub fn value(self, rating: f32, mean: f64) -> f32 {
        let base = if self.is_like(rating) { 1.0 } else { f64::from(self.unliked) };
        let star = (f64::from(self.scale.high()) - f64::from(self.scale.low())) / 4.0;
        (base + f64::from(self.slope) * (f64::from(rating) - mean) / star) as f32
    }

    /// Returns titles and the values of their ratings, without those whose value is 0. The ratings are all
    /// that the user gave.
    pub fn of_rated<T>(self, rated: impl Iterator<Item = (T, f32)> + Clone) -> Vec<(T, f32)> {
        let (sum, n) = rated
            .clone()
            .fold((0.0, 0_usize), |(sum, n), (_, rating)| (sum + f64::from(rating), n.saturating_add(1)));
        let mean = self.mean(sum, n);
        rated
            .map(|(title, rating)| (title, self.value(rating, mean)))
            .filter(|&(_, value)| value != 0.0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stars(unliked: f32, slope: f32) -> RatingValues {
        RatingValues::new(Scale::new(1.0, 5.0).unwrap(), unliked, slope).unwrap()
    }

    #[test]
    fn values_follow_the_formula() {
        // The scale recommends from 11/3 on, so the mean is (55/3 + 9)/8 = 41/12.
        let values = stars(0.5, 0.3).of_rated([(7, 5.0), (2, 3.0), (9, 1.0)].into_iter());
        let expected = [1.0 + 0.3 * 19.0 / 12.0, 0.5 - 0.3 * 5.0 / 12.0, 0.5 - 0.3 * 29.0 / 12.0];
        assert!(values.iter().zip(expected).all(|(a, b)| (f64::from(a.1) - b).abs() < 1e-6), "{values:?}");
        assert_eq!(values.iter().map(|of| of.0).collect::<Vec<_>>(), [7, 2, 9]);
        // On a scale that no model can be trained on, likes are still worth 1.
        for scale in [Scale::STARS, Scale::new(f32::MIN, f32::MAX).unwrap()] {
            let likes = RatingValues::of_likes(scale);
            let rated = [scale.high(), scale.low(), scale.liked()];
            assert_eq!(likes.of_rated((0..).zip(rated)), [(0, 1.0), (2, 1.0)], "{scale}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (unliked, slope) in [(1.1, 0.0), (-0.1, 0.0), (0.0, f32::NAN), (0.0, 1.5), (f32::INFINITY, 0.0)] {
            assert!(RatingValues::new(Scale::STARS, unliked, slope).is_err(), "{unliked} {slope}");
        }
    }

    proptest! {
        #[test]
        fn a_better_rating_is_never_worth_less_on_any_scale(
            low in -20_f32..20.0, width in 0.5_f32..100.0, of in prop::collection::vec(0_f32..=1.0, 2..20),
            unliked in 0_f32..=1.0, slope in 0_f32..=1.0,
        ) {
            let scale = Scale::new(low, low + width).unwrap();
            let mut ratings: Vec<f32> = of.into_iter().map(|at| low + width * at).collect();
            ratings.sort_unstable_by(f32::total_cmp);
            let values = RatingValues::new(scale, unliked, slope).unwrap();
            let values = values.of_rated((0..).zip(ratings));
            let bounded = values.iter().all(|of| of.1.abs() <= 6.0);
            prop_assert!(values.is_sorted_by_key(|of| of.1) && bounded, "{:?}", values);
        }
    }
}
