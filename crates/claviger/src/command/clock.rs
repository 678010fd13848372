//! `clock show` and `clock confirm`: an operator confirms the clock of a stopped server.

use std::path::PathBuf;

use claviger_model::Hold;
use claviger_server::StoppedClock;
use serde_json::{Value, json};

use super::confirm::confirm;
use crate::cli::{Clock, StoppedInstance};
use crate::config;
use crate::failure::Failure;

/// Shows the times, and confirms the clock if that was requested and the operator agrees.
pub(crate) fn run(command: Clock) -> Result<(), Failure> {
    match command {
        Clock::Show { instance, output } => output.print(&clock_report(&open(instance)?)),
        Clock::Confirm { instance, yes, output } => {
            let stopped = open(instance)?;
            let mut answer = clock_report(&stopped);
            if !yes && !confirm_clock(&stopped)? {
                return Err(Failure::Argument("nothing was confirmed".to_owned()));
            }
            let confirmed = stopped.confirm()?.to_string();
            if let Value::Object(fields) = &mut answer {
                fields.insert("Confirmed".to_owned(), confirmed.into());
            }
            output.print(&answer)
        }
    }
}

fn open(instance: StoppedInstance) -> Result<StoppedClock, Failure> {
    let (data_dir, root_key_file): (PathBuf, PathBuf) = match instance.config {
        Some(path) => {
            let options = config::read(&path)?;
            (options.data_dir, options.root_key_file)
        }
        None => {
            let root_key_file = instance.root_key_file.unwrap_or_else(|| instance.data_dir.join("root.key"));
            (instance.data_dir, root_key_file)
        }
    };
    Ok(StoppedClock::open(&data_dir, &root_key_file)?)
}

fn clock_report(stopped: &StoppedClock) -> Value {
    let held_for_minutes = match stopped.hold {
        Some(Hold::Ahead { running_ms, .. }) => Some(running_ms / 60_000),
        Some(Hold::Behind { .. }) | None => None,
    };
    json!({
        "Clock": stopped.now.to_string(),
        "Trusted": stopped.trusted.to_string(),
        "ClockAheadSeconds": stopped.now.ms_since(stopped.trusted) / 1000,
        "DestructionHeld": stopped.hold.is_some(),
        "RunningMinutesUntilBelieved": held_for_minutes,
    })
}

fn confirm_clock(stopped: &StoppedClock) -> Result<bool, Failure> {
    let question = format!(
        "the clock says     {}\nthe server trusts  {}\nKeys that are due by the clock are destroyed at the next start. Is the \
         clock right? [yes/no] ",
        stopped.now, stopped.trusted
    );
    confirm(&question, "check the clock, then give --yes")
}
