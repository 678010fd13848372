//! Targets of the control plane: parameters, authorization, canonical request (rpc-api 2, 3); and the short texts of both
//! planes.

use claviger_base::{Timestamp, duration};
use claviger_crypto::digest::Sha256;
use claviger_wire::headers::Single;
use claviger_wire::instance::{date, header};
use claviger_wire::rpc::Action;
use claviger_wire::rpc::scheme::{Scheme, check_line};
use claviger_wire::rpc::v3::{self, Authorization, RequestHead, SignedRequest};
use claviger_wire::rpc::{Parameters, Query, form, header as rpc_header};

use super::instance::header_lines;

/// Input: a line `METHOD query`, lines of `name: value`, an empty line, a form. Runs everything that precedes authentication,
/// and formats the error for a signature mismatch. Takes the current time from the date header.
pub(super) fn unverified(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let line = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    let (method, query) = line.split_once(' ').unwrap_or((&line, ""));
    // The following steps must handle the input even if this one refuses it.
    let _refused = check_line(method, "/");
    let Ok(query) = Query::decode(query) else { return };
    let headers = header_lines(rest);
    if Scheme::find(&headers, &query) == Err(Scheme::UNSIGNED) {
        let _error = Scheme::in_form(form_of(rest));
    }
    let _result = Action::find(&headers);
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
        assert!(length <= 3 * input.len() + 256, "the canonical request is much longer than the request");
        let mismatch = signed.mismatch(v3::string_to_sign(&digest.finish())).to_string();
        assert!(mismatch.starts_with("Specified signature"));
    }
}

fn form_of(rest: &[u8]) -> &[u8] {
    rest.windows(2).position(|pair| pair == b"\n\n").and_then(|at| rest.get(at + 2..)).unwrap_or_default()
}

/// The same input after authentication: parses the parameters for every action.
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

/// The first byte selects the kind of text of the rest. A parsed value must be the same after a round trip.
pub(super) fn texts(input: &[u8]) {
    let Some((which, rest)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    match which % 6 {
        0 => {
            if let Some(at) = date::parse(&text) {
                assert!(date::parse(&date::format(at)) == Some(at), "the date changes in a round trip");
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
                // Encoding sorts, as signatures require.
                pairs.sort_unstable();
                let encoded = form::encode(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
                assert!(form::decode(encoded.as_bytes()) == Ok(pairs), "the form changes in a round trip");
            }
        }
        _ => {
            let _result = Timestamp::parse_iso8601(&text);
        }
    }
}
