//! The command line: every command with the help a stranger needs.

mod access_key;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::parse_size;
use crate::output::Output;
pub(crate) use access_key::{AccessKey, AccessKeysAt, OneAccessKey};

/// An open key management service that speaks Alibaba Cloud KMS's own protocols.
///
/// Start with `claviger demo` to see it work, or `claviger dev` to point your own program at it.
#[derive(Debug, Parser)]
#[command(name = "claviger", version)]
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
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,
    /// Where health, metrics and POST /dev/clock answer; loopback only
    #[arg(long, default_value = "127.0.0.1:8444")]
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
        #[arg(long, default_value = "./claviger-data")]
        data_dir: PathBuf,
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
        #[arg(long, default_value = "./claviger-data")]
        data_dir: PathBuf,
        /// Its root key; DATA_DIR/root.key unless given, as `claviger dev` keeps it
        #[arg(long)]
        root_key_file: Option<PathBuf>,
        /// Print as text or JSON
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
}

/// Where the server is, and with which files to call it.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The server
    #[arg(long, default_value = "https://127.0.0.1:8443", env = "CLAVIGER_ENDPOINT")]
    pub(crate) endpoint: String,
    /// The directory with ca.pem, client-key.json, client-key-password.txt and access-key.json
    #[arg(long, default_value = "./claviger-data", env = "CLAVIGER_DATA_DIR")]
    pub(crate) data_dir: PathBuf,
    /// Print as text or JSON
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: Output,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataKeyPair {
    /// Make a pair under the primary version of a key; the wrapped private key is printed as Base64
    Generate {
        #[command(flatten)]
        target: Target,
        /// The wrapping key: an id or an alias
        #[arg(long, default_value = "alias/dev")]
        key_id: String,
        /// RSA_2048, RSA_3072, RSA_4096, EC_P256 or EC_P256K
        #[arg(long, default_value = "RSA_2048")]
        spec: String,
        /// PEM or DER
        #[arg(long, default_value = "PEM")]
        format: String,
        /// Additional authenticated data; needed again to open
        #[arg(long, default_value = "")]
        aad: String,
        /// Do not ask for the plaintext private key
        #[arg(long)]
        without_plaintext: bool,
        /// Write the files NAME.pub, NAME.key (mode 0600) and NAME.wrapped instead of printing keys
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Open a wrapped private key
    Open {
        #[command(flatten)]
        target: Target,
        /// The file with the wrapped private key: Base64 as printed, or the raw bytes of NAME.wrapped
        wrapped: PathBuf,
        /// The additional authenticated data it was made with
        #[arg(long, default_value = "")]
        aad: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key
    Create {
        #[command(flatten)]
        target: Target,
        /// Aliyun_AES_256, Aliyun_SM4, RSA_2048, RSA_3072, RSA_4096, EC_P256, EC_P256K, EC_SM2 or HMAC_SHA_256
        #[arg(long, default_value = "Aliyun_AES_256")]
        spec: String,
        /// ENCRYPT/DECRYPT or SIGN/VERIFY; a key that can sign signs unless told otherwise
        #[arg(long)]
        usage: Option<String>,
        /// Words about it
        #[arg(long, default_value = "")]
        description: String,
        /// Rotate by itself this often, for example 365d; 7d to 730d
        #[arg(long)]
        rotation_interval: Option<String>,
    },
    /// Show a key
    Describe(OneKey),
    /// List keys
    List(Listing),
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
        /// How often, for example 365d; needed with `on`
        #[arg(long)]
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
    /// Which page
    #[arg(long, default_value_t = 1)]
    pub(crate) page: u32,
    /// Entries on a page, at most 100
    #[arg(long, default_value_t = 100)]
    pub(crate) page_size: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Alias {
    /// Bind a name to a key
    Create {
        #[command(flatten)]
        target: Target,
        /// The name, beginning `alias/`
        name: String,
        /// The key: an id or another alias
        key_id: String,
    },
    /// List names
    List(Listing),
    /// Remove a name; its key stays
    Delete {
        #[command(flatten)]
        target: Target,
        /// The name
        name: String,
    },
}

/// A permission template, short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionName {
    /// Cryptographic operations with keys
    KeyUser,
    /// Reading secrets
    SecretUser,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientKey {
    /// Make a client key; writes NAME.json and NAME-password.txt, both readable by you only
    ///
    /// NAME is its application access point. One that does not exist yet is made, with a policy NAME of the permissions,
    /// resources and networks given; one that exists keeps its policies, and takes none of those options.
    Create {
        #[command(flatten)]
        target: Target,
        /// The application access point: letters, digits, `-`, `_`
        name: String,
        /// What it may do: `key-user` or `secret-user`; may be repeated [default: key-user]
        #[arg(long = "permission", value_enum)]
        permissions: Vec<PermissionName>,
        /// With what: `key/*`, `key/<id>`, `secret/*`, `secret/<name>`; may be repeated [default: key/*]
        #[arg(long = "resource")]
        resources: Vec<String>,
        /// From where: an address or a range such as 10.0.0.0/8; may be repeated [default: from everywhere]
        #[arg(long = "network")]
        networks: Vec<String>,
        /// Where to write the two files
        #[arg(long, default_value = ".")]
        out: PathBuf,
        /// Refused before this date, for example 2027-01-01T00:00:00Z; with --not-after
        #[arg(long, requires = "not_after")]
        not_before: Option<String>,
        /// Refused from this date on; five years from now unless given
        #[arg(long, requires = "not_before")]
        not_after: Option<String>,
    },
    /// List client keys, with the policies of their application access points
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Revoke a client key, at once and for ever
    Revoke {
        #[command(flatten)]
        target: Target,
        /// Its id, KAAP....
        client_key_id: String,
    },
}
