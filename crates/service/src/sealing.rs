//! AES-GCM and SM4-GCM under a key version: the only place where a key seals or opens, and where initialization vectors are
//! drawn, accepted from callers, and counted.
//!
//! Basic and Advance operations both seal here, so each opens what the other sealed (instance-api 6.2).

use std::sync::Arc;

use claviger_base::limits::{AAD_BYTES_MAX, GCM_IV_BYTES};
use claviger_base::{SecretBytes, random};
use claviger_crypto::AeadKey;

use crate::error::ServiceError;
use crate::key_material::UnsealedVersion;
use crate::service::Service;

impl Service {
    /// Counts the use and seals with a random initialization vector.
    ///
    /// # Errors
    /// [`ServiceError::KeyVersionExhausted`].
    pub(crate) async fn seal_random(
        &self,
        version: &Arc<UnsealedVersion>,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<([u8; GCM_IV_BYTES], Vec<u8>), ServiceError> {
        let iv = random::bytes()?;
        let sealed = self.seal(version, &iv, aad, plaintext).await?;
        Ok((iv, sealed))
    }

    /// Counts the use and seals with `iv`. SP 800-38D limits the uses of a key whether their vectors are random or not.
    ///
    /// # Errors
    /// [`ServiceError::KeyVersionExhausted`].
    pub(crate) async fn seal(
        &self,
        version: &Arc<UnsealedVersion>,
        iv: &[u8; GCM_IV_BYTES],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, ServiceError> {
        self.iv_ledger.count(&version.version).await?;
        self.seal_counted(version, iv, aad, plaintext).await
    }

    /// Seals with `iv`. The IV ledger has counted this use already.
    pub(crate) async fn seal_counted(
        &self,
        version: &Arc<UnsealedVersion>,
        iv: &[u8; GCM_IV_BYTES],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, ServiceError> {
        let sealed = if is_long(version.aead()?, plaintext.len()) {
            let (version, iv, aad) = (Arc::clone(version), *iv, aad.to_vec());
            let plaintext = SecretBytes::copy_from(plaintext);
            let seal = move || Ok::<_, ServiceError>(version.aead()?.seal(&iv, &aad, plaintext.reveal()));
            self.run_cpu_bound(seal).await??
        } else {
            version.aead()?.seal(iv, aad, plaintext)
        };
        sealed.map_err(|_failed| ServiceError::Bug("sealing failed"))
    }

    /// Opens what was sealed under the version.
    ///
    /// # Errors
    /// [`ServiceError::DoesNotOpen`].
    pub(crate) async fn open(
        &self,
        version: &Arc<UnsealedVersion>,
        iv: &[u8; GCM_IV_BYTES],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, ServiceError> {
        let opened = if is_long(version.aead()?, sealed.len()) {
            let (version, iv, aad, sealed) = (Arc::clone(version), *iv, aad.to_vec(), sealed.to_vec());
            self.run_cpu_bound(move || Ok::<_, ServiceError>(version.aead()?.open(&iv, &aad, &sealed))).await??
        } else {
            version.aead()?.open(iv, aad, sealed)
        };
        opened.map_err(|_does_not_open| ServiceError::DoesNotOpen)
    }
}

/// Whether so many bytes take too long for a thread of the runtime. SM4 runs in portable code.
const fn is_long(key: &AeadKey, bytes: usize) -> bool {
    match key {
        AeadKey::Aes256Gcm(_) => bytes > 256 * 1024,
        AeadKey::Sm4Gcm(_) => bytes > 8 * 1024,
    }
}

/// Validates `Aad` of a GCM operation.
pub(crate) fn check_aad(aad: &[u8]) -> Result<(), ServiceError> {
    if aad.len() > AAD_BYTES_MAX { Err(ServiceError::InvalidParameter("Aad")) } else { Ok(()) }
}

/// Validates `PaddingMode`. It must be a value that the API knows, but no algorithm of this server uses it.
pub(crate) fn check_padding_mode(padding_mode: &str) -> Result<(), ServiceError> {
    match padding_mode {
        "" | "PKCS7_PADDING" | "NO_PADDING" => Ok(()),
        _ => Err(ServiceError::InvalidParameter("PaddingMode")),
    }
}

/// `Iv` of a GCM operation as the caller sent it.
pub(crate) fn gcm_iv(iv: &[u8]) -> Result<[u8; GCM_IV_BYTES], ServiceError> {
    <[u8; GCM_IV_BYTES]>::try_from(iv).map_err(|_length| ServiceError::InvalidParameter("Iv"))
}
