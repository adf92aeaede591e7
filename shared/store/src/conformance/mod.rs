//! What every store must do, as one suite that runs against each of them, and the releases that it publishes.

mod collection;
mod fixture;
mod objects;
mod releases;
mod watched;

use std::sync::Arc;

use crate::Store;

pub use fixture::{release, release_of_size};

type Shared = Arc<dyn Store>;

/// Runs the suite. `open` returns a handle to the store of a name. The store of a new name is empty, and two
/// handles of one name have the same objects. The suite needs a tokio runtime; races are real only on one
/// with several threads.
///
/// # Panics
/// If the store does not conform; the message says how.
pub async fn conformance(open: &dyn Fn(&str) -> Shared) {
    objects::objects_come_back(open("objects")).await;
    objects::a_known_version_is_not_read_again(open("known")).await;
    objects::ranges_come_back(open("parts")).await;
    objects::lists_are_sorted_and_by_prefix(open("list")).await;
    objects::keys_are_checked(open("keys")).await;
    objects::immutable_objects_are_written_once(open("immutable")).await;
    objects::bodies_of_every_kind_arrive_complete(open("bodies")).await;
    objects::conditional_writes_have_one_winner(open("conditional")).await;
    objects::racing_writers_lose_no_update(open("race"), open("race")).await;
    releases::publishing_moves_the_pointer_last(open("publish")).await;
    releases::publishing_twice_changes_nothing(open("twice")).await;
    releases::a_release_keeps_its_signature(open("signature")).await;
    releases::artifacts_that_do_not_match_are_not_published(open("mismatch")).await;
    releases::of_two_publishers_one_wins(open("publishers"), open("publishers")).await;
    releases::an_overtaken_publisher_changes_nothing(open("overtaken")).await;
    releases::readers_see_one_release_or_another(open("readers"), open("readers")).await;
    releases::rolling_back_moves_the_pointer(open("rollback")).await;
    releases::the_pointer_moves_only_to_a_release_that_passes_the_check(open("check")).await;
    releases::damage_is_refused_by_name(open("damage")).await;
    releases::well_named_artifacts_are_refused_by_their_step(open("well-named")).await;
    collection::a_collection_keeps_what_it_should(open("collect")).await;
    collection::a_collection_removes_nothing_young_or_unknown(open("young")).await;
    collection::collectors_and_publishers_meet(&|name| open(name)).await;
}
