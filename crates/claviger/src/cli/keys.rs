//! The arguments of `claviger key` and `claviger alias`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use claviger_base::duration;
use claviger_model::{KeySpec, RotationInterval};

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Create a key
    Create {
        #[command(flatten)]
        target: Target,
        /// Spec of the key; only symmetric keys (Aliyun_*) wrap pairs and rotate automatically
        #[arg(long, default_value = "Aliyun_AES_256", value_parser = key_specs())]
        spec: String,
        /// Usage [default: SIGN/VERIFY for keys that can sign]
        #[arg(long, value_parser = ["ENCRYPT/DECRYPT", "SIGN/VERIFY", "GENERATE/VERIFY MAC"])]
        usage: Option<String>,
        /// A description
        #[arg(long, default_value = "")]
        description: String,
        /// Rotate automatically at this interval, for example 365d; 7d to 730d
        #[arg(long, value_parser = rotation_interval)]
        rotation_interval: Option<String>,
        /// Print the key id only
        #[arg(long, conflicts_with = "output")]
        quiet: bool,
    },
    /// Show a key
    Describe(OneKey),
    /// List all keys: alias, spec, state, primary version, rotation
    List(Listing),
    /// List the versions of a key
    Versions(OneKey),
    /// Schedule the deletion of a key: it cannot be used until then, and `cancel-deletion` restores it
    Delete {
        #[command(flatten)]
        key: OneKey,
        /// Days to wait before everything under the key is lost permanently
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(7..=366))]
        pending_days: u32,
    },
    /// Cancel a scheduled deletion; the key is enabled again
    CancelDeletion(OneKey),
    /// Create a new primary version now
    Rotate(OneKey),
    /// Enable a disabled key
    Enable(OneKey),
    /// Disable a key
    Disable(OneKey),
    /// Set how often a key rotates automatically
    Rotation {
        #[command(flatten)]
        key: OneKey,
        /// On or off
        #[arg(value_enum)]
        state: OnOff,
        /// The interval, for example 365d; 7d to 730d; required with `on`
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
    /// Only this page, as the API returns it [default: all pages]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: Option<u32>,
    /// Entries per page, at most 100
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) page_size: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Alias {
    /// Give a key a name
    Create {
        #[command(flatten)]
        target: Target,
        /// The name, starting with `alias/`
        #[arg(value_parser = alias_name)]
        name: String,
        /// The key: an id or another alias
        key_id: String,
        /// Print the name only
        #[arg(long, conflicts_with = "output")]
        quiet: bool,
    },
    /// List names
    List(Listing),
    /// Remove a name; the key remains
    Delete {
        #[command(flatten)]
        target: Target,
        /// The name
        #[arg(value_parser = alias_name)]
        name: String,
    },
}

/// The names of the specs that a key may have.
fn key_specs() -> PossibleValuesParser {
    PossibleValuesParser::new(KeySpec::ALL.into_iter().filter(|spec| spec.is_software()).map(KeySpec::name))
}

/// Requires the prefix, which is part of the name and easily forgotten.
fn alias_name(text: &str) -> Result<String, String> {
    match text.starts_with("alias/") {
        true => Ok(text.to_owned()),
        false => Err(format!("an alias name starts with alias/: try alias/{text}")),
    }
}

/// Checks an interval here, so that the error names the option.
fn rotation_interval(text: &str) -> Result<String, String> {
    let is_taken = duration::parse_s(text).and_then(RotationInterval::from_s).is_some();
    if is_taken {
        Ok(text.to_owned())
    } else {
        Err("takes 7d to 730d, as days (d), hours (h), minutes (m) or seconds (s)".to_owned())
    }
}
