//! The one binary: command line and configuration. What may never live here: rules, protocols, stored bytes.

mod cli;
mod command;
mod config;
mod escape;
mod failure;
mod heap;
mod open_files;
mod output;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;

/// What is freed is wiped: buffers of the HTTP/2 and TLS libraries, too, whose contents nobody else wipes.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    forbid_core_dumps();
    open_files::allow_many();
    let output = Output::of_arguments();
    let ended = match Cli::try_parse() {
        Ok(cli) => command::run(cli),
        Err(error) if error.use_stderr() && output == Output::Json => Err(Failure::Usage(error.to_string())),
        // Help and version.
        Err(shown) if !shown.use_stderr() => output::shown(shown.print()),
        // An error for a person.
        Err(shown) => shown.exit(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.print_failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// A core dump would hold every unsealed key: none is written, and no other process of this user may attach.
fn forbid_core_dumps() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Both may be refused inside a sandbox that forbids them itself; there is nothing better to do then.
    let _refused = setrlimit(Resource::Core, none);
    let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
