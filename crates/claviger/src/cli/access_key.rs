//! `claviger access-key`: the keys that sign requests to the control plane.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum AccessKey {
    /// Create one; the secret is written to a file that only you can read, and is shown nowhere else
    ///
    /// At most two can exist, so that one can replace the other: create, distribute, disable the old one, delete it.
    Create {
        #[command(flatten)]
        at: AccessKeyStore,
        /// File to write [default: access-key-ID.json in this directory]
        #[arg(long, conflicts_with = "print")]
        out: Option<PathBuf>,
        /// Print it instead of writing a file
        #[arg(long)]
        print: bool,
    },
    /// List them without their secrets; `SignsHere` marks the one in --data-dir
    List(AccessKeyStore),
    /// Refuse an access key from now on; `enable` undoes this
    Disable(AccessKeyToEnd),
    /// Accept an access key again
    Enable(OneAccessKey),
    /// Remove an access key permanently
    Delete(AccessKeyToEnd),
}

#[derive(Debug, Args)]
pub(crate) struct OneAccessKey {
    #[command(flatten)]
    pub(crate) at: AccessKeyStore,
    /// Its id, LTAI...
    pub(crate) access_key_id: String,
}

/// An access key that will be refused from now on.
#[derive(Debug, Args)]
pub(crate) struct AccessKeyToEnd {
    #[command(flatten)]
    pub(crate) one: OneAccessKey,
    /// Do not ask for confirmation, even if this command itself signs with that key
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Where the access keys are: at a running server, or in the data of a stopped one.
#[derive(Debug, Args)]
pub(crate) struct AccessKeyStore {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Root key, to work without a server when no access key is left. The server must be stopped and --data-dir be its
    /// data directory
    #[arg(long)]
    pub(crate) root_key_file: Option<PathBuf>,
    /// Configuration that names the root key and the data directory, to work without a server
    #[arg(long, conflicts_with = "root_key_file")]
    pub(crate) config: Option<PathBuf>,
}
