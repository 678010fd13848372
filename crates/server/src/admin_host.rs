//! By which names the loopback listener may be called: against DNS rebinding, where a web page's own name suddenly means
//! 127.0.0.1 and a browser reads for the page what only this machine may read. Such a request carries the page's name.

use std::net::IpAddr;

use hyper::{HeaderMap, Uri, header};

/// What is said to a caller by another name.
pub(crate) const REFUSAL: &str = "this listener answers to localhost, 127.0.0.1, [::1] and the address it is bound to only, \
     so that no web page reaches it by a name of its own; call it by one of these\n";

/// Whether every name that a request was sent to is one of this listener's. Who sends none is no browser.
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
            // Bound to every address of the machine: any of them. An address is no name that could be rebound.
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
    fn every_name_counts() {
        let mut headers = HeaderMap::new();
        let (plain, absolute) = (Uri::from_static("/metrics"), Uri::from_static("http://evil.example/metrics"));
        assert!(is_ours(&plain, &headers, BOUND.into()), "no browser leaves it out");
        headers.append(header::HOST, header::HeaderValue::from_static("localhost"));
        assert!(is_ours(&plain, &headers, BOUND.into()));
        assert!(!is_ours(&absolute, &headers, BOUND.into()));
        headers.append(header::HOST, header::HeaderValue::from_static("evil.example"));
        assert!(!is_ours(&plain, &headers, BOUND.into()));
    }
}
