//! What requests bring: parameters in the path and in the query, and one JSON body.
//!
//! A list of parameters is a value: [`params::ParamList::read`] checks a request against it, and [`Describe`]
//! gives it to the OpenAPI document.

pub(crate) mod lists;
mod paging;
mod params;
mod ratings;
mod reader;
mod several;
mod spec;
pub(crate) mod value;

pub(crate) use lists::{Filters, ListOfTitles, N};
pub(crate) use paging::Paging;
pub(crate) use params::{
    Describe, Optional, PLATFORM, Param, REQUIRED_PLATFORM, REQUIRED_YEAR, RawParams, TITLE_ID, score_range,
};
pub(crate) use ratings::{RATINGS, read_ratings};
pub(crate) use several::{Name, Several, as_texts, names};
pub(crate) use spec::{Absent, MAX_TEXT, MAX_VALUES, Spec, Values};
