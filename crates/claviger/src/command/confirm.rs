//! The confirmation before an irreversible step.

use std::io::{IsTerminal as _, stdin};

use crate::failure::Failure;
use crate::output::print_text;

/// Asks the user at the terminal. `instead` tells what to do where nobody can answer.
pub(super) fn confirm(question: &str, instead: &str) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::Argument(format!("there is no terminal to ask at; {instead}")));
    }
    print_text(question)?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(Failure::Runtime)?;
    Ok(answer.trim() == "yes")
}
