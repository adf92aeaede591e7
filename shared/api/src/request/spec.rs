//! What a parameter may be, as a value that checks requests and describes them.

/// The maximum length of a text, in characters.
pub(crate) const MAX_TEXT: usize = 200;

/// The maximum number of values of a filter.
pub(crate) const MAX_VALUES: usize = 50;

/// The values a parameter may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Values {
    /// A text of at most [`MAX_TEXT`] characters.
    Text,
    /// A platform of the release, in any case.
    Platform,
    /// The id of a title or of a user.
    Id,
    /// At most this many ids.
    Ids(usize),
    /// A whole number in a range, both ends included.
    Whole(&'static str, usize, usize),
    /// A number in a range, both ends included.
    Number(&'static str, f64, f64),
    /// A score on the scale of the release's ratings. To read it, the scale has to be given.
    Score,
    /// `true` or `false`.
    Flag,
    /// One of these words, in any case.
    OneOf(&'static [&'static str]),
    /// At most [`MAX_VALUES`] of these.
    Several(&'static Values),
    /// At most this many ratings by title, in a body.
    Ratings(usize),
}

/// What happens if a parameter is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Absent {
    /// It has no effect.
    Ignored,
    /// It has this value.
    Default(usize),
    /// It is `false`.
    False,
    /// The request is refused; the text says what to give.
    Refused(&'static str),
}

/// What the OpenAPI document says about a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) values: Values,
    pub(crate) absent: Absent,
    /// Whether it is a segment of the path.
    pub(crate) is_in_path: bool,
    /// What it does, in one sentence.
    pub(crate) about: &'static str,
}
