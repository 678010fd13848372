//! The implementations that are compared. Each encodes its pairs as this project returns them: PKCS#8 and SPKI, DER.

use std::error::Error;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
};
use claviger_keygen::{DirectGenerator, EngineKind, PairSpec};
use p256::elliptic_curve::Generate as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};

pub(crate) type Made = Result<usize, Box<dyn Error>>;

/// The implementation that ratios refer to.
pub(crate) const BASELINE: &str = "aws-lc-rs";

/// Makes one pair per call and returns the total length of both encodings.
pub(crate) struct Implementation {
    pub(crate) name: String,
    pub(crate) make: Box<dyn FnMut() -> Made>,
}

impl Implementation {
    fn new(name: &str, make: impl FnMut() -> Made + 'static) -> Self {
        Self { name: name.to_owned(), make: Box::new(make) }
    }
}

/// Every implementation of `spec`, this project's first.
pub(crate) fn all(spec: PairSpec) -> Result<Vec<Implementation>, Box<dyn Error>> {
    let mut implementations = Vec::new();
    let is_rsa = matches!(spec, PairSpec::Rsa2048 | PairSpec::Rsa3072 | PairSpec::Rsa4096);
    let kinds: &[EngineKind] = if is_rsa {
        &[EngineKind::Ifma, EngineKind::Avx2, EngineKind::Dual, EngineKind::Scalar, EngineKind::Library]
    } else {
        &[EngineKind::Auto]
    };
    for kind in kinds.iter().filter(|kind| kind.is_available()) {
        let mut generator = DirectGenerator::new(*kind, spec)?;
        let name = if is_rsa { format!("claviger {kind}") } else { "claviger".to_owned() };
        implementations.push(Implementation::new(&name, move || {
            let (public_key, private_key) = generator.next_pair()?.into_parts();
            Ok(public_key.len() + private_key.len())
        }));
    }
    implementations.push(Implementation::new(BASELINE, move || aws_lc(spec)));
    implementations.push(Implementation::new("RustCrypto", move || rust_crypto(spec)));
    #[cfg(feature = "openssl")]
    implementations.push(Implementation::new("system OpenSSL", move || system_openssl(spec)));
    Ok(implementations)
}

const NOT_MEASURED: &str = "only the API's five specs are compared with other implementations";

fn aws_lc(spec: PairSpec) -> Made {
    let size = match spec {
        PairSpec::Rsa2048 => KeySize::Rsa2048,
        PairSpec::Rsa3072 => KeySize::Rsa3072,
        PairSpec::Rsa4096 => KeySize::Rsa4096,
        PairSpec::EcP256 => return aws_lc_curve(&ECDSA_P256_SHA256_ASN1_SIGNING),
        PairSpec::EcP256k => return aws_lc_curve(&ECDSA_P256K1_SHA256_ASN1_SIGNING),
        PairSpec::Extended(_) => return Err(NOT_MEASURED.into()),
    };
    let key = aws_lc_rs::rsa::KeyPair::generate(size)?;
    let private: Pkcs8V1Der<'_> = key.as_der()?;
    let public: PublicKeyX509Der<'_> = key.public_key().as_der()?;
    Ok(private.as_ref().len() + public.as_ref().len())
}

fn aws_lc_curve(algorithm: &'static EcdsaSigningAlgorithm) -> Made {
    let key = EcdsaKeyPair::generate(algorithm)?;
    let private = key.to_pkcs8v1()?;
    let public: PublicKeyX509Der<'_> = key.public_key().as_der()?;
    Ok(private.as_ref().len() + public.as_ref().len())
}

fn rust_crypto(spec: PairSpec) -> Made {
    let bits = match spec {
        PairSpec::Rsa2048 => 2048,
        PairSpec::Rsa3072 => 3072,
        PairSpec::Rsa4096 => 4096,
        PairSpec::EcP256 => {
            let key = p256::SecretKey::generate_from_rng(&mut rand::rng());
            return Ok(key.to_pkcs8_der()?.as_bytes().len() + key.public_key().to_public_key_der()?.as_bytes().len());
        }
        PairSpec::EcP256k => {
            let key = k256::SecretKey::generate_from_rng(&mut rand::rng());
            return Ok(key.to_pkcs8_der()?.as_bytes().len() + key.public_key().to_public_key_der()?.as_bytes().len());
        }
        PairSpec::Extended(_) => return Err(NOT_MEASURED.into()),
    };
    let key = rsa::PrivateKey::new(&mut rand::rng(), bits)?;
    Ok(key.to_pkcs8_der()?.as_bytes().len() + key.to_public_key().to_public_key_der()?.as_bytes().len())
}

#[cfg(feature = "openssl")]
fn system_openssl(spec: PairSpec) -> Made {
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::pkey::PKey;

    let curve = |nid| -> Result<_, openssl::error::ErrorStack> {
        PKey::from_ec_key(EcKey::generate(EcGroup::from_curve_name(nid)?.as_ref())?)
    };
    let key = match spec {
        PairSpec::Rsa2048 => PKey::from_rsa(openssl::rsa::Rsa::generate(2048)?)?,
        PairSpec::Rsa3072 => PKey::from_rsa(openssl::rsa::Rsa::generate(3072)?)?,
        PairSpec::Rsa4096 => PKey::from_rsa(openssl::rsa::Rsa::generate(4096)?)?,
        PairSpec::EcP256 => curve(Nid::X9_62_PRIME256V1)?,
        PairSpec::EcP256k => curve(Nid::SECP256K1)?,
        PairSpec::Extended(_) => return Err(NOT_MEASURED.into()),
    };
    Ok(key.private_key_to_pkcs8()?.len() + key.public_key_to_der()?.len())
}
