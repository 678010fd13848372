//! The options of every command that calls a server.

use std::path::PathBuf;

use clap::Args;

use crate::output::Output;

/// The default key of commands that need one; `claviger dev` creates it.
pub(crate) const DEFAULT_KEY: &str = "alias/dev";

/// The server to call, and the files to call it with.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The server
    #[arg(long, default_value = "https://127.0.0.1:8443", env = "CLAVIGER_ENDPOINT")]
    pub(crate) endpoint: String,
    /// The directory with ca.pem, client-key.json, client-key-password.txt and access-key.json
    #[arg(long, default_value = "./claviger-data", env = "CLAVIGER_DATA_DIR")]
    pub(crate) data_dir: PathBuf,
    /// Print as text or JSON; errors too
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: Output,
    /// Seconds to wait for each answer, 1 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}
