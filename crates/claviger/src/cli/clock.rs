//! The arguments of `claviger clock`, for stopped servers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Clock {
    /// Show what a stopped server believes and what the machine's clock says
    Show {
        #[command(flatten)]
        instance: StoppedInstance,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// Say that the machine's clock is right, so that a stopped server destroys what is due by it when it starts
    ///
    /// A server that finds its clock ahead of what it has seen pass holds destruction back for 24 hours of running. Look
    /// at the clock before you confirm it: keys that are destroyed do not come back.
    Confirm {
        #[command(flatten)]
        instance: StoppedInstance,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
}

/// A stopped server: by its configuration, or by its directory and root key.
#[derive(Debug, Args)]
pub(crate) struct StoppedInstance {
    /// Its configuration file
    #[arg(long, conflicts_with_all = ["data_dir", "root_key_file"])]
    pub(crate) config: Option<PathBuf>,
    /// Its data directory
    #[arg(long, default_value = "./claviger-data")]
    pub(crate) data_dir: PathBuf,
    /// Its root key; DATA_DIR/root.key unless given, as `claviger dev` keeps it
    #[arg(long)]
    pub(crate) root_key_file: Option<PathBuf>,
}
