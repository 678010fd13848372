//! Key material prepared for use, once per version; all requests that use the version share it.
//!
//! Stored material is the key's bytes for symmetric and HMAC keys, and PKCS#8 DER for asymmetric keys.

pub(crate) mod generate;

use claviger_base::SecretBytes;
use claviger_base::id::KeyVersionId;
use claviger_crypto::AeadKey;
use claviger_crypto::aead::Algorithm as Aead;
use claviger_crypto::asymmetric::{KeySpec as AsymmetricSpec, PrivateKey};
use claviger_crypto::mac::HmacSha256Key;
use claviger_model::{Key, KeyMaterial, KeySpec, KeyVersion};
use claviger_vault::Vault;

use crate::error::ServiceError;

const MALFORMED: ServiceError = ServiceError::Bug("stored key material does not fit its key's spec");
const OTHER_KIND: ServiceError = ServiceError::Bug("an operation on a key of another kind passed its checks");

/// A key version ready for use.
#[derive(Debug)]
pub(crate) struct UnsealedVersion {
    pub(crate) version: KeyVersion,
    material: Material,
}

/// Material in the form that the crypto library takes.
#[derive(Debug)]
enum Material {
    Aead(AeadKey),
    Asymmetric(Box<PrivateKey>),
    Mac(Box<HmacSha256Key>),
}

/// How `crypto` implements a key spec.
enum Implementation {
    Aead(Aead),
    Asymmetric(AsymmetricSpec),
    Mac,
    /// Not at all: keys of the spec exist in hardware only.
    None,
}

const fn implementation(spec: KeySpec) -> Implementation {
    match spec {
        KeySpec::AliyunAes256 => Implementation::Aead(Aead::Aes256Gcm),
        KeySpec::AliyunSm4 => Implementation::Aead(Aead::Sm4Gcm),
        KeySpec::AliyunAes192 | KeySpec::AliyunAes128 => Implementation::None,
        KeySpec::Rsa2048 => Implementation::Asymmetric(AsymmetricSpec::Rsa2048),
        KeySpec::Rsa3072 => Implementation::Asymmetric(AsymmetricSpec::Rsa3072),
        KeySpec::Rsa4096 => Implementation::Asymmetric(AsymmetricSpec::Rsa4096),
        KeySpec::EcP256 => Implementation::Asymmetric(AsymmetricSpec::EcP256),
        KeySpec::EcP256k => Implementation::Asymmetric(AsymmetricSpec::EcP256k),
        KeySpec::EcSm2 => Implementation::Asymmetric(AsymmetricSpec::EcSm2),
        KeySpec::HmacSha256 => Implementation::Mac,
    }
}

/// Reads the key version `id` and prepares its material. Blocks.
pub(crate) fn unseal(vault: &Vault, id: &KeyVersionId) -> Result<Option<UnsealedVersion>, ServiceError> {
    let Some(stored) = vault.get::<KeyMaterial>(id)? else { return Ok(None) };
    // A key is removed after its versions; only a damaged store has a version without a key.
    let Some(key) = vault.get::<Key>(&stored.record.version.key)? else { return Ok(None) };
    let material = prepare(key.record.spec, &stored.record.material)?;
    Ok(Some(UnsealedVersion { version: stored.record.version, material }))
}

fn prepare(spec: KeySpec, stored: &SecretBytes) -> Result<Material, ServiceError> {
    match implementation(spec) {
        Implementation::Aead(algorithm) => {
            AeadKey::new(algorithm, stored).map(Material::Aead).map_err(|_length| MALFORMED)
        }
        Implementation::Asymmetric(spec) => PrivateKey::from_pkcs8_der(spec, stored)
            .map(Box::new)
            .map(Material::Asymmetric)
            .map_err(|_rejected| MALFORMED),
        Implementation::Mac => HmacSha256Key::new(stored).map(Box::new).map(Material::Mac).map_err(|_length| MALFORMED),
        Implementation::None => Err(ServiceError::Unsupported),
    }
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
