//! `data-key-pair`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{AadArgs, Target};

#[derive(Debug, Subcommand)]
pub(crate) enum DataKeyPair {
    /// Make a pair under the primary version of a key; the wrapped private key is printed as Base64
    Generate {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        aad: AadArgs,
        /// The wrapping key: an id or an alias
        #[arg(long, default_value = "alias/dev")]
        key_id: String,
        /// What kind of pair; those after EC_P256K only if the server has `extended_key_pair_specs` on (`dev --extended-key-pair-specs`)
        #[arg(long, default_value = "RSA_2048", value_parser = PAIR_SPECS)]
        spec: String,
        /// How both keys are encoded
        #[arg(long, default_value = "PEM", value_parser = ["PEM", "DER"])]
        format: String,
        /// Do not ask for the plaintext private key
        #[arg(long)]
        without_plaintext: bool,
        /// Write the files NAME.pub, NAME.key (mode 0600) and NAME.wrapped instead of printing keys
        #[arg(long, value_name = "NAME")]
        out: Option<PathBuf>,
    },
    /// Open a wrapped private key
    Open {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        aad: AadArgs,
        /// The file with the wrapped private key: Base64 as printed, or the raw bytes of NAME.wrapped
        wrapped: PathBuf,
    },
}

/// The API's five, then ours.
const PAIR_SPECS: [&str; 15] = [
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_P256",
    "EC_P256K",
    "EC_P384",
    "EC_P521",
    "EC_SM2",
    "ED25519",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];
