//! The command line: every command with the help a stranger needs.

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

pub(crate) use self::access_key::{AccessKey, AccessKeysAt, EndedAccessKey, OneAccessKey};
pub(crate) use self::client_keys::{ClientKey, NewClientKey, PermissionName};
pub(crate) use self::clock::{Clock, StoppedInstance};
pub(crate) use self::crypto::{AadArgs, Decrypt, Encrypt, Sign, Verify};
pub(crate) use self::data_key_pair::DataKeyPair;
pub(crate) use self::keys::{Alias, Key, Listing, OnOff, OneKey};
pub(crate) use self::target::Target;
use crate::config::{admin_address, listen_address, parse_size};
use crate::output::Output;

/// The key of commands that use one: `dev` has it.
pub(crate) const DEFAULT_KEY: &str = "alias/dev";

/// What a script may rely on; `Failure::exit_code` gives them.
const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 a file or an argument cannot be used, or the server could not start; 2 the command line is wrong;
3 the server refused; 4 no answer from the server; 5 `verify`: the signature is not valid; 130 interrupted.
With `--output json` an error is one JSON object on standard error: Code, Message, RequestId, Status, Hint.";

/// An open key management service that speaks Alibaba Cloud KMS's own protocols.
///
/// Start with `claviger demo` to see it work, or `claviger dev` to point your own program at it.
#[derive(Debug, Parser)]
#[command(name = "claviger", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole main job on a temporary server: make pairs, open them, rotate, open the old ones again
    Demo,
    /// Run a development server; the first start makes everything, later starts reuse it
    Dev(Dev),
    /// Make a new production instance: root key, store, certificate authority, first credentials, configuration
    Init(Init),
    /// Run the production server
    Serve {
        /// The configuration file that `claviger init` wrote
        #[arg(long, default_value = "claviger.toml")]
        config: PathBuf,
        /// Say what a start would find, change nothing, and end: 0 when all is well, 1 when not
        #[arg(long)]
        check: bool,
    },
    /// Ask a running server whether it is ready, for probes: 0 when it is, 1 and the reason when not
    Health(Health),
    /// Check the audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Show and confirm the time by which keys are destroyed
    #[command(subcommand)]
    Clock(Clock),
    /// Generate data key pairs and open wrapped private keys
    #[command(subcommand)]
    DataKeyPair(DataKeyPair),
    /// Make and govern keys
    #[command(subcommand)]
    Key(Key),
    /// Give keys names
    #[command(subcommand)]
    Alias(Alias),
    /// Issue and revoke the keys that applications sign with
    #[command(subcommand)]
    ClientKey(ClientKey),
    /// Encrypt a file or standard input under the primary version of a key
    Encrypt(Encrypt),
    /// Decrypt what `encrypt` or an SDK encrypted
    Decrypt(Decrypt),
    /// Sign a file or standard input
    Sign(Sign),
    /// Say whether a signature is valid; exit code 5 if it is not
    Verify(Verify),
    /// Exchange the keys that sign requests of the control plane, such as this command line's
    #[command(subcommand)]
    AccessKey(AccessKey),
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// The server's `admin` address
    #[arg(long, default_value = "http://127.0.0.1:8444", conflicts_with = "config")]
    pub(crate) admin: String,
    /// The configuration that names it
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Ask only whether the process answers (/healthz), not whether it is ready (/readyz)
    #[arg(long)]
    pub(crate) live: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Where everything is kept
    #[arg(long, default_value = "./claviger-data")]
    pub(crate) data_dir: PathBuf,
    /// Where both planes answer (port 0 takes a free one)
    #[arg(long, default_value = "127.0.0.1:8443", value_parser = listen_address)]
    pub(crate) listen: SocketAddr,
    /// Where health, metrics and POST /dev/clock answer; loopback only
    #[arg(long, default_value = "127.0.0.1:8444", value_parser = admin_address)]
    pub(crate) admin: SocketAddr,
    /// A further name or address for the server certificate; may be repeated
    #[arg(long = "hostname")]
    pub(crate) hostnames: Vec<String>,
    /// Data key pair requests at once: a number, or `unlimited`
    #[arg(long, default_value = "1")]
    pub(crate) data_key_pair_concurrency: String,
    /// Ready RSA pairs to keep, for example RSA_2048=64; may be repeated; 0 keeps none
    #[arg(long = "stock", value_name = "SPEC=N", value_parser = parse_size)]
    pub(crate) stock: Vec<(String, i64)>,
    /// How many cores may work on the stock, for example 0.25
    #[arg(long)]
    pub(crate) stock_cores: Option<f64>,
    /// How RSA pairs are made: auto, ifma, avx2, dual, scalar or library
    #[arg(long)]
    pub(crate) engine: Option<String>,
    /// Also make pairs that Alibaba Cloud KMS does not offer: EC_P384, EC_P521, EC_SM2, ED25519, ML_DSA_*, ML_KEM_*
    #[arg(long)]
    pub(crate) extended_key_pair_specs: bool,
    /// Refuse Encrypt, GenerateDataKey and the basic pair operations on keys that rotate: they use the first version for ever
    #[arg(long)]
    pub(crate) deny_basic_operations_on_rotating_keys: bool,
    /// Refuse an Iv in Encrypt and AdvanceEncrypt
    #[arg(long)]
    pub(crate) deny_caller_supplied_iv: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where the store and the audit log will lie
    #[arg(long, default_value = "./claviger-data")]
    pub(crate) data_dir: PathBuf,
    /// Where the root key will lie; not in the data directory
    #[arg(long, default_value = "./claviger-root.key")]
    pub(crate) root_key_file: PathBuf,
    /// Where to write the configuration
    #[arg(long, default_value = "claviger.toml")]
    pub(crate) config: PathBuf,
    /// Where the first credentials will lie, not in the data directory [default: claviger-credentials beside the configuration]
    #[arg(long)]
    pub(crate) credentials_dir: Option<PathBuf>,
    /// A name or address by which clients reach this server, for its certificate; may be repeated [default: this machine's name]
    #[arg(long = "hostname")]
    pub(crate) hostnames: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Say whether the log is as it was written, or where it was altered, truncated or reordered
    Verify {
        /// The data directory of the server
        #[arg(long, default_value = "./claviger-data", env = "CLAVIGER_DATA_DIR")]
        data_dir: PathBuf,
        /// The root key, to compare the log with what the store has noted of it: a cut end is found only so. Works beside a
        /// running server
        #[arg(long)]
        root_key_file: Option<PathBuf>,
        /// Number of the first line that must be there; for logs whose first segments were archived
        #[arg(long)]
        first_seq: Option<u64>,
        /// The log's public key, 64 hexadecimal digits, as you noted it; without it the one in the directory is believed
        #[arg(long)]
        public_key: Option<String>,
        /// A point the log must contain, SEQ:CHAIN as an earlier verify printed it
        #[arg(long)]
        expect_head: Option<String>,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// Go on without a lost or damaged log: sets what is left of it aside; the next start begins a new one
    BeginAnew {
        /// The data directory of the stopped server
        #[arg(long, default_value = "./claviger-data", env = "CLAVIGER_DATA_DIR")]
        data_dir: PathBuf,
        /// Its root key; DATA_DIR/root.key unless given, as `claviger dev` keeps it
        #[arg(long)]
        root_key_file: Option<PathBuf>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
}
