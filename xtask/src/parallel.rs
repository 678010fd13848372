//! Stages that run in parallel with others, each in its own process whose output is shown at the end. They run in parallel
//! because each of them, and the stage that runs meanwhile, leaves a core idle.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::report::Outcome;

/// A stage that runs in another process.
pub(crate) struct ParallelStage {
    child: Child,
    output_file: PathBuf,
}

/// The result of a stage.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StageResult {
    pub(crate) output: String,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

impl ParallelStage {
    /// Starts this program again for one stage, with further `options`.
    ///
    /// # Errors
    /// The process cannot be started.
    pub(crate) fn start(folder: &Path, stage: &str, options: &[&str]) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{stage} could not be started in parallel: {error}");
        fs::create_dir_all(folder).map_err(failed)?;
        let output_file = folder.join(format!("{stage}.txt"));
        let file = File::create(&output_file).map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["test", "--only", stage]).args(options).stdin(Stdio::null());
        command.stderr(file.try_clone().map_err(failed)?).stdout(file);
        Ok(Self { child: command.spawn().map_err(failed)?, output_file })
    }

    /// Waits for the stage to end.
    ///
    /// # Errors
    /// The outcome of the stage is unknown.
    pub(crate) fn wait(mut self) -> Result<StageResult, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.output_file.display());
        let status = self.child.wait().map_err(failed)?;
        let output = String::from_utf8_lossy(&fs::read(&self.output_file).map_err(failed)?).into_owned();
        let Some((took, outcome)) = outcome(&output) else {
            return Err(format!("it ended with {status} and printed no summary:\n{output}"));
        };
        if outcome == Outcome::Passed && !status.success() {
            return Err(format!("it ended with {status} although it passed:\n{output}"));
        }
        Ok(StageResult { output, took, outcome })
    }
}

/// Parses the summary of the stage (`report.rs`). It contains only the first line of a failure; the others precede it.
fn outcome(output: &str) -> Option<(Duration, Outcome)> {
    output.lines().rev().find_map(parse_row)
}

fn parse_row(row: &str) -> Option<(Duration, Outcome)> {
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

impl Drop for ParallelStage {
    fn drop(&mut self) {
        // Has already ended, unless the run was aborted.
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
