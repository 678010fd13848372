//! `claviger access-key`: the keys that sign requests of the control plane.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum AccessKey {
    /// Make one more; the secret is written to a file that only you can read, and is shown nowhere else
    ///
    /// Two exist at most, so that one can be exchanged for the other: create, give out, disable the old one, delete it.
    Create {
        #[command(flatten)]
        at: AccessKeysAt,
        /// Where to write it [default: access-key-ID.json in this directory]
        #[arg(long, conflicts_with = "print")]
        out: Option<PathBuf>,
        /// Print it instead of writing a file
        #[arg(long)]
        print: bool,
    },
    /// List them, without their secrets; `SignsHere` is the one in --data-dir
    List(AccessKeysAt),
    /// Refuse one from now on; `enable` takes it back
    Disable(EndedAccessKey),
    /// Accept one again
    Enable(OneAccessKey),
    /// Remove one for ever
    Delete(EndedAccessKey),
}

#[derive(Debug, Args)]
pub(crate) struct OneAccessKey {
    #[command(flatten)]
    pub(crate) at: AccessKeysAt,
    /// Its id, LTAI...
    pub(crate) access_key_id: String,
}

/// One that is refused from then on.
#[derive(Debug, Args)]
pub(crate) struct EndedAccessKey {
    #[command(flatten)]
    pub(crate) one: OneAccessKey,
    /// Also the key that this very command signs with, without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Where access keys are governed: at a running server, or in the data of a stopped one.
#[derive(Debug, Args)]
pub(crate) struct AccessKeysAt {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Without a server, for when no access key is left: its root key. The server is stopped, and --data-dir is its own
    #[arg(long)]
    pub(crate) root_key_file: Option<PathBuf>,
    /// Without a server: the configuration that names root key and data directory
    #[arg(long, conflicts_with = "root_key_file")]
    pub(crate) config: Option<PathBuf>,
}
