//! What a function is: the routes it answers, the artifacts it reads, and the code that makes a router of
//! them.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use artifact::{Artifact, Kind, Manifest, RatingScale, TitleGenres};
use axum::Router;
use catalog::Scale;
use recommender::{RatingValues, Titles};
use store::{LoadError, ReadStore};

use crate::error::StartError;
use crate::route::Operation;
use crate::settings::Settings;

/// What is deployed as one Lambda function.
///
/// A program that names the functions it takes, such as [`Function::GET_ACTOR`], holds the code of no other.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub(crate) name: &'static str,
    pub(crate) kinds: &'static [Kind],
    pub(crate) optional_kinds: &'static [Kind],
    /// What it alone answers.
    pub(crate) operations: &'static [Operation],
    pub(crate) load: Load,
}

/// Loads the artifacts of a function, and returns the router of its own routes.
pub(crate) type Load = for<'a> fn(Release<'a>) -> Loading<'a>;

/// A load under way.
pub(crate) type Loading<'a> = Pin<Box<dyn Future<Output = Result<Router, StartError>> + Send + 'a>>;

impl Function {
    /// Its name: that of its crate, its binary and its deployment.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The artifacts it cannot start without. It reads no others but the [optional](Self::optional_kinds)
    /// ones.
    pub const fn kinds(self) -> &'static [Kind] {
        self.kinds
    }

    /// The artifacts it reads if the release has them.
    pub const fn optional_kinds(self) -> &'static [Kind] {
        self.optional_kinds
    }
}

/// Two functions are equal if they have the same name.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

/// The release that a function is loaded from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release<'a> {
    pub(crate) store: &'a Arc<dyn ReadStore>,
    pub(crate) manifest: &'a Manifest,
    pub(crate) settings: &'a Settings,
}

impl Release<'_> {
    /// Returns the scale of the ratings.
    pub(crate) fn scale(self) -> Scale {
        scale_of(self.manifest)
    }

    /// Returns whether the release was made from ratings.
    pub(crate) fn has_ratings(self) -> bool {
        self.manifest.has_ratings()
    }

    /// Loads the artifact of a type.
    pub(crate) async fn load<A: Artifact + Send + 'static>(self) -> Result<A, LoadError> {
        store::load(self.store.as_ref(), self.manifest).await
    }

    /// Loads the titles, with their canonical genres if the release has them.
    pub(crate) async fn load_titles(self) -> Result<Titles, StartError> {
        let (titles, genres) = tokio::try_join!(self.load::<Titles>(), self.load_optional::<TitleGenres>())?;
        let Some(genres) = genres else { return Ok(titles) };
        let release = self.manifest.release();
        titles.with_genres(genres).map_err(|source| StartError::Mismatch { release, source })
    }

    /// Loads the artifact of a type if the release has it.
    pub(crate) async fn load_optional<A: Artifact + Send + 'static>(self) -> Result<Option<A>, LoadError> {
        store::load_optional(self.store.as_ref(), self.manifest).await
    }
}

/// Returns what ratings are worth to the ranking model of a release.
pub(crate) fn values_of(manifest: &Manifest) -> RatingValues {
    let scale = scale_of(manifest);
    match manifest.ranking.as_ref().and_then(|ranking| ranking.values) {
        None => RatingValues::of_likes(scale),
        Some(artifact::RatingValues { unliked, slope }) => RatingValues::new(scale, unliked, slope)
            .expect("what ratings are worth is checked when a manifest is read"),
    }
}

/// Returns the scale of a release's ratings.
pub(crate) fn scale_of(manifest: &Manifest) -> Scale {
    let RatingScale { low, high, liked } = manifest.scale;
    let scale = Scale::new(low, high).expect("a manifest's scale is checked when it is read");
    liked.map_or(scale, |liked| scale.with_liked(liked).expect("a manifest's likes are on its scale"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ratings_are_worth_is_that_of_the_manifest() {
        let scale = RatingScale { low: 1.0, high: 10.0, liked: Some(7.0) };
        let values = Some(artifact::RatingValues { unliked: 0.5, slope: 0.25 });
        let ranking = |values| artifact::RankingSummary {
            algorithm: artifact::ModelName::Ials,
            n_factors: 2,
            verdict: String::new(),
            values,
        };
        let manifest = |values| Manifest {
            scale,
            ranking: Some(ranking(values)),
            ..Manifest::of(std::iter::empty::<artifact::ArtifactEntry>())
        };
        let scale = Scale::new(1.0, 10.0).unwrap().with_liked(7.0).unwrap();
        assert_eq!(values_of(&manifest(values)), RatingValues::new(scale, 0.5, 0.25).unwrap());
        assert_eq!(values_of(&manifest(None)), RatingValues::of_likes(scale));
    }
}
