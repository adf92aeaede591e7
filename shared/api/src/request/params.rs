//! Parameters of a path, of a query string or of a JSON body.
//!
//! A [`Param`] states the name, the range and the meaning of one parameter, and has the type of its values. A
//! list of parameters is a [`Param`], a tuple of lists, or a [`Group`]. Reading a list reports everything
//! that is wrong with a request at once.

use std::convert::Infallible;
use std::fmt::Debug;
use std::marker::PhantomData;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use catalog::Scale;

use super::reader::Reader;
use super::spec::{Absent, Spec, Values};
use super::value::{Number, Value, Word};
use crate::answer::rounded;
use crate::personal::Caller;
use crate::problem::Problem;

/// Keeps the titles of a platform.
pub(crate) const PLATFORM: Optional<String> = Param::platform("Only titles of this platform, in any case.");

/// The platform a question is about.
pub(crate) const REQUIRED_PLATFORM: Param<String> =
    Param::platform("The platform, in any case.").required("name a platform");

/// The release year a question is about.
pub(crate) const REQUIRED_YEAR: Param<u16> =
    Param::year("year", "The release year.").required("give a release year");

/// A title.
pub(crate) const TITLE_ID: Param<String> =
    Param::id("id", "The id of a title.").required("give the id of a title");

/// A parameter with values of a type, which has to be given or has a default.
#[derive(Debug)]
pub(crate) struct Param<T> {
    pub(crate) spec: Spec,
    value: PhantomData<fn() -> T>,
}

/// A parameter that may be left out.
pub(crate) type Optional<T> = Param<Option<T>>;

impl<T> Param<T> {
    pub(super) const fn with(spec: Spec) -> Self {
        Self { spec, value: PhantomData }
    }

    /// The same parameter, taken from the path.
    pub(crate) const fn in_path(self) -> Self {
        Self::with(Spec { is_in_path: true, ..self.spec })
    }
}

impl<T> Optional<T> {
    const fn new(name: &'static str, values: Values, about: &'static str) -> Self {
        Self::with(Spec { name, values, absent: Absent::Ignored, is_in_path: false, about })
    }

    const fn or(self, absent: Absent) -> Param<T> {
        Param::with(Spec { absent, ..self.spec })
    }

    /// The same parameter, which has to be given; `what` says what to give.
    pub(crate) const fn required(self, what: &'static str) -> Param<T> {
        self.or(Absent::Refused(what))
    }

    /// A text, or what is written as one.
    pub(crate) const fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Values::Text, about)
    }
}

impl<T: Number> Optional<T> {
    /// A whole number from `low` to `high`.
    pub(crate) const fn whole(name: &'static str, low: usize, high: usize, about: &'static str) -> Self {
        Self::new(name, Values::Whole("a whole number", low, high), about)
    }

    /// The same parameter, with a default.
    pub(crate) const fn default(self, value: usize) -> Param<T> {
        self.or(Absent::Default(value))
    }
}

impl Optional<u16> {
    /// A release year.
    pub(crate) const fn year(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Values::Whole("a year", 1, 9999), about)
    }
}

impl Optional<String> {
    /// A platform.
    pub(crate) const fn platform(about: &'static str) -> Self {
        Self::new("platform", Values::Platform, about)
    }

    /// The id of a title or of a user.
    pub(crate) const fn id(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Values::Id, about)
    }
}

impl Optional<f64> {
    /// A number from `low` to `high`; `what` names it in errors.
    pub(crate) const fn number(
        name: &'static str,
        what: &'static str,
        (low, high): (f64, f64),
        about: &'static str,
    ) -> Self {
        Self::new(name, Values::Number(what, low, high), about)
    }

    /// A score on the scale of the release's ratings; see [`Param::on`].
    pub(crate) const fn score(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Values::Score, about)
    }
}

impl Param<f64> {
    /// The same score, to be read on a scale.
    pub(crate) fn on(mut self, scale: Scale) -> Self {
        let (low, high) = score_range(scale);
        self.spec.values = Values::Number("a score", low, high);
        self
    }
}

/// Returns the lowest and the highest mean score that can be asked for. Half a star is the lowest rating, but
/// 0 is a score to compare with too.
pub(crate) fn score_range(scale: Scale) -> (f64, f64) {
    (rounded(scale.low()).min(0.0), rounded(scale.high()))
}

impl<T: Word> Optional<T> {
    /// One of the words of a type.
    pub(crate) const fn word(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Values::OneOf(T::WORDS), about)
    }
}

impl Optional<bool> {
    /// A flag, `false` unless given.
    pub(crate) const fn flag(name: &'static str, about: &'static str) -> Param<bool> {
        Self::new(name, Values::Flag, about).or(Absent::False)
    }
}

impl Optional<Vec<String>> {
    /// A list of ids, empty unless given.
    pub(crate) const fn ids(name: &'static str, most: usize, about: &'static str) -> Param<Vec<String>> {
        Self::new(name, Values::Ids(most), about).or(Absent::Ignored)
    }
}

/// A list of parameters, as the OpenAPI document sees it.
pub(crate) trait Describe: Debug + Send + Sync {
    /// Appends the specifications, in order.
    fn describe(&self, specs: &mut Vec<Spec>);

    /// Returns the specifications, in order.
    fn specs(&self) -> Vec<Spec> {
        let mut specs = Vec::new();
        self.describe(&mut specs);
        specs
    }
}

/// A list of parameters, as a handler sees it.
pub(crate) trait ParamList: Describe {
    /// What a handler gets.
    type Values;

    /// Reads every parameter of the list. Returns `None` if any of them is wrong; the reader has a fault for
    /// each.
    fn read(&self, reader: &mut Reader<'_>) -> Option<Self::Values>;
}

impl<T: Debug> Describe for Param<T> {
    fn describe(&self, specs: &mut Vec<Spec>) {
        specs.push(self.spec);
    }
}

impl<T: Value> ParamList for Param<T> {
    type Values = T;

    fn read(&self, reader: &mut Reader<'_>) -> Option<T> {
        match reader.take(&self.spec) {
            Some(given) => T::read(reader, &self.spec, given),
            None => T::absent(self.spec.absent),
        }
    }
}

impl<T: Value> ParamList for Optional<T> {
    type Values = Option<T>;

    fn read(&self, reader: &mut Reader<'_>) -> Option<Option<T>> {
        match reader.take(&self.spec) {
            Some(given) => T::read(reader, &self.spec, given).map(Some),
            None => Some(None),
        }
    }
}

/// Implements both traits for tuples of lists.
macro_rules! tuples_are_lists {
    ($(($($list:ident: $type:ident),+))*) => {$(
        impl<$($type: Describe),+> Describe for ($($type,)+) {
            fn describe(&self, specs: &mut Vec<Spec>) {
                let ($($list,)+) = self;
                $($list.describe(specs);)+
            }
        }

        impl<$($type: ParamList),+> ParamList for ($($type,)+) {
            type Values = ($($type::Values,)+);

            fn read(&self, reader: &mut Reader<'_>) -> Option<Self::Values> {
                let ($($list,)+) = self;
                // All are read first, so that the faults of all are noted.
                $(let $list = $list.read(reader);)+
                Some(($($list?,)+))
            }
        }
    )*};
}

tuples_are_lists! {
    (a: A, b: B)
    (a: A, b: B, c: C)
    (a: A, b: B, c: C, d: D)
    (a: A, b: B, c: C, d: D, e: E)
    (a: A, b: B, c: C, d: D, e: E, f: F)
    (a: A, b: B, c: C, d: D, e: E, f: F, g: G)
    (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H)
}

/// Parameters that belong together, read as one value.
pub(crate) trait Group: Debug + Send + Sync {
    /// The type of its list.
    type List: ParamList;
    /// What a handler gets.
    type Value;

    /// Its parameters.
    const LIST: Self::List;

    /// Makes the value of the parameters. Returns `None` if they do not go together, after telling the reader
    /// why.
    fn group(reader: &mut Reader<'_>, values: <Self::List as ParamList>::Values) -> Option<Self::Value>;
}

impl<G: Group> Describe for G {
    fn describe(&self, specs: &mut Vec<Spec>) {
        G::LIST.describe(specs);
    }
}

impl<G: Group> ParamList for G {
    type Values = G::Value;

    fn read(&self, reader: &mut Reader<'_>) -> Option<G::Value> {
        let values = G::LIST.read(reader)?;
        G::group(reader, values)
    }
}

/// The empty list.
impl Describe for () {
    fn describe(&self, _: &mut Vec<Spec>) {}
}

impl ParamList for () {
    type Values = ();

    fn read(&self, _: &mut Reader<'_>) -> Option<()> {
        Some(())
    }
}

/// The path and the query of a request, not read yet.
#[derive(Debug)]
pub(crate) struct RawParams {
    /// `None` if a segment is not UTF-8 text.
    path: Option<RawPathParams>,
    query: Option<String>,
    /// `None` if the caller was not identified.
    caller: Option<Caller>,
}

impl<S: Send + Sync> FromRequestParts<S> for RawParams {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path: Result<_, RawPathParamsRejection> = RawPathParams::from_request_parts(parts, state).await;
        let caller = parts.extensions.get::<Caller>().cloned();
        Ok(Self { path: path.ok(), query: parts.uri.query().map(str::to_owned), caller })
    }
}

impl RawParams {
    #[cfg(test)]
    pub(crate) fn of_query(query: &str) -> Self {
        Self { path: None, query: Some(query.to_owned()), caller: None }
    }

    /// Returns the user making the request.
    pub(crate) fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// Reads a list of parameters. Everything that is wrong, in the path and in the query, is in one problem.
    pub(crate) fn read<P: ParamList>(&self, list: &P) -> Result<P::Values, Problem> {
        let mut reader = Reader::of_url(self.path.as_ref(), self.query.as_deref());
        let values = list.read(&mut reader);
        reader.finish(values)
    }
}
