//! The program: command line and configuration. Does not belong here: access rules, protocols, storage formats.

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

/// Wipes memory when it is freed, including buffers of the HTTP/2 and TLS libraries, which nothing else wipes.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    forbid_core_dumps();
    open_files::raise_limit();
    let output = Output::of_arguments();
    let ended = match Cli::try_parse() {
        Ok(cli) => command::run(cli),
        Err(error) if error.use_stderr() && output == Output::Json => Err(Failure::Usage(error.to_string())),
        // Help and version, which go to standard output.
        Err(shown) if !shown.use_stderr() => output::check_written(shown.print()),
        // An error as text, on standard error.
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

/// Disables core dumps, which would contain every unsealed key, and attaching by other processes of this user.
fn forbid_core_dumps() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // A sandbox that already forbids both may refuse these calls; nothing more can be done then.
    let _refused = setrlimit(Resource::Core, none);
    let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
