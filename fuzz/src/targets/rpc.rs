//! The control plane: parameters, authorization, canonical request (rpc-api 2, 3); and the short texts of both planes.

use claviger_base::{Timestamp, duration};
use claviger_crypto::digest::Sha256;
use claviger_wire::headers::Single;
use claviger_wire::instance::{date, header};
use claviger_wire::rpc::Action;
use claviger_wire::rpc::scheme::{Scheme, check_line};
use claviger_wire::rpc::v3::{self, Authorization, RequestHead, SignedRequest};
use claviger_wire::rpc::{Parameters, Query, form, header as rpc_header};

use super::instance::header_lines;

/// A line `METHOD query`, lines of `name: value`, an empty line, a form: as far as a request gets before its caller is known, and
/// then what a refusal shows of it. The date counts as now.
pub(super) fn unverified(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let line = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    let (method, query) = line.split_once(' ').unwrap_or((&line, ""));
    // An error here is an answer; what follows must hold as well.
    let _refused = check_line(method, "/");
    let Ok(query) = Query::decode(query) else { return };
    let headers = header_lines(rest);
    if Scheme::find(&headers, &query) == Err(Scheme::UNSIGNED) {
        let _signed_there = Scheme::in_form(form_of(rest));
    }
    let _unknown = Action::find(&headers);
    let now = match headers.single(rpc_header::DATE) {
        Single::Once(text) => Timestamp::parse_iso8601(text).unwrap_or(Timestamp::from_unix_s(0)),
        Single::Absent | Single::Unusable => Timestamp::from_unix_s(0),
    };
    let head = RequestHead { method, query: &query, headers: &headers };
    if let Ok(signed) = SignedRequest::check(&head, now) {
        let (mut digest, mut length) = (Sha256::new(), 0);
        signed.write_canonical(&mut |piece| {
            length += piece.len();
            digest.update(piece);
        });
        assert!(length <= 3 * input.len() + 256, "more is hashed than was received");
        let mismatch = signed.mismatch(v3::string_to_sign(&digest.finish())).to_string();
        assert!(mismatch.starts_with("Specified signature"));
    }
}

fn form_of(rest: &[u8]) -> &[u8] {
    rest.windows(2).position(|pair| pair == b"\n\n").and_then(|at| rest.get(at + 2..)).unwrap_or_default()
}

/// The same input for a caller who is known: the parameters.
pub(super) fn request(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let line = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    let query = line.split_once(' ').map_or("", |(_, query)| query);
    let Ok(parameters) = Parameters::decode(query, form_of(rest)) else { return };
    read_typed(&parameters);
}

fn read_typed(parameters: &Parameters) {
    for action in Action::ALL {
        let _refused = action.check(parameters);
    }
}

/// The first byte says which of the short texts the rest shall be; what has a written form comes back the same.
pub(super) fn texts(input: &[u8]) {
    let Some((which, rest)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    match which % 6 {
        0 => {
            if let Some(at) = date::parse(&text) {
                assert!(date::parse(&date::format(at)) == Some(at), "a date that does not survive its written form");
            }
        }
        1 => {
            if let Some(signature) = header::parse_authorization(&text) {
                assert!(header::parse_authorization(&header::format_authorization(&signature)) == Some(signature));
            }
        }
        2 => {
            if let Some(authorization) = Authorization::parse(&text) {
                assert!(Authorization::parse(&authorization.format()) == Some(authorization.clone()));
            }
        }
        3 => {
            if let Some(seconds) = duration::parse_s(&text) {
                assert!(duration::parse_s(&duration::format_s(seconds)) == Some(seconds));
            }
        }
        4 => {
            if let Ok(mut pairs) = form::decode(rest) {
                // Encoding sorts, as signatures want it.
                pairs.sort_unstable();
                let encoded = form::encode(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
                assert!(form::decode(encoded.as_bytes()) == Ok(pairs), "a form that does not survive encoding");
            }
        }
        _ => {
            let _timestamp = Timestamp::parse_iso8601(&text);
        }
    }
}
