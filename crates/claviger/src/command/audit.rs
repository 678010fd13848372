//! `audit verify` and `audit reset`.

use std::path::Path;

use claviger_audit::{Expected, LogPosition, lines_after, verify};
use claviger_server::{reset_audit_log, stored_audit_anchor};
use serde_json::json;

use super::confirm::confirm;
use crate::cli::Audit;
use crate::failure::Failure;
use crate::output::Output;

/// Verifies the log and prints the report, or fails with the first finding; or resets the log.
pub(crate) fn run(command: Audit) -> Result<(), Failure> {
    match command {
        Audit::Verify { data_dir, root_key_file, first_seq, public_key, expect_head, output } => {
            let expected = Expected {
                public_key: public_key.as_deref().map(parse_chain).transpose()?,
                head: expect_head.as_deref().map(parse_position).transpose()?,
                anchor: None,
                first_seq,
            };
            run_verify(&data_dir, root_key_file.as_deref(), expected, output)
        }
        Audit::Reset { data_dir, root_key_file, yes, output } => {
            let question = format!(
                "The audit log of {} will be set aside. The next start creates a new one, which records where the old one ended. \
                 An intact log needs no reset. Reset? [yes/no] ",
                data_dir.display()
            );
            if !yes && !confirm(&question, "look at the log with `claviger audit verify`, then give --yes")? {
                return Err(Failure::Argument("nothing was changed".to_owned()));
            }
            let root_key_file = root_key_file.unwrap_or_else(|| data_dir.join("root.key"));
            let set_aside = reset_audit_log(&data_dir, &root_key_file)?;
            output.print(&json!({ "SetAside": set_aside, "Next": "start the server; it begins a new log" }))
        }
    }
}

fn run_verify(
    data_dir: &Path,
    root_key_file: Option<&Path>,
    mut expected: Expected,
    output: Output,
) -> Result<(), Failure> {
    let audit = data_dir.join("audit");
    if !audit.is_dir() {
        let reason = "there is no audit log; give the server's directory with --data-dir".to_owned();
        return Err(Failure::File { path: audit, reason });
    }
    // Read before the log, because the log may grow meanwhile.
    let anchor = root_key_file.map(|file| stored_audit_anchor(data_dir, file)).transpose()?.flatten();
    if let Some((public_key, position)) = anchor {
        expected.public_key.get_or_insert(public_key);
        expected.anchor = Some(position);
    }
    let report = verify(&audit, &expected)?;
    // Lines are counted only up to the verified end, because a running server goes on writing. If a file has become
    // unreadable, none are counted.
    let unnoted = anchor.and_then(|(_, position)| lines_after(&audit, position.seq, report.head.seq).ok());
    let end = match (anchor, root_key_file) {
        (Some((_, position)), _) if expected.first_seq.is_some_and(|first| first > position.seq) => {
            format!("not compared: line {}, which the store has recorded, was archived", position.seq)
        }
        (Some((_, position)), _) => format!("compared with the store: contains line {}", position.seq),
        (None, Some(_)) => "not compared: this store has recorded no line yet; start the server once".to_owned(),
        (None, None) => "compared with the head file alone; --root-key-file compares it with the store".to_owned(),
    };
    output.print(&json!({
        "Verified": true,
        "End": end,
        "Segments": report.segments,
        "Lines": report.lines,
        "Requests": report.records,
        "FirstTime": report.first_time,
        "LastTime": report.last_time,
        "Head": format!("{}:{}", report.head.seq, hex::encode(report.head.chain)),
        "UnnotedLines": unnoted.as_ref().map(|after| after.lines),
        "Warning": unnoted.and_then(|after| after.warning()),
        "UnsignedLines": report.unsigned,
        "SetAside": report.set_aside,
        "TornBytes": report.torn_bytes,
        "PublicKey": hex::encode(report.public_key),
    }))
}

fn parse_chain(text: &str) -> Result<[u8; 32], Failure> {
    let mut chain = [0; 32];
    hex::decode_to_slice(text, &mut chain)
        .map_err(|_malformed| Failure::Argument(format!("`{text}` is not 64 hexadecimal digits")))?;
    Ok(chain)
}

fn parse_position(text: &str) -> Result<LogPosition, Failure> {
    let malformed = || Failure::Argument(format!("`{text}` is not SEQ:CHAIN as `claviger audit verify` prints it"));
    let (seq, chain) = text.split_once(':').ok_or_else(malformed)?;
    Ok(LogPosition { seq: seq.parse().map_err(|_malformed| malformed())?, chain: parse_chain(chain)? })
}
