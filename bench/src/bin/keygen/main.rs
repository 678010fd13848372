//! Measures key generation: every engine of this project and, in the same rounds, `aws-lc-rs`, RustCrypto and (feature
//! `openssl`) the system's OpenSSL.
//!
//! The implementations take turns round by round, so that other load on the machine affects all of them alike. Times are the
//! thread's own CPU time and include the encodings. `--quick` measures briefly, `--json` prints JSON, `--only SPEC` measures one
//! spec. Progress goes to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod implementations;
mod measure;
mod report;

use std::error::Error;

use claviger_keygen::PairSpec;

use crate::measure::Effort;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut effort, mut as_json, mut only) = (Effort::FULL, false, None);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--quick" => effort = Effort::QUICK,
            "--json" => as_json = true,
            "--only" => {
                let name = words.next().unwrap_or_default();
                only = Some(PairSpec::parse(name).ok_or_else(|| format!("--only: no spec is named {name:?}"))?);
            }
            other => return Err(format!("usage: keygen [--quick] [--json] [--only SPEC]; not {other:?}").into()),
        }
    }
    let (mut rows, mut cores) = (Vec::new(), Vec::new());
    for spec in PairSpec::ALL.into_iter().filter(|spec| only.is_none_or(|only| only == *spec)) {
        rows.extend(measure::interleaved(spec, effort)?);
        cores.push(measure::all_cores(spec, effort)?);
    }
    if as_json {
        println!("{:#}", report::json(&rows, &cores));
    } else {
        print!("{}", report::table(&rows, &cores));
    }
    Ok(())
}
