//! The arguments of `claviger clock`, for stopped servers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Clock {
    /// Show the time that a stopped server trusts, and the machine's clock
    Show {
        #[command(flatten)]
        instance: StoppedInstance,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// Confirm that the machine's clock is right, so that a stopped server destroys what is due when it starts
    ///
    /// A server whose clock is further ahead than the time it has seen pass delays destruction until it has run for 24
    /// hours. Check the clock before you confirm it: destroyed keys cannot be recovered.
    Confirm {
        #[command(flatten)]
        instance: StoppedInstance,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
}

/// A stopped server, identified by its configuration or by its directory and root key.
#[derive(Debug, Args)]
pub(crate) struct StoppedInstance {
    /// Its configuration file
    #[arg(long, conflicts_with_all = ["data_dir", "root_key_file"])]
    pub(crate) config: Option<PathBuf>,
    /// Its data directory
    #[arg(long, default_value = "./claviger-data")]
    pub(crate) data_dir: PathBuf,
    /// Its root key [default: DATA_DIR/root.key, where `claviger dev` keeps it]
    #[arg(long)]
    pub(crate) root_key_file: Option<PathBuf>,
}
