//! `encrypt`, `decrypt`, `sign`, `verify`, and the additional authenticated data that they and `data-key-pair` take.

use std::path::PathBuf;

use clap::Args;

use super::{DEFAULT_KEY, Target};

/// The same bytes are needed again to open what was made with them.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct AadArgs {
    /// Additional authenticated data as text; needed again to open
    #[arg(long, value_name = "TEXT")]
    pub(crate) aad: Option<String>,
    /// Additional authenticated data: the bytes of this file, as they are
    #[arg(long, value_name = "FILE")]
    pub(crate) aad_file: Option<PathBuf>,
    /// Additional authenticated data as Base64, for example of a raw SHA-256
    #[arg(long, value_name = "B64")]
    pub(crate) aad_base64: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) aad: AadArgs,
    /// The key: an id or an alias
    #[arg(long, default_value = DEFAULT_KEY)]
    pub(crate) key_id: String,
    /// For RSA and EC keys: how to encrypt; left out for symmetric keys
    #[arg(long, value_parser = ASYMMETRIC_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// Write the ciphertext's bytes instead of Base64
    #[arg(long)]
    pub(crate) raw: bool,
    /// What to encrypt; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) aad: AadArgs,
    /// For RSA and EC keys: the key, an id or an alias; other ciphertexts name theirs
    #[arg(long, requires = "algorithm")]
    pub(crate) key_id: Option<String>,
    /// For RSA and EC keys: how it was encrypted
    #[arg(long, requires = "key_id", value_parser = ASYMMETRIC_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// The ciphertext has bytes, not Base64; the plaintext is always written as it is
    #[arg(long)]
    pub(crate) raw: bool,
    /// What to decrypt; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The key: an id or an alias
    #[arg(long)]
    pub(crate) key_id: String,
    /// How to sign; the key's usual way unless given
    #[arg(long, value_parser = SIGNING_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// The input is the digest of the message (32 bytes), not the message
    #[arg(long)]
    pub(crate) digest: bool,
    /// Write the signature's bytes instead of Base64
    #[arg(long)]
    pub(crate) raw: bool,
    /// What to sign; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The key: an id or an alias
    #[arg(long)]
    pub(crate) key_id: String,
    /// How it was signed; the key's usual way unless given
    #[arg(long, value_parser = SIGNING_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// The input is the digest of the message (32 bytes), not the message
    #[arg(long)]
    pub(crate) digest: bool,
    /// The signature file has bytes, not Base64
    #[arg(long)]
    pub(crate) raw: bool,
    /// The file with the signature
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: PathBuf,
    /// What was signed; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

const ASYMMETRIC_ALGORITHMS: [&str; 4] =
    ["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "ECIES_DH_SHA_1_XOR_HMAC", "SM2PKE"];
const SIGNING_ALGORITHMS: [&str; 4] = ["RSA_PSS_SHA_256", "RSA_PKCS1_SHA_256", "ECDSA_SHA_256", "SM2DSA"];
