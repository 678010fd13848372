//! The control plane: parameters, authorization, canonical request (openapi.md 2, 3); and the short texts of both planes.

use claviger_base::Timestamp;
use claviger_crypto::digest::sha256;
use claviger_wire::headers::Single;
use claviger_wire::instance::{date, header};
use claviger_wire::rpc::action::{Action, Scheme, check_line};
use claviger_wire::rpc::v3::{Authorization, Received, SignedRequest};
use claviger_wire::rpc::{Parameters, form, header as rpc_header, parameter};

use super::instance::header_lines;

/// A line `METHOD query`, lines of `name: value`, an empty line, a form. The date counts as now, and the body as the one hashed.
pub(super) fn request(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let line = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let rest = parts.next().unwrap_or_default();
    let body = rest.windows(2).position(|pair| pair == b"\n\n").and_then(|at| rest.get(at + 2..)).unwrap_or_default();
    let (method, query) = line.split_once(' ').unwrap_or((&line, ""));
    // An error here is an answer; what follows must hold as well.
    let _refused = check_line(method, "/");
    let Ok(parameters) = Parameters::decode(query, body) else { return };
    read_typed(&parameters);
    let headers = header_lines(rest);
    if let Ok(scheme) = Scheme::find(&headers, &parameters) {
        let _unknown = Action::find(scheme, &headers, &parameters);
    }
    let now = match headers.single(rpc_header::DATE) {
        Single::Once(text) => Timestamp::parse_iso8601(text).unwrap_or(Timestamp::from_unix_s(0)),
        Single::Absent | Single::Unusable => Timestamp::from_unix_s(0),
    };
    let mut body_sha256 = [0; 32];
    if let Single::Once(digits) = headers.single(rpc_header::CONTENT_SHA256) {
        let _not_a_digest = hex::decode_to_slice(digits, &mut body_sha256);
    }
    let received = Received { method, parameters: &parameters, headers: &headers, body_sha256: &body_sha256 };
    if let Ok(signed) = SignedRequest::check(&received, now, sha256) {
        assert!(signed.string_to_sign.starts_with("ACS3-HMAC-SHA256\n"));
    }
}

fn read_typed(parameters: &Parameters) {
    for name in ["EnableAutomaticRotation", "PageNumber", "PageSize"] {
        let _boolean = parameters.optional_bool(name);
        let _integer = parameters.optional_integer(name);
    }
    let _interval = parameter::rotation_interval_s(parameters);
    let _filters = parameter::list_keys_filters(parameters);
    let _names = parameter::network_rule_names(parameters);
    let _texts = parameter::texts(parameters, "Permissions");
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
            if let Some(seconds) = parameter::parse_interval_s(&text) {
                assert!(parameter::parse_interval_s(&parameter::format_interval_s(seconds)) == Some(seconds));
            }
        }
        4 => {
            if let Ok(mut pairs) = form::decode(rest) {
                // Encoding sorts, as signatures want it.
                pairs.sort_unstable();
                let encoded = form::encode(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                assert!(form::decode(encoded.as_bytes()) == Ok(pairs), "a form that does not survive encoding");
            }
        }
        _ => {
            let _timestamp = Timestamp::parse_iso8601(&text);
        }
    }
}
