//! The suites of `conformance/`, which test the server with official SDKs of other languages.
//!
//! A language without an installed toolchain is skipped with a message. The package manager of each language fetches the
//! dependencies, at the versions that the suite pins.

mod exchange;
mod readers;
mod server;
mod toolchains;

use std::path::Path;

pub(crate) use exchange::exchange;
pub(crate) use readers::readers;

use self::toolchains::{go_test, maven_test, pytest};
use crate::command::{self, run};
use crate::python;
use crate::report::Outcome;

/// The Python suites, one after the other.
pub(crate) fn python(root: &Path, binary: &Path) -> Outcome {
    if command::find("openssl").is_none()
        && let Err(error) = command::apt_install(&["openssl"])
    {
        println!("  the OpenSSL command line is missing ({error}); the tests that need it are skipped");
    }
    let mut failures = Vec::new();
    for suite in ["python", "python-transfer"] {
        match pytest(root, suite, binary) {
            Ok(mut pytest) => failures.extend(run(&mut pytest).err()),
            Err(python::ToolError::Missing(what)) => return Outcome::Skipped(what),
            Err(python::ToolError::Failed(what)) => failures.push(what),
        }
    }
    if failures.is_empty() { Outcome::Passed } else { Outcome::Failed(failures.join("; ")) }
}

/// The Go suite.
pub(crate) fn go(root: &Path, binary: &Path) -> Outcome {
    match go_test(root, binary) {
        Ok(mut go) => run(go.arg(".")).into(),
        Err(missing) => Outcome::Skipped(missing),
    }
}

/// The Java suite.
pub(crate) fn java(root: &Path, binary: &Path) -> Outcome {
    match maven_test(root, binary) {
        Ok(mut maven) => run(&mut maven).into(),
        Err(missing) => Outcome::Skipped(missing),
    }
}
