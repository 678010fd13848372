//! Key material: made for a new version, and prepared once per version to be shared by every request that uses it.
//!
//! What is stored: for symmetric and HMAC keys the key's bytes, for asymmetric keys PKCS#8, DER.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;

use claviger_base::SecretBytes;
use claviger_base::id::KeyVersionId;
use claviger_crypto::AeadKey;
use claviger_crypto::aead::Algorithm as Aead;
use claviger_crypto::asymmetric::{KeySpec as AsymmetricSpec, PrivateKey};
use claviger_crypto::mac::HmacSha256Key;
use claviger_keygen::{Generator, PairSpec};
use claviger_model::{Key, KeyMaterial, KeySpec, KeyVersion};
use claviger_vault::Vault;

use crate::error::ServiceError;

const MALFORMED: ServiceError = ServiceError::Bug("stored key material does not fit its key's spec");
const OTHER_KIND: ServiceError = ServiceError::Bug("an operation on a key of another kind passed its checks");
/// The control plane among the generator's clients.
const CLIENT: u64 = u64::MAX;

/// Material ready for use.
#[derive(Debug)]
pub(crate) enum Material {
    /// Seals and opens.
    Aead(AeadKey),
    /// Signs, verifies, encrypts, decrypts.
    Asymmetric(Box<PrivateKey>),
    /// Authenticates.
    Mac(Box<HmacSha256Key>),
}

/// What a key of a spec is to the crypto room.
enum Kind {
    Aead(Aead),
    Asymmetric(AsymmetricSpec),
    Mac,
    /// In hardware only.
    None,
}

const fn kind(spec: KeySpec) -> Kind {
    match spec {
        KeySpec::AliyunAes256 => Kind::Aead(Aead::Aes256Gcm),
        KeySpec::AliyunSm4 => Kind::Aead(Aead::Sm4Gcm),
        KeySpec::AliyunAes192 | KeySpec::AliyunAes128 => Kind::None,
        KeySpec::Rsa2048 => Kind::Asymmetric(AsymmetricSpec::Rsa2048),
        KeySpec::Rsa3072 => Kind::Asymmetric(AsymmetricSpec::Rsa3072),
        KeySpec::Rsa4096 => Kind::Asymmetric(AsymmetricSpec::Rsa4096),
        KeySpec::EcP256 => Kind::Asymmetric(AsymmetricSpec::EcP256),
        KeySpec::EcP256k => Kind::Asymmetric(AsymmetricSpec::EcP256k),
        KeySpec::EcSm2 => Kind::Asymmetric(AsymmetricSpec::EcSm2),
        KeySpec::HmacSha256 => Kind::Mac,
    }
}

impl Material {
    /// Prepares what is stored for a key of `spec`.
    pub(crate) fn prepare(spec: KeySpec, stored: &SecretBytes) -> Result<Self, ServiceError> {
        match kind(spec) {
            Kind::Aead(algorithm) => AeadKey::new(algorithm, stored).map(Self::Aead).map_err(|_length| MALFORMED),
            Kind::Asymmetric(spec) => PrivateKey::from_pkcs8_der(spec, stored)
                .map(Box::new)
                .map(Self::Asymmetric)
                .map_err(|_rejected| MALFORMED),
            Kind::Mac => HmacSha256Key::new(stored).map(Box::new).map(Self::Mac).map_err(|_length| MALFORMED),
            Kind::None => Err(ServiceError::Unsupported),
        }
    }
}

/// Fresh material for a key of `spec`. RSA keys come from the generator, which is faster than the crypto library. Blocks.
pub(crate) fn generate(spec: KeySpec, generator: &Generator) -> Result<SecretBytes, ServiceError> {
    let pair_spec = match spec {
        KeySpec::Rsa2048 => PairSpec::Rsa2048,
        KeySpec::Rsa3072 => PairSpec::Rsa3072,
        KeySpec::Rsa4096 => PairSpec::Rsa4096,
        _ => return generate_at_once(spec),
    };
    let (_public_key, private_key) = wait_for(generator.pair(pair_spec, CLIENT))?.into_parts();
    Ok(private_key)
}

fn generate_at_once(spec: KeySpec) -> Result<SecretBytes, ServiceError> {
    match kind(spec) {
        Kind::Aead(algorithm) => algorithm.generate_key().map_err(|_unavailable| ServiceError::Random),
        Kind::Asymmetric(spec) => {
            PrivateKey::generate_pkcs8_der(spec).map_err(|_failed| ServiceError::Bug("a key could not be made"))
        }
        Kind::Mac => HmacSha256Key::generate().map_err(|_unavailable| ServiceError::Random),
        Kind::None => Err(ServiceError::Unsupported),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread, inside or outside of a runtime; the generator answers from threads of its own.
fn wait_for<F: Future>(future: F) -> F::Output {
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A key version ready for use.
#[derive(Debug)]
pub(crate) struct UnsealedVersion {
    pub(crate) version: KeyVersion,
    material: Material,
}

/// Reads the key version `id` and prepares its material. Blocks.
pub(crate) fn unseal(vault: &Vault, id: &KeyVersionId) -> Result<Option<UnsealedVersion>, ServiceError> {
    let Some(stored) = vault.get::<KeyMaterial>(id)? else { return Ok(None) };
    // Versions are destroyed before their key; without a key nothing says what the material is.
    let Some(key) = vault.get::<Key>(&stored.record.version.key)? else { return Ok(None) };
    let material = Material::prepare(key.record.spec, &stored.record.material)?;
    Ok(Some(UnsealedVersion { version: stored.record.version, material }))
}

impl UnsealedVersion {
    /// The material of a symmetric key.
    pub(crate) fn aead(&self) -> Result<&AeadKey, ServiceError> {
        match &self.material {
            Material::Aead(key) => Ok(key),
            Material::Asymmetric(_) | Material::Mac(_) => Err(OTHER_KIND),
        }
    }

    /// The material of an asymmetric key.
    pub(crate) fn private_key(&self) -> Result<&PrivateKey, ServiceError> {
        match &self.material {
            Material::Asymmetric(key) => Ok(key),
            Material::Aead(_) | Material::Mac(_) => Err(OTHER_KIND),
        }
    }

    /// The material of an HMAC key.
    pub(crate) fn mac(&self) -> Result<&HmacSha256Key, ServiceError> {
        match &self.material {
            Material::Mac(key) => Ok(key),
            Material::Aead(_) | Material::Asymmetric(_) => Err(OTHER_KIND),
        }
    }
}
