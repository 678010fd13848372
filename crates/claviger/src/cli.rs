//! The command line: every command, with help that assumes no prior knowledge of the project.

mod access_key;
mod client_keys;
mod clock;
mod crypto;
mod data_key_pair;
mod keys;
mod target;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::access_key::{AccessKey, AccessKeyStore, AccessKeyToEnd, OneAccessKey};
pub(crate) use self::client_keys::{ClientKey, NewClientKey, PermissionName};
pub(crate) use self::clock::{Clock, StoppedInstance};
pub(crate) use self::crypto::{AadArgs, Decrypt, Encrypt, Sign, Verify};
pub(crate) use self::data_key_pair::DataKeyPair;
pub(crate) use self::keys::{Alias, Key, Listing, OnOff, OneKey};
pub(crate) use self::target::{DEFAULT_KEY, Target};
use crate::config::{admin_address, listen_address, parse_size};
use crate::output::Output;

/// The exit codes that scripts can rely on; `Failure::exit_code` returns them.
const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 a file or an argument cannot be used, or the server could not start; 2 the command line is wrong;
3 the server refused; 4 no answer from the server; 5 `verify`: the signature is not valid; 130 interrupted.
With `--output json` an error is one JSON object on standard error: Code, Message, RequestId, Status, Hint.";

/// An open key management service that speaks Alibaba Cloud KMS's own protocols.
///
/// Start with `claviger demo` to see it work, or with `claviger dev` to connect your own program.
#[derive(Debug, Parser)]
#[command(name = "claviger", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the main use on a temporary server: generate key pairs, unwrap them, rotate the key, unwrap the old ones
    /// again
    Demo,
    /// Run a development server; the first start creates everything, later starts reuse it
    Dev(Dev),
    /// Create a production instance: root key, store, certificate authority, first credentials, configuration
    Init(Init),
    /// Run the production server
    Serve {
        /// The configuration file that `claviger init` wrote
        #[arg(long, default_value = "claviger.toml")]
        config: PathBuf,
        /// Report what a start would find and exit without changes: 0 if all is well, 1 if not
        #[arg(long)]
        check: bool,
    },
    /// Ask a running server whether it is ready, for probes: 0 if it is; otherwise 1, with the reason
    Health(Health),
    /// Verify or reset the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Show and confirm the time by which keys are destroyed
    #[command(subcommand)]
    Clock(Clock),
    /// Generate data key pairs and unwrap wrapped private keys
    #[command(subcommand)]
    DataKeyPair(DataKeyPair),
    /// Create and manage keys
    #[command(subcommand)]
    Key(Key),
    /// Give keys names
    #[command(subcommand)]
    Alias(Alias),
    /// Issue and revoke the keys with which applications sign their requests
    #[command(subcommand)]
    ClientKey(ClientKey),
    /// Encrypt a file or standard input with the primary version of a key
    Encrypt(Encrypt),
    /// Decrypt what `encrypt` or an SDK has encrypted
    Decrypt(Decrypt),
    /// Sign a file or standard input
    Sign(Sign),
    /// Verify a signature; exit code 5 if it is not valid
    Verify(Verify),
    /// Manage the access keys that sign requests to the control plane, such as those of this command line
    #[command(subcommand)]
    AccessKey(AccessKey),
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// The server's `admin` address
    #[arg(long, default_value = "http://127.0.0.1:8444", conflicts_with = "config")]
    pub(crate) admin: String,
    /// The configuration file that contains it
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Ask only whether the process answers (/healthz), not whether it is ready (/readyz)
    #[arg(long)]
    pub(crate) live: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Directory for all data
    #[arg(long, default_value = "./claviger-data")]
    pub(crate) data_dir: PathBuf,
    /// Address of both planes (port 0 takes a free one)
    #[arg(long, default_value = "127.0.0.1:8443", value_parser = listen_address)]
    pub(crate) listen: SocketAddr,
    /// Address of health, metrics and POST /dev/clock; loopback only
    #[arg(long, default_value = "127.0.0.1:8444", value_parser = admin_address)]
    pub(crate) admin: SocketAddr,
    /// Another name or address for the server certificate; may be repeated
    #[arg(long = "hostname")]
    pub(crate) hostnames: Vec<String>,
    /// How many data key pairs may be generated at once: a number, or `unlimited`
    #[arg(long, default_value = "1")]
    pub(crate) data_key_pair_concurrency: String,
    /// How many RSA pairs to keep in stock, for example RSA_2048=64; may be repeated; 0 keeps none
    #[arg(long = "stock", value_name = "SPEC=N", value_parser = parse_size)]
    pub(crate) stock: Vec<(String, i64)>,
    /// How many cores may work to fill the stock, for example 0.25
    #[arg(long)]
    pub(crate) stock_cores: Option<f64>,
    /// The engine for RSA pairs: auto, ifma, avx2, dual, scalar or library
    #[arg(long)]
    pub(crate) engine: Option<String>,
    /// Also generate pairs that Alibaba Cloud KMS does not offer: EC_P384, EC_P521, EC_SM2, ED25519, ML_DSA_*, ML_KEM_*
    #[arg(long)]
    pub(crate) extended_key_pair_specs: bool,
    /// Refuse Encrypt, GenerateDataKey and the basic pair operations on keys that rotate, because these always use the
    /// first version
    #[arg(long)]
    pub(crate) deny_basic_operations_on_rotating_keys: bool,
    /// Refuse an Iv in Encrypt and AdvanceEncrypt
    #[arg(long)]
    pub(crate) deny_caller_supplied_iv: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Directory for the store and the audit log
    #[arg(long, default_value = "./claviger-data")]
    pub(crate) data_dir: PathBuf,
    /// File for the root key; must not be in the data directory
    #[arg(long, default_value = "./claviger-root.key")]
    pub(crate) root_key_file: PathBuf,
    /// File for the configuration
    #[arg(long, default_value = "claviger.toml")]
    pub(crate) config: PathBuf,
    /// Directory for the first credentials; must not be the data directory [default: claviger-credentials beside the
    /// configuration]
    #[arg(long)]
    pub(crate) credentials_dir: Option<PathBuf>,
    /// A name or address by which clients reach this server, for its certificate; may be repeated [default: this
    /// machine's name]
    #[arg(long = "hostname")]
    pub(crate) hostnames: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Check whether the log is as it was written, and report where it was altered, truncated or reordered
    Verify {
        /// The data directory of the server
        #[arg(long, default_value = "./claviger-data", env = "CLAVIGER_DATA_DIR")]
        data_dir: PathBuf,
        /// The root key, to compare the log with the last line that the store has recorded: the only way to detect that
        /// the end was cut off. Works while the server is running
        #[arg(long)]
        root_key_file: Option<PathBuf>,
        /// Number of the first line that must be present, for logs whose first segments were archived
        #[arg(long)]
        first_seq: Option<u64>,
        /// The log's public key, 64 hexadecimal digits, as you recorded it; without it, the one in the directory is
        /// trusted
        #[arg(long)]
        public_key: Option<String>,
        /// A position that the log must contain: SEQ:CHAIN as printed by an earlier verify
        #[arg(long)]
        expect_head: Option<String>,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// Give up a lost or damaged log: sets its remains aside, so that the next start creates a new log
    #[command(visible_alias = "begin-anew")]
    Reset {
        /// The data directory of the stopped server
        #[arg(long, default_value = "./claviger-data", env = "CLAVIGER_DATA_DIR")]
        data_dir: PathBuf,
        /// Its root key [default: DATA_DIR/root.key, where `claviger dev` keeps it]
        #[arg(long)]
        root_key_file: Option<PathBuf>,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
}
