//! The stage `sanitizer`: runs the tests of the crates with `unsafe` code, primes and keygen, under AddressSanitizer.
//!
//! It needs no nightly toolchain: the stable one contains the sanitizer's library, and only the flag is unstable.

use std::path::Path;

use crate::command::{cargo, host, run, target_directory};
use crate::report::Outcome;

/// A few keys suffice to reach all code; the stage `keys` tests many.
const KEYS: &str = "30/6/3";

/// Runs the tests of both crates under AddressSanitizer.
pub(crate) fn address(root: &Path) -> Outcome {
    tests(root).into()
}

fn tests(root: &Path) -> Result<(), String> {
    let host = host()?;
    let home = target_directory(root).join("sanitizer");
    let mut command = cargo(root);
    command
        .args(["test", "-p", "claviger-primes", "-p", "claviger-keygen", "--target", &host])
        // Leaves out the examples in the documentation, because cargo links them without the sanitizer.
        .args(["--lib", "--tests", "--target-dir"])
        .arg(home);
    // With an explicit target, the flags do not apply to build scripts.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address -Cdebug-assertions=on");
    // No leak detection: threads that run until the process exits still own memory then.
    command.env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=1").env("CLAVIGER_KEYS", KEYS);
    run(&mut command)
}
