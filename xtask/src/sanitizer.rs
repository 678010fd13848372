//! The stage `sanitizer`: the tests of the crates with `unsafe` code, primes and keygen, run under AddressSanitizer.
//!
//! Rule kept: the toolchain is the ordinary one. It carries the sanitizer's library; only the switch is marked unstable.

use std::path::Path;

use crate::command::target_directory;
use crate::command::{cargo, host, run};
use crate::report::Outcome;

/// Many whole keys are tested in a stage of their own; a few reach the same code here.
const KEYS: &str = "30/6/3";

/// Runs the tests of both under AddressSanitizer.
pub(crate) fn address(root: &Path) -> Outcome {
    tests(root).into()
}

fn tests(root: &Path) -> Result<(), String> {
    let host = host()?;
    let home = target_directory(root).join("sanitizer");
    let mut command = cargo(root);
    command
        .args(["test", "-p", "claviger-primes", "-p", "claviger-keygen", "--target", &host, "--target-dir"])
        .arg(home);
    // Naming the target keeps the flags away from build scripts.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address -Cdebug-assertions=on");
    // Threads that work until the process ends hold memory then: no leaks.
    command.env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=1").env("CLAVIGER_KEYS", KEYS);
    run(&mut command)
}
