//! The parameters that single routes have.

use crate::params::{Absent, Spec, Values};

pub(crate) const YEAR: Spec = Spec::year("year", "Only titles of this release year.");
pub(crate) const PLATFORM: Spec =
    Spec::new("platform", Values::Platform, "Only titles of this platform, in any case.");
pub(crate) const DURATION_TYPE: Spec = Spec::new(
    "duration_type",
    Values::Unit,
    "Films by their minutes (`min`, where it is not said) or series by their seasons.",
);
pub(crate) const OF_PLATFORM: Spec = Spec::new("platform", Values::Platform, "The platform, in any case.")
    .or(Absent::Refused("name a platform"));
pub(crate) const OF_YEAR: Spec =
    Spec::year("year", "The release year.").or(Absent::Refused("give a release year"));
pub(crate) const SCORED: Spec =
    Spec::new("scored", Values::Number("a score", 0.0, 5.0), "The mean score that a film has to be above.")
        .or(Absent::Refused("give a score from 0 to 5"));
pub(crate) const OF_USER: Spec =
    Spec::new("user_id", Values::Id, "The id of a user; one that the release does not know is a new one.")
        .or(Absent::Refused("give the id of a user"));
pub(crate) const OF_TITLE: Spec =
    Spec::new("id", Values::Id, "The id of a title.").or(Absent::Refused("give the id of a title"));
pub(crate) const OF_READER: Spec = Spec::new("id", Values::Id, "The id of a user who has rated something.")
    .or(Absent::Refused("give the id of a user"));
pub(crate) const Q: Spec = Spec::new(
    "q",
    Values::Text,
    "Words of the name or beginnings of them, in any order; accents, case and a typing error do not count. Without it, the most rated titles.",
);
