//! Output: text for users, JSON for programs.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use crate::escape;
use crate::failure::Failure;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Lines of `name  value`.
    Text,
    /// One JSON object.
    Json,
}

impl Output {
    /// Reads the format from the arguments even if they are invalid, so that errors are printed in that format, too.
    pub(crate) fn of_arguments() -> Self {
        let arguments: Vec<_> = std::env::args_os().collect();
        let is_pair =
            |pair: &[std::ffi::OsString]| matches!(pair, [name, value] if name == "--output" && value == "json");
        let is_json = arguments.iter().any(|text| text == "--output=json") || arguments.windows(2).any(is_pair);
        if is_json { Self::Json } else { Self::Text }
    }

    /// Prints why a command failed, on standard error.
    pub(crate) fn print_failure(self, failure: &Failure) {
        match self {
            Self::Json => print_note(&failure.to_json().to_string()),
            // The server's message is already one line. Text from files and configurations must not control the
            // terminal either.
            Self::Text => print_note(&format!("claviger: {}", escape::lines(&failure.to_string()))),
        }
    }

    /// Tells the user the next step, on standard error: standard output holds only the result. Prints nothing for programs.
    pub(crate) fn print_next_step(self, line: &str) {
        if self == Self::Text {
            print_note(&escape::lines(line));
        }
    }

    /// Prints an answer of the server.
    pub(crate) fn print(self, answer: &impl Serialize) -> Result<(), Failure> {
        self.print_with_pem(answer, &[])
    }

    /// Like [`Output::print`], but the lines of these fields, which may be PEM, are kept.
    pub(crate) fn print_with_pem(self, answer: &impl Serialize, pem_fields: &[&str]) -> Result<(), Failure> {
        let value = serde_json::to_value(answer).map_err(|error| Failure::Argument(error.to_string()))?;
        let text = match self {
            Self::Json => format!("{value:#}\n"),
            Self::Text => {
                let mut lines = String::new();
                write_text(&mut lines, &value, "", pem_fields);
                // Entries are separated by an empty line; there is none after the last.
                if lines.ends_with("\n\n") {
                    lines.pop();
                }
                lines
            }
        };
        print_text(&text)
    }
}

/// Writes a line to standard error. If that fails, the exit code has to suffice.
pub(crate) fn print_note(line: &str) {
    let _untold = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Writes to standard output. A reader that has closed it early, such as `head`, is no failure.
pub(crate) fn print_text(text: &str) -> Result<(), Failure> {
    check_written(std::io::stdout().write_all(text.as_bytes()))
}

/// Judges the result of a write to standard output as [`print_text`] does.
pub(crate) fn check_written(written: std::io::Result<()>) -> Result<(), Failure> {
    match written.and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(unwritable(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes output that exists nowhere else: a closed standard output is a failure.
pub(crate) fn print_unstored(content: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout();
    stdout.write_all(content).and_then(|()| stdout.flush()).map_err(|error| unwritable(&error))
}

fn unwritable(error: &std::io::Error) -> Failure {
    Failure::File { path: "stdout".into(), reason: format!("cannot be written: {error}") }
}

/// One line per leaf: names of nested objects are joined by dots, list entries separated by an empty line.
fn write_text(out: &mut String, value: &Value, name: &str, pem_fields: &[&str]) {
    let mut leaf = |text: &str| {
        let text = if pem_fields.contains(&name) { escape::lines(text) } else { escape::one_line(text) };
        // Writing to a String cannot fail.
        let _infallible = writeln!(out, "{name:32} {text}");
    };
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let field = escape::one_line(field);
                let name = if name.is_empty() { field.into_owned() } else { format!("{name}.{field}") };
                write_text(out, value, &name, pem_fields);
            }
        }
        Value::Array(entries) if entries.is_empty() => leaf("(none)"),
        Value::Array(entries) if entries.iter().all(Value::is_string) => {
            leaf(&entries.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
        }
        Value::Array(entries) => {
            for entry in entries {
                write_text(out, entry, "", pem_fields);
                out.push('\n');
            }
        }
        Value::String(text) => leaf(text),
        other => leaf(&other.to_string()),
    }
}

/// Columns as wide as their widest entry, two spaces apart.
pub(crate) fn table(titles: &[&str], rows: Vec<Vec<String>>) -> String {
    let titles: Vec<_> = titles.iter().map(|title| (*title).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(titles).chain(rows).collect();
    let shown = |row: Vec<String>| row.iter().map(|cell| escape::one_line(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().map(shown).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_and_a_leaf_begin_no_line() {
        let forged = "x\nKEY  Enabled\u{1b}[2J";
        let shown = "x\\nKEY  Enabled\\u{1b}[2J";
        assert_eq!(
            table(&["ALIAS", "KEY"], vec![vec![forged.to_owned(), "k".to_owned()]]).lines().nth(1).unwrap(),
            format!("{shown}  k")
        );
        let mut text = String::new();
        write_text(&mut text, &serde_json::json!({ forged: [forged, forged] }), "", &[]);
        assert_eq!(text, format!("{shown:32} {shown}, {shown}\n"));
    }
}
