//! Ranges of source addresses.

use std::net::IpAddr;

/// A range of source addresses, such as `10.0.0.0/8`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// Parses a range. Bits after the prefix must be zero: `10.1.2.3/8` is more likely a mistake than intended.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        // Addresses of callers are compared in canonical form, so a range in another form could never match.
        if address.to_canonical() != address {
            return None;
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        let network = Self { address, prefix_bits };
        (prefix_bits <= width && network.masked(address) == network.bits(address)).then_some(network)
    }

    /// Whether the text begins with an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`), which [`Network::parse`] refuses.
    #[must_use]
    pub fn is_ipv4_mapped(text: &str) -> bool {
        let address = text.split_once('/').map_or(text, |(address, _prefix)| address);
        address.parse().is_ok_and(|address: IpAddr| address.to_canonical() != address)
    }

    /// Whether the range contains this address. An IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && self.masked(address) == self.masked(self.address)
    }

    fn bits(&self, address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address),
        }
    }

    fn masked(&self, address: IpAddr) -> u128 {
        let width = if self.address.is_ipv4() { 32 } else { 128 };
        let behind = width - self.prefix_bits.min(width);
        self.bits(address).checked_shr(behind).and_then(|bits| bits.checked_shl(behind)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_parse_and_near_misses_do_not() {
        for text in ["10.0.0.0/8", "192.168.1.7", "0.0.0.0/0", "fd00::/8", "::1", "::/0", "10.1.2.3/32"] {
            assert!(Network::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "10.0.0.0/33",
            "10.1.2.3/8",
            "10.0.0/8",
            "fd00::1/8",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "a/8",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
            assert!(!Network::is_ipv4_mapped(text), "{text}");
        }
    }

    /// Such a range was once accepted and matched nobody.
    #[test]
    fn an_ipv4_range_in_ipv6_form_is_told_apart() {
        for text in
            ["::ffff:10.0.0.0/104", "::ffff:10.1.2.3", "::ffff:a01:203/128", "::ffff:0:0/96", "::ffff:10.0.0.0/8"]
        {
            assert_eq!(Network::parse(text), None, "{text}");
            assert!(Network::is_ipv4_mapped(text), "{text}");
        }
        for text in ["10.0.0.0/8", "::1", "::/0", "::/96", "fd00::/8", "2001:db8::ffff:10.0.0.0"] {
            assert!(!Network::is_ipv4_mapped(text), "{text}");
        }
    }

    #[test]
    fn networks_contain_their_edges_and_no_more() {
        let network = Network::parse("10.32.0.0/11").unwrap();
        for (address, expected) in [
            ("10.32.0.0", true),
            ("10.63.255.255", true),
            ("10.31.255.255", false),
            ("10.64.0.0", false),
            ("::ffff:10.40.0.1", true),
            ("::ffff:10.64.0.1", false),
            ("::a28:1", false),
        ] {
            assert_eq!(network.contains(at(address)), expected, "{address}");
        }
        assert!(Network::parse("0.0.0.0/0").unwrap().contains(at("203.0.113.9")));
        assert!(!Network::parse("0.0.0.0/0").unwrap().contains(at("2001:db8::1")));
        assert!(Network::parse("::/0").unwrap().contains(at("2001:db8::1")));
        assert!(!Network::parse("::/0").unwrap().contains(at("10.0.0.1")));
    }
}
