//! Checks the host names of requests to the admin listener, against DNS rebinding: a web page lets its own name resolve to
//! 127.0.0.1, so that a browser on this machine can read the admin listener for it. Such a request carries the name of the page.

use std::net::IpAddr;

use hyper::{HeaderMap, Uri, header};

/// The answer to a request under another name.
pub(crate) const REFUSAL: &str = "this listener answers only to localhost, 127.0.0.1, [::1] and the address it is bound to, \
     so that no web page can reach it by DNS rebinding; use one of these names\n";

/// Whether every host name in the request belongs to this listener. A request without one does not come from a browser.
pub(crate) fn is_ours(uri: &Uri, headers: &HeaderMap, bound: IpAddr) -> bool {
    let in_headers = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    in_headers.chain(uri.authority().map(|authority| authority.as_str())).all(|host| is_own_host(host, bound))
}

/// `host` with or without a port.
fn is_own_host(host: &str, bound: IpAddr) -> bool {
    let (name, rest) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some(inside) => inside,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = rest.strip_prefix(':').unwrap_or(rest);
    if rest.len() == port.len() && !rest.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let is_bracketed = host.starts_with('[');
    match name.parse::<IpAddr>() {
        Ok(address) => {
            // A listener on the unspecified address answers to any address: only names can be rebound.
            is_bracketed == address.is_ipv6() && (address.is_loopback() || address == bound || bound.is_unspecified())
        }
        Err(_name) => !is_bracketed && name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: [u8; 4] = [127, 0, 0, 1];

    #[test]
    fn own_names() {
        for host in ["localhost", "LOCALHOST:8444", "127.0.0.1", "127.0.0.1:8444", "127.3.2.1:1", "[::1]", "[::1]:8444"]
        {
            assert!(is_own_host(host, BOUND.into()), "{host}");
        }
        assert!(is_own_host("10.1.2.3:8444", [10, 1, 2, 3].into()));
        assert!(is_own_host("10.1.2.3:8444", [0, 0, 0, 0].into()));
    }

    #[test]
    fn other_names() {
        for host in [
            "",
            "evil.example",
            "evil.example:8444",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1:x",
            "127.0.0.1 evil",
            "10.1.2.3:8444",
            "::1",
            "[localhost]",
            "[127.0.0.1]",
            "[::1]x",
            "[::2]:1",
            "user@localhost",
        ] {
            assert!(!is_own_host(host, BOUND.into()), "{host}");
        }
        assert!(!is_own_host("evil.example", [0, 0, 0, 0].into()));
    }

    #[test]
    fn every_name_is_checked() {
        let mut headers = HeaderMap::new();
        let (plain, absolute) = (Uri::from_static("/metrics"), Uri::from_static("http://evil.example/metrics"));
        assert!(is_ours(&plain, &headers, BOUND.into()), "every browser sends one");
        headers.append(header::HOST, header::HeaderValue::from_static("localhost"));
        assert!(is_ours(&plain, &headers, BOUND.into()));
        assert!(!is_ours(&absolute, &headers, BOUND.into()));
        headers.append(header::HOST, header::HeaderValue::from_static("evil.example"));
        assert!(!is_ours(&plain, &headers, BOUND.into()));
    }
}
