//! The suites of `conformance/`: official SDKs of other languages, each with the toolchain that is there.
//!
//! Rule kept: a language whose toolchain is missing is skipped in plain words; dependencies are fetched by the language's own
//! client, at the versions that the suite pins.

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
        println!("  the OpenSSL command line is missing ({error}); its tests will say that they were skipped");
    }
    let mut wrong = Vec::new();
    for suite in ["python", "python-transfer"] {
        match pytest(root, suite, binary) {
            Ok(mut pytest) => wrong.extend(run(&mut pytest).err()),
            Err(python::Trouble::Missing(what)) => return Outcome::Skipped(what),
            Err(python::Trouble::Broken(what)) => wrong.push(what),
        }
    }
    if wrong.is_empty() { Outcome::Passed } else { Outcome::Failed(wrong.join("; ")) }
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
