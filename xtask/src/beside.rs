//! Stages that run beside others: a process of its own that runs them, and what it printed, shown when it has ended. They
//! leave a core idle by themselves, as the stage that runs meanwhile does.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::report::Outcome;

/// A stage that runs in another process.
pub(crate) struct Beside {
    child: Child,
    printed: PathBuf,
}

/// A stage that has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) printed: String,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

impl Beside {
    /// Starts this program again for one stage; `options` are further words for it.
    ///
    /// # Errors
    /// In plain words, when it cannot be started.
    pub(crate) fn start(folder: &Path, stage: &str, options: &[&str]) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{stage} could not be started beside other stages: {error}");
        fs::create_dir_all(folder).map_err(failed)?;
        let printed = folder.join(format!("{stage}.txt"));
        let file = File::create(&printed).map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["test", "--only", stage]).args(options).stdin(Stdio::null());
        command.stderr(file.try_clone().map_err(failed)?).stdout(file);
        Ok(Self { child: command.spawn().map_err(failed)?, printed })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// In plain words, when it cannot be told what became of it.
    pub(crate) fn end(mut self) -> Result<Ended, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.printed.display());
        let status = self.child.wait().map_err(failed)?;
        let printed = String::from_utf8_lossy(&fs::read(&self.printed).map_err(failed)?).into_owned();
        let Some((took, outcome)) = outcome(&printed) else {
            return Err(format!("it ended with {status} and printed no summary:\n{printed}"));
        };
        if outcome == Outcome::Passed && !status.success() {
            return Err(format!("it ended with {status} although it passed:\n{printed}"));
        }
        Ok(Ended { printed, took, outcome })
    }
}

/// As the closing summary of the one stage says (`report.rs`). What is wrong may have further lines, which were printed before.
fn outcome(printed: &str) -> Option<(Duration, Outcome)> {
    printed.lines().rev().find_map(of_row)
}

fn of_row(row: &str) -> Option<(Duration, Outcome)> {
    let (figures, why) = row.split_once(" s  ").unwrap_or((row.strip_suffix(" s").unwrap_or(row), ""));
    let mut words = figures.split_whitespace();
    let outcome = match words.next()? {
        "passed" => Outcome::Passed,
        "failed" => Outcome::Failed(why.to_owned()),
        "skipped" => Outcome::Skipped(why.to_owned()),
        _ => return None,
    };
    let seconds: f64 = words.next_back()?.parse().ok()?;
    Some((Duration::try_from_secs_f64(seconds).ok()?, outcome))
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Ended already, unless the run was given up.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    #[test]
    fn the_outcome_is_read_from_the_summary() {
        let took = Duration::from_millis(1500);
        for what in [0, 1, 2] {
            let outcomes = || {
                let failed = Outcome::Failed("it  fell in 3 s  flat".into());
                [Outcome::Passed, failed, Outcome::Skipped("no Go".into())].into_iter().nth(what).unwrap()
            };
            let mut report = Report::default();
            report.add("conformance-go", took, outcomes());
            assert_eq!(outcome(&format!("words\n\n{report}")), Some((took, outcomes())));
        }
        let mut report = Report::default();
        report.add("docs", took, Outcome::Failed("README.md:28: `claviger dev` ended:\nport in use\n".into()));
        let first = Outcome::Failed("README.md:28: `claviger dev` ended:".into());
        assert_eq!(outcome(&report.to_string()), Some((took, first)));
        for text in ["", "killed\n", "passed\n1 passed, 0 failed, 0 skipped\n"] {
            assert_eq!(outcome(text), None, "{text:?}");
        }
    }
}
