//! `key` and `alias`.

use clap::{Args, Subcommand, ValueEnum};
use claviger_base::duration;
use claviger_model::RotationInterval;

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key
    Create {
        #[command(flatten)]
        target: Target,
        /// What kind of key; only symmetric ones (Aliyun_*) wrap pairs and rotate by themselves
        #[arg(long, default_value = "Aliyun_AES_256", value_parser = KEY_SPECS)]
        spec: String,
        /// What it is for; a key that can sign signs unless told otherwise
        #[arg(long, value_parser = ["ENCRYPT/DECRYPT", "SIGN/VERIFY", "GENERATE/VERIFY MAC"])]
        usage: Option<String>,
        /// Words about it
        #[arg(long, default_value = "")]
        description: String,
        /// Rotate by itself this often, for example 365d; 7d to 730d
        #[arg(long, value_parser = rotation_interval)]
        rotation_interval: Option<String>,
        /// Print the key id alone
        #[arg(long, conflicts_with = "output")]
        quiet: bool,
    },
    /// Show a key
    Describe(OneKey),
    /// List all keys: alias, spec, state, primary version, rotation
    List(Listing),
    /// List the versions of a key
    Versions(OneKey),
    /// Plan the deletion of a key: until then it cannot be used, and `cancel-deletion` brings it back
    Delete {
        #[command(flatten)]
        key: OneKey,
        /// How many days to wait before everything under the key is lost for ever
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(7..=366))]
        pending_days: u32,
    },
    /// Keep a key whose deletion was planned; it is enabled again
    CancelDeletion(OneKey),
    /// Make a new primary version now
    Rotate(OneKey),
    /// Make a disabled key usable
    Enable(OneKey),
    /// Keep a key from being used
    Disable(OneKey),
    /// Set how often a key rotates by itself
    Rotation {
        #[command(flatten)]
        key: OneKey,
        /// On or off
        #[arg(value_enum)]
        state: OnOff,
        /// How often, for example 365d; 7d to 730d; needed with `on`
        #[arg(long, value_parser = rotation_interval)]
        interval: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOff {
    On,
    Off,
}

#[derive(Debug, Args)]
pub(crate) struct OneKey {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The key: an id or an alias
    pub(crate) key_id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Only this page, as the API answers it; all of them unless given
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: Option<u32>,
    /// Entries on a page, at most 100
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) page_size: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Alias {
    /// Bind a name to a key
    Create {
        #[command(flatten)]
        target: Target,
        /// The name, beginning `alias/`
        #[arg(value_parser = alias_name)]
        name: String,
        /// The key: an id or another alias
        key_id: String,
        /// Print the name alone
        #[arg(long, conflicts_with = "output")]
        quiet: bool,
    },
    /// List names
    List(Listing),
    /// Remove a name; its key stays
    Delete {
        #[command(flatten)]
        target: Target,
        /// The name
        #[arg(value_parser = alias_name)]
        name: String,
    },
}

const KEY_SPECS: [&str; 9] = [
    "Aliyun_AES_256",
    "Aliyun_SM4",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_P256",
    "EC_P256K",
    "EC_SM2",
    "HMAC_SHA_256",
];

/// The beginning is part of a name, and the first thing to be forgotten.
fn alias_name(text: &str) -> Result<String, String> {
    match text.starts_with("alias/") {
        true => Ok(text.to_owned()),
        false => Err(format!("a name begins with alias/: try alias/{text}")),
    }
}

/// An interval that the server takes: named here, where the option is.
fn rotation_interval(text: &str) -> Result<String, String> {
    let is_taken = duration::parse_s(text).and_then(RotationInterval::from_s).is_some();
    if is_taken {
        Ok(text.to_owned())
    } else {
        Err("takes 7d to 730d, as days (d), hours (h), minutes (m) or seconds (s)".to_owned())
    }
}
