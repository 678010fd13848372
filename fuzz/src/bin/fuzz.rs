//! libFuzzer on one target, named by the environment variable CLAVIGER_FUZZ_TARGET. `cargo xtask test --only fuzz` builds it with
//! the coverage that libFuzzer wants, and runs each target in turn.

#![no_main]

use std::sync::OnceLock;

use claviger_fuzz::Target;

fn target() -> &'static Target {
    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("CLAVIGER_FUZZ_TARGET").unwrap_or_default();
        let Some(target) = Target::find(&name) else {
            let names: Vec<&str> = claviger_fuzz::ALL.iter().map(|target| target.name).collect();
            let complaint = format!("CLAVIGER_FUZZ_TARGET is `{name}`, not one of: {}", names.join(" "));
            std::process::exit(complain(&complaint));
        };
        // Keys and tables that are made once are no input's fault.
        (target.run)(&[]);
        (target.run)(&[0, 0]);
        target
    })
}

#[allow(clippy::print_stderr, reason = "a command line tool talks on its standard streams")]
fn complain(complaint: &str) -> i32 {
    eprintln!("{complaint}");
    2
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| target().examine(input));
