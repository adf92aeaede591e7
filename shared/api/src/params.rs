//! Query strings: every parameter by name, with its range, and every fault told at once.

use std::borrow::Cow;
use std::str::FromStr;

use catalog::{DurationUnit, Kind};

use crate::problem::{ParameterError, Problem};

/// Years that a release can be of.
const YEARS: (u16, u16) = (1, 9999);

/// The parameters of one request. Take each by name, then [`Params::finish`].
#[derive(Debug)]
pub(crate) struct Params<'a> {
    given: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    known: Vec<&'static str>,
    errors: Vec<ParameterError>,
}

impl<'a> Params<'a> {
    pub(crate) fn new(query: Option<&'a str>) -> Self {
        let given = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
        Self { given, known: Vec::new(), errors: Vec::new() }
    }

    fn fail(&mut self, parameter: &str, problem: impl Into<String>) {
        self.errors.push(ParameterError { parameter: parameter.to_owned(), problem: problem.into() });
    }

    /// The text of a parameter; an empty one counts as not given.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let mut values = self.given.iter().filter(|(n, _)| n == name).map(|(_, v)| v.trim().to_owned());
        let value = values.next();
        if values.next().is_some() {
            self.fail(name, "is given more than once");
        }
        value.filter(|v| !v.is_empty())
    }

    /// A parameter that has to be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        what: &str,
        take: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        let before = self.errors.len();
        let value = take(self, name);
        if value.is_none() && self.errors.len() == before {
            self.fail(name, format!("is missing; {what}"));
        }
        value
    }

    fn parsed<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok().filter(fits);
        if value.is_none() {
            self.fail(name, format!("{text:?} is not {expected}"));
        }
        value
    }

    pub(crate) fn year(&mut self, name: &'static str) -> Option<u16> {
        let (low, high) = YEARS;
        self.parsed(name, &format!("a year from {low} to {high}"), |year| (low..=high).contains(year))
    }

    pub(crate) fn number(&mut self, name: &'static str, low: usize, high: usize) -> Option<usize> {
        self.parsed(name, &format!("a whole number from {low} to {high}"), |n| (low..=high).contains(n))
    }

    pub(crate) fn score(&mut self, name: &'static str) -> Option<f64> {
        self.parsed(name, "a score from 0 to 5", |score: &f64| (0.0..=5.0).contains(score))
    }

    pub(crate) fn kind(&mut self, name: &'static str) -> Option<Kind> {
        self.parsed(name, "one of movie, series", |_| true)
    }

    pub(crate) fn unit(&mut self, name: &'static str) -> Option<DurationUnit> {
        self.parsed(name, "one of min, season", |_| true)
    }

    /// An id in the query.
    pub(crate) fn id(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        match catalog::check_id(text.as_bytes()) {
            Ok(()) => Some(text),
            Err(error) => {
                self.fail(name, error.to_string());
                None
            }
        }
    }

    /// All faults, those of unknown names included; else `value`.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        let known = self.known.join(", ");
        let strangers: Vec<String> = self
            .given
            .iter()
            .filter(|(name, _)| !self.known.contains(&name.as_ref()))
            .map(|(name, _)| name.clone().into_owned())
            .collect();
        for name in strangers {
            self.fail(&name, format!("is not a parameter of this route; there are {known}"));
        }
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::invalid(self.errors)),
        }
    }
}
