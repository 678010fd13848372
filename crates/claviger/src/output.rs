//! Printing: for a person as text, for a program as JSON.

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

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
    /// Prints an answer of the server.
    pub(crate) fn print(self, answer: &impl Serialize) -> Result<(), Failure> {
        let value = serde_json::to_value(answer).map_err(|error| Failure::Argument(error.to_string()))?;
        match self {
            Self::Json => println!("{value:#}"),
            Self::Text => print_text(&value, ""),
        }
        Ok(())
    }
}

/// A leaf a line, a list of words too; names of nested objects are joined by dots, other entries of lists are set apart by
/// an empty line.
fn print_text(value: &Value, name: &str) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                print_text(value, &name);
            }
        }
        Value::Array(entries) if entries.is_empty() => println!("{name:32} (none)"),
        Value::Array(entries) if entries.iter().all(Value::is_string) => {
            let words: Vec<&str> = entries.iter().filter_map(Value::as_str).collect();
            println!("{name:32} {}", words.join(", "));
        }
        Value::Array(entries) => {
            for entry in entries {
                print_text(entry, "");
                println!();
            }
        }
        Value::String(text) => println!("{name:32} {text}"),
        other => println!("{name:32} {other}"),
    }
}
