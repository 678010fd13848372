//! The question before what cannot be taken back.

use std::io::{IsTerminal as _, stdin};

use crate::failure::Failure;
use crate::output::say;

/// Asks the person at the terminal; `instead` is what to do where nobody can be asked.
pub(super) fn agrees(question: &str, instead: &str) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::Argument(format!("nobody is there to be asked; {instead}")));
    }
    say(question)?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(Failure::Runtime)?;
    Ok(answer.trim() == "yes")
}
