//! The outcomes of the stages, and the summary for users and scripts.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// How a stage ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything ran and passed.
    Passed,
    /// It failed, with the reason.
    Failed(String),
    /// It could not run here, with the reason and what to install.
    Skipped(String),
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

/// The stages that have ended, in order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(&'static str, Duration, Outcome)>,
}

impl Report {
    pub(crate) fn add(&mut self, stage: &'static str, took: Duration, outcome: Outcome) {
        self.rows.push((stage, took, outcome));
    }

    /// Success if no stage failed and at least one passed.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let (passed, failed, _) = self.counts();
        if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&Outcome) -> bool| self.rows.iter().filter(|(_, _, outcome)| wanted(outcome)).count();
        (
            count(|outcome| matches!(outcome, Outcome::Passed)),
            count(|outcome| matches!(outcome, Outcome::Failed(_))),
            count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (stage, took, outcome) in &self.rows {
            let seconds = took.as_secs_f64();
            match outcome {
                Outcome::Passed => writeln!(out, "passed   {stage:<16} {seconds:>7.1} s")?,
                Outcome::Failed(why) => writeln!(out, "failed   {stage:<16} {seconds:>7.1} s  {why}")?,
                Outcome::Skipped(why) => writeln!(out, "skipped  {stage:<16} {seconds:>7.1} s  {why}")?,
            }
        }
        let (passed, failed, skipped) = self.counts();
        writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: Vec<Outcome>) -> Report {
        let mut report = Report::default();
        for outcome in outcomes {
            report.add("stage", Duration::from_millis(1500), outcome);
        }
        report
    }

    #[test]
    fn the_last_line_is_the_summary() {
        let text = report(vec![
            Outcome::Passed,
            Outcome::Failed("why".into()),
            Outcome::Skipped("no x".into()),
            Outcome::Passed,
        ])
        .to_string();
        assert_eq!(text.lines().last(), Some("2 passed, 1 failed, 1 skipped"));
        assert!(text.contains("no x"));
        assert!(text.contains("1.5 s"));
    }

    #[test]
    fn one_failure_or_no_success_fails_the_run() {
        let code = |outcomes| format!("{:?}", report(outcomes).exit_code());
        let success = format!("{:?}", ExitCode::SUCCESS);
        assert_eq!(code(vec![Outcome::Passed, Outcome::Skipped(String::new())]), success);
        assert_ne!(code(vec![Outcome::Passed, Outcome::Failed(String::new())]), success);
        assert_ne!(code(vec![Outcome::Skipped(String::new())]), success);
        assert_ne!(code(vec![]), success);
    }
}
