//! The arguments of `claviger client-key`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use claviger_base::Timestamp;
use claviger_model::Network;

use super::Target;

/// The short name of a permission template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionName {
    /// Cryptographic operations with keys
    KeyUser,
    /// Reading secrets
    SecretUser,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientKey {
    /// Create a client key; writes NAME.json and NAME-password.txt, both readable by you only
    ///
    /// NAME is the application access point. If it does not exist, it is created with a policy NAME that has the given
    /// permissions, resources and networks. If it exists, it keeps its policies, and these options are refused.
    Create(NewClientKey),
    /// List client keys, with the policies of their application access points
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a client key, immediately and permanently
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
    /// Allowed operations: `key-user` or `secret-user`; may be repeated [default: key-user]
    #[arg(long = "permission", value_enum)]
    pub(crate) permissions: Vec<PermissionName>,
    /// Allowed resources: `key/*`, `key/<id>` with a key's id (`claviger key list`), `alias/<name>` for the key it
    /// names, `secret/*`, `secret/<name>`; may be repeated [default: key/*]
    #[arg(long = "resource")]
    pub(crate) resources: Vec<String>,
    /// Allowed sources: an address or a range such as 10.0.0.0/8; may be repeated [default: from everywhere]
    #[arg(long = "network", value_parser = network)]
    pub(crate) networks: Vec<String>,
    /// Directory for the two files
    #[arg(long, default_value = ".")]
    pub(crate) out: PathBuf,
    /// Start of validity, for example 2027-01-01T00:00:00Z; with --not-after
    #[arg(long, requires = "not_after", value_parser = date)]
    pub(crate) not_before: Option<Timestamp>,
    /// End of validity [default: five years from now]
    #[arg(long, requires = "not_before", value_parser = date)]
    pub(crate) not_after: Option<Timestamp>,
    /// Print the client key id only
    #[arg(long, conflicts_with = "output")]
    pub(crate) quiet: bool,
}

/// Parses a date in the form that the API takes.
fn date(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_iso8601(text).ok_or_else(|| "takes a date in UTC such as 2027-01-01T00:00:00Z".to_owned())
}

/// Checks a range here, so that the error names the option and comes before anything is created.
fn network(text: &str) -> Result<String, String> {
    if Network::is_ipv4_mapped(text) {
        return Err("write an IPv4 range in IPv4 form, for example 10.0.0.0/8".to_owned());
    }
    Network::parse(text).map(|_range| text.to_owned()).ok_or_else(|| {
        "takes an address or a range whose bits beyond the prefix are zero, for example 10.0.0.0/8".to_owned()
    })
}
