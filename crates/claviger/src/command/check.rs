//! `serve --check`: reports what a start would find.

use std::path::Path;

use claviger_server::{Finding, inspect};

use crate::config;
use crate::failure::Failure;
use crate::open_files;
use crate::output::print_text;

/// Prints one line per check. It changes nothing and can run while the server runs.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    let mut options = config::read(path)?;
    let readable = format!("{} can be read, nobody else can change it, and every setting is allowed", path.display());
    let mut findings = vec![Finding { subject: "configuration", outcome: Ok(readable) }];
    let wanted = options.connections_max;
    findings.push(Finding {
        subject: "open files",
        outcome: open_files::check_limit(&mut options)
            .map(|()| format!("enough for {wanted} connections"))
            .map_err(|error| error.to_string()),
    });
    findings.extend(inspect(&options));
    for Finding { subject, outcome } in &findings {
        let (word, text) = match outcome {
            Ok(text) => ("ok   ", text),
            Err(text) => ("wrong", text),
        };
        print_text(&format!("{word}  {subject:20} {text}\n"))?;
    }
    match findings.iter().filter(|finding| finding.outcome.is_err()).count() {
        0 => Ok(()),
        count => Err(Failure::Check(count)),
    }
}
