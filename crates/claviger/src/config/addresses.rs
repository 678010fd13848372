//! Addresses to listen on, and the names in the certificate.

use std::net::{IpAddr, SocketAddr};

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

/// Contained in every certificate, whatever is configured.
const ALWAYS_NAMED: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Address and port of both planes.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    address(text, 8443)
}

/// Address and port of health and metrics.
pub(crate) fn admin_address(text: &str) -> Result<SocketAddr, String> {
    address(text, 8444)
}

pub(super) fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    listen_address(&String::deserialize(from)?).map_err(D::Error::custom)
}

pub(super) fn admin<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    admin_address(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn address(text: &str, usual_port: u16) -> Result<SocketAddr, String> {
    let ip = text.parse().unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let example = SocketAddr::new(ip, usual_port);
    text.parse().map_err(|_malformed| format!("takes an address with its port, for example {example}"))
}

/// Drops duplicates, and the names that every certificate contains.
pub(crate) fn besides_localhost(names: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    for name in names {
        if !ALWAYS_NAMED.contains(&name.as_str()) && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_port_is_answered_with_one() {
        assert_eq!(listen_address("10.0.0.7:1"), Ok(([10, 0, 0, 7], 1).into()));
        assert!(listen_address("10.0.0.7").unwrap_err().ends_with("for example 10.0.0.7:8443"));
        assert!(admin_address("::1").unwrap_err().ends_with("for example [::1]:8444"));
        assert!(admin_address("kms").unwrap_err().ends_with("for example 127.0.0.1:8444"));
    }

    #[test]
    fn names_are_said_once() {
        let names = ["localhost", "kms", "::1", "kms", "127.0.0.1"].map(str::to_owned);
        assert_eq!(besides_localhost(names.to_vec()), ["kms"]);
    }
}
