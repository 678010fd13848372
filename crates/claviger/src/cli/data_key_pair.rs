//! The arguments of `claviger data-key-pair`.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use claviger_keygen::PairSpec;

use super::{AadArgs, DEFAULT_KEY, Target};

#[derive(Debug, Subcommand)]
pub(crate) enum DataKeyPair {
    /// Generate a pair, wrapped with the primary version of a key; the wrapped private key is printed as Base64
    Generate {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        aad: AadArgs,
        /// The wrapping key: an id or an alias
        #[arg(long, default_value = DEFAULT_KEY)]
        key_id: String,
        /// Spec of the pair; those after EC_P256K require that the server has `extended_key_pair_specs` on (`dev
        /// --extended-key-pair-specs`)
        #[arg(long, default_value = "RSA_2048", value_parser = pair_specs())]
        spec: String,
        /// Encoding of both keys
        #[arg(long, default_value = "PEM", value_parser = ["PEM", "DER"])]
        format: String,
        /// Do not return the plaintext private key
        #[arg(long)]
        without_plaintext: bool,
        /// Write the files NAME.pub, NAME.key (mode 0600) and NAME.wrapped instead of printing keys
        #[arg(long, value_name = "NAME")]
        out: Option<PathBuf>,
    },
    /// Unwrap a wrapped private key
    Open {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        aad: AadArgs,
        /// File with the wrapped private key: Base64 as printed, or the raw bytes of NAME.wrapped
        wrapped: PathBuf,
    },
}

fn pair_specs() -> PossibleValuesParser {
    PossibleValuesParser::new(PairSpec::with_extended().map(PairSpec::name))
}
