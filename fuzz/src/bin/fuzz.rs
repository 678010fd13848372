//! Runs libFuzzer on the target in the environment variable CLAVIGER_FUZZ_TARGET. `cargo xtask test --only fuzz` builds it
//! with coverage instrumentation and runs each target in turn.

#![no_main]

use std::sync::OnceLock;

use claviger_fuzz::Target;

fn target() -> &'static Target {
    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("CLAVIGER_FUZZ_TARGET").unwrap_or_default();
        let Some(target) = Target::find(&name) else {
            let names: Vec<&str> = claviger_fuzz::ALL.iter().map(|target| target.name).collect();
            let message = format!("CLAVIGER_FUZZ_TARGET is `{name}`, not one of: {}", names.join(" "));
            std::process::exit(print_error(&message));
        };
        // Initializes keys and tables, so that their allocations do not count against an input.
        (target.run)(&[]);
        (target.run)(&[0, 0]);
        target
    })
}

#[allow(clippy::print_stderr, reason = "a command line tool writes to its standard streams")]
fn print_error(message: &str) -> i32 {
    eprintln!("{message}");
    2
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| target().examine(input));
