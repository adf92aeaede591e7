//! Artifacts of a release, and the one table of how each kind is decoded.

use std::borrow::Cow;

use artifact::{Analysis, Artifact, EncodeError, Kind, PseudonymKey, ReadError, TitleGenres, UserDigests};
use bytes::Bytes;
use catalog::{TitleTable, UserId};
use dataset::Data;
use eda::Eda;
use progress::Reporter;
use queries::{actor, count_platform, max_duration, score_count, title_count, title_search};
use recommender::{
    FactorModel, ItemModel, ItemModelParts, Neighbors, RankingModel, Titles, User, UserBlock, UserIndex,
    UserShape,
};
use train::ranking::Fitted;

use crate::users::{UsersOutput, WriteUsersError, WrittenUsers};
use crate::{BuildError, Models};

/// Builds and seals all artifacts.
pub(crate) fn all(
    data: &Data<'_>,
    models: &Models,
    analysis: &Eda,
    pseudonyms: Option<&PseudonymKey>,
    reporter: &dyn Reporter,
) -> Result<Vec<(Kind, Bytes)>, BuildError> {
    let (titles, ratings) = (data.titles, data.ratings);
    let fitted = models.ranking.as_ref().and_then(|ranking| ranking.fitted.as_ref());
    let rating_model = over_editions(models.rating.model.items().clone().into_parts(), &data.works)?;
    let ranking_model = fitted.map(|fitted| ranking_over_editions(fitted, &data.works)).transpose()?;

    reporter.start("writing artifacts", Kind::ALL.len() as u64, "artifacts");
    let users = users(data, &models.rating.model, fitted, pseudonyms)?;
    let mut artifacts = vec![
        sealed(&max_duration::build(titles), reporter)?,
        sealed(&score_count::build(titles, ratings), reporter)?,
        sealed(&count_platform::build(titles), reporter)?,
        sealed(&actor::build(titles), reporter)?,
        sealed(&title_count::build(titles), reporter)?,
        sealed(&Titles::build(titles, ratings), reporter)?,
        sealed(&genres(titles), reporter)?,
        sealed(&rating_model, reporter)?,
        sealed(&title_search::build(titles, ratings), reporter)?,
        sealed(&analysis.artifact(), reporter)?,
        sealed(&users.index, reporter)?,
        sealed(&users.digests, reporter)?,
        (Kind::Users, users.out.into()),
    ];
    if let Some(model) = &ranking_model {
        artifacts.push(sealed(model, reporter)?);
    }
    if let Some(neighbors) = fitted.and_then(|fitted| fitted.neighbors.as_ref()) {
        artifacts.push(sealed(neighbors, reporter)?);
    }
    reporter.finish();
    Ok(artifacts)
}

/// Decodes one artifact of any kind thoroughly. An artifact of [`Kind::Users`] is one block.
///
/// # Errors
/// Returns the step of reading that failed.
pub fn check(kind: Kind, bytes: &[u8]) -> Result<(), ReadError> {
    match kind {
        Kind::MaxDuration => max_duration::Index::from_bytes(bytes).map(drop),
        Kind::ScoreCount => score_count::Index::from_bytes(bytes).map(drop),
        Kind::CountPlatform => count_platform::Index::from_bytes(bytes).map(drop),
        Kind::Actor => actor::Index::from_bytes(bytes).map(drop),
        Kind::Genres => TitleGenres::from_bytes(bytes).map(drop),
        Kind::TitleCount => title_count::Index::from_bytes(bytes).map(drop),
        Kind::Titles => Titles::from_bytes(bytes).map(drop),
        Kind::RatingModel => ItemModel::from_bytes(bytes).map(drop),
        Kind::RankingModel => RankingModel::from_bytes(bytes).map(drop),
        Kind::Neighbors => Neighbors::from_bytes(bytes).map(drop),
        Kind::TitleSearch => title_search::Index::from_bytes(bytes).map(drop),
        Kind::Eda => Ok(Analysis::from_bytes(bytes)?.check_policy()?),
        Kind::Users => UserBlock::from_bytes(bytes).map(drop),
        Kind::UserIndex => UserIndex::from_bytes(bytes).map(drop),
        Kind::UserDigests => UserDigests::from_bytes(bytes).map(drop),
        Kind::TrainedModel => FactorModel::from_bytes(bytes).map(drop),
    }
}

fn sealed<T: Artifact>(value: &T, reporter: &dyn Reporter) -> Result<(Kind, Bytes), EncodeError> {
    let bytes = value.to_bytes()?;
    reporter.advance(1);
    Ok((T::KIND, bytes.into()))
}

/// Collects the canonical genres of all titles.
fn genres(titles: &TitleTable) -> TitleGenres {
    TitleGenres::new(titles.titles().iter().map(|title| &title.canonical_genres[..]))
}

/// Builds the users with both models' vectors and their ratings, as one object in blocks, with its index.
/// With a key, ids are replaced by pseudonyms and users are sorted by pseudonym, which reveals nothing about
/// the order of ids.
fn users(
    data: &Data<'_>,
    model: &FactorModel,
    ranking: Option<&Fitted>,
    pseudonyms: Option<&PseudonymKey>,
) -> Result<WrittenUsers<Vec<u8>>, WriteUsersError> {
    let ratings = data.ratings;
    let shape = UserShape {
        n_factors: model.n_factors(),
        n_ranking_factors: ranking.map(|ranking| ranking.model.n_factors()),
        n_titles: model.n_items(),
    };
    // In memory, because `store::publish` takes it so; it is smaller than the tables and models it is made
    // from.
    let mut output = UsersOutput::new(shape, Vec::new());
    let ids = ratings.users().iter().map(|id| match pseudonyms {
        Some(key) => Cow::Owned(key.pseudonym(id.as_str())),
        None => Cow::Borrowed(id.as_str()),
    });
    let mut users: Vec<(Cow<'_, str>, usize)> = ids.zip(0..).collect();
    users.sort_unstable_by(|a, b| UserId::cmp_text(&a.0, &b.0));
    for (id, user) in users {
        let rows = ratings.rows_of(user);
        output.push(User {
            id: &id,
            bias: model.user_bias()[user],
            vector: model.user_vector(user),
            ranking_vector: ranking.map(|ranking| ranking.user_vector(user)),
            title_idx: &ratings.title_idx()[rows.clone()],
            rating: &ratings.rating()[rows],
        })?;
    }
    output.finish()
}

/// Gives all titles of a work the bias and factors of the work's first title.
fn over_editions(mut parts: ItemModelParts, works: &[u32]) -> Result<ItemModel, BuildError> {
    let k = parts.n_factors;
    for (title, &work) in works.iter().enumerate() {
        let work = work as usize;
        parts.item_bias[title] = parts.item_bias[work];
        parts.item_factors.copy_within(work * k..(work + 1) * k, title * k);
    }
    Ok(ItemModel::new(parts)?)
}

fn ranking_over_editions(fitted: &Fitted, works: &[u32]) -> Result<RankingModel, BuildError> {
    let items = over_editions(fitted.model.to_parts(), works)?;
    Ok(RankingModel::new(items, fitted.model.weights())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_analysis_with_another_policy_is_refused() {
        let of = |policy: &str| {
            let page = "<!DOCTYPE html>\n<script>fetch('/users/1')</script>".to_owned();
            Analysis::new("{}".to_owned(), policy.to_owned(), page).unwrap().to_bytes().unwrap()
        };
        assert!(check(Kind::Eda, &of(artifact::page_policy())).is_ok());
        assert!(check(Kind::Eda, &of("default-src 'none'")).is_ok());
        for policy in ["script-src * 'unsafe-inline'", "default-src 'none'; script-src 'sha256-AAAA'"] {
            let refused = check(Kind::Eda, &of(policy)).unwrap_err().to_string();
            assert!(refused.contains("policy"), "{refused}");
        }
    }
}
