//! `client-key`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use claviger_base::Timestamp;
use claviger_model::Network;

use super::Target;

/// A permission template, short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionName {
    /// Cryptographic operations with keys
    KeyUser,
    /// Reading secrets
    SecretUser,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientKey {
    /// Make a client key; writes NAME.json and NAME-password.txt, both readable by you only
    ///
    /// NAME is its application access point. One that does not exist yet is made, with a policy NAME of the permissions,
    /// resources and networks given; one that exists keeps its policies, and takes none of those options.
    Create(NewClientKey),
    /// List client keys, with the policies of their application access points
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a client key, at once and for ever
    Revoke {
        #[command(flatten)]
        target: Target,
        /// Its id, KAAP....
        client_key_id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewClientKey {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The application access point: letters, digits, `-`, `_`
    pub(crate) name: String,
    /// What it may do: `key-user` or `secret-user`; may be repeated [default: key-user]
    #[arg(long = "permission", value_enum)]
    pub(crate) permissions: Vec<PermissionName>,
    /// With what: `key/*`, `key/<id>` with a key's id (`claviger key list`), `alias/<name>` for the key behind it, `secret/*`, `secret/<name>`; may be repeated [default: key/*]
    #[arg(long = "resource")]
    pub(crate) resources: Vec<String>,
    /// From where: an address or a range such as 10.0.0.0/8; may be repeated [default: from everywhere]
    #[arg(long = "network", value_parser = network)]
    pub(crate) networks: Vec<String>,
    /// Where to write the two files
    #[arg(long, default_value = ".")]
    pub(crate) out: PathBuf,
    /// Refused before this date, for example 2027-01-01T00:00:00Z; with --not-after
    #[arg(long, requires = "not_after", value_parser = date)]
    pub(crate) not_before: Option<Timestamp>,
    /// Refused from this date on; five years from now unless given
    #[arg(long, requires = "not_before", value_parser = date)]
    pub(crate) not_after: Option<Timestamp>,
    /// Print the client key id alone
    #[arg(long, conflicts_with = "output")]
    pub(crate) quiet: bool,
}

/// A date as the API takes it.
fn date(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_iso8601(text).ok_or_else(|| "takes a date in UTC such as 2027-01-01T00:00:00Z".to_owned())
}

/// A range that the server takes: named here, where the option is, and before anything is made.
fn network(text: &str) -> Result<String, String> {
    if Network::is_ipv4_mapped(text) {
        return Err("write an IPv4 range as such, for example 10.0.0.0/8".to_owned());
    }
    Network::parse(text).map(|_range| text.to_owned()).ok_or_else(|| {
        "takes an address or a range whose bits beyond the prefix are zero, for example 10.0.0.0/8".to_owned()
    })
}
