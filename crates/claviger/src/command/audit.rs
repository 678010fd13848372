//! `audit verify` and `audit begin-anew`.

use claviger_audit::{Expected, Mark, verify};
use claviger_server::begin_audit_anew;
use serde_json::json;

use crate::cli::Audit;
use crate::failure::Failure;

/// Verifies and prints what was found, where a finding is a failure; or begins the log anew.
pub(crate) fn run(command: Audit) -> Result<(), Failure> {
    let (data_dir, public_key, expect_head, output) = match command {
        Audit::Verify { data_dir, public_key, expect_head, output } => (data_dir, public_key, expect_head, output),
        Audit::BeginAnew { data_dir, root_key_file, output } => {
            let root_key_file = root_key_file.unwrap_or_else(|| data_dir.join("root.key"));
            let set_aside = begin_audit_anew(&data_dir, &root_key_file)?;
            return output.print(&json!({ "SetAside": set_aside, "Next": "start the server; it begins a new log" }));
        }
    };
    let expected = Expected {
        public_key: public_key.as_deref().map(parse_chain).transpose()?,
        head: expect_head.as_deref().map(parse_mark).transpose()?,
        first_seq: None,
    };
    let audit = data_dir.join("audit");
    if !audit.is_dir() {
        let reason = "there is no audit log; give the server's directory with --data-dir".to_owned();
        return Err(Failure::File { path: audit, reason });
    }
    let report = verify(&audit, &expected)?;
    output.print(&json!({
        "Verified": true,
        "Segments": report.segments,
        "Lines": report.lines,
        "Requests": report.records,
        "FirstTime": report.first_time,
        "LastTime": report.last_time,
        "Head": format!("{}:{}", report.head.seq, hex::encode(report.head.chain)),
        "UnsignedLines": report.unsigned,
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

fn parse_mark(text: &str) -> Result<Mark, Failure> {
    let malformed = || Failure::Argument(format!("`{text}` is not SEQ:CHAIN as `claviger audit verify` prints it"));
    let (seq, chain) = text.split_once(':').ok_or_else(malformed)?;
    Ok(Mark { seq: seq.parse().map_err(|_malformed| malformed())?, chain: parse_chain(chain)? })
}
