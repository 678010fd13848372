//! The result of a check.

use std::fmt;

use super::sources::Source;

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, from the root of the repository.
    pub(super) path: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// The name of the rule.
    pub(super) rule: &'static str,
    /// What is wrong, and what to do instead.
    pub(super) advice: String,
}

impl Finding {
    pub(super) fn new(source: &Source, line: usize, rule: &'static str, advice: impl Into<String>) -> Self {
        Self { path: source.path.clone(), line, rule, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}
