//! Network rules: source addresses that policies name (rpc-api 13).

use claviger_base::id::RuleName;

use crate::network::Network;

/// A named list of source addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRule {
    /// Its name.
    pub name: RuleName,
    /// Addresses and ranges, as their owner wrote them; each parses as a [`Network`].
    pub source_private_ip: Vec<String>,
    /// A description by its owner.
    pub description: String,
}

impl NetworkRule {
    /// The ranges.
    #[must_use]
    pub fn networks(&self) -> Vec<Network> {
        self.source_private_ip.iter().filter_map(|text| Network::parse(text)).collect()
    }
}
