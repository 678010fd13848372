//! The arguments of `encrypt`, `decrypt`, `sign` and `verify`, and the additional authenticated data that
//! `data-key-pair` also takes.

use std::path::PathBuf;

use clap::Args;

use super::{DEFAULT_KEY, Target};

/// Additional authenticated data: decryption needs the same bytes as encryption.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct AadArgs {
    /// Additional authenticated data as text; decryption needs it again
    #[arg(long, value_name = "TEXT")]
    pub(crate) aad: Option<String>,
    /// Additional authenticated data: the bytes of this file, unchanged
    #[arg(long, value_name = "FILE")]
    pub(crate) aad_file: Option<PathBuf>,
    /// Additional authenticated data as Base64, for example a raw SHA-256 digest
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
    /// For RSA and EC keys: the algorithm; omit for symmetric keys
    #[arg(long, value_parser = ASYMMETRIC_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// Write the raw ciphertext instead of Base64
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
    /// For RSA and EC keys: the key, an id or an alias; other ciphertexts contain theirs
    #[arg(long, requires = "algorithm")]
    pub(crate) key_id: Option<String>,
    /// For RSA and EC keys: the algorithm of the encryption
    #[arg(long, requires = "key_id", value_parser = ASYMMETRIC_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// The ciphertext is raw, not Base64; the plaintext is always written unchanged
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
    /// The signature algorithm [default: that of the key]
    #[arg(long, value_parser = SIGNING_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// The input is the digest of the message (32 bytes), not the message
    #[arg(long)]
    pub(crate) digest: bool,
    /// Write the raw signature instead of Base64
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
    /// The signature algorithm [default: that of the key]
    #[arg(long, value_parser = SIGNING_ALGORITHMS)]
    pub(crate) algorithm: Option<String>,
    /// The input is the digest of the message (32 bytes), not the message
    #[arg(long)]
    pub(crate) digest: bool,
    /// The signature file is raw, not Base64
    #[arg(long)]
    pub(crate) raw: bool,
    /// File with the signature
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: PathBuf,
    /// What was signed; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

const ASYMMETRIC_ALGORITHMS: [&str; 4] =
    ["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "ECIES_DH_SHA_1_XOR_HMAC", "SM2PKE"];
const SIGNING_ALGORITHMS: [&str; 4] = ["RSA_PSS_SHA_256", "RSA_PKCS1_SHA_256", "ECDSA_SHA_256", "SM2DSA"];
