//! Sealing under a key version: the one place where a GCM initialization vector is drawn, taken from a caller, and
//! counted; and what is remarkable about a use.
//!
//! Both families of operations seal here, so a blob of one opens in the other (instance-api 6.2).

use std::sync::Arc;

use claviger_base::limits::AAD_BYTES_MAX;
use claviger_base::{SecretBytes, random};
use claviger_crypto::AeadKey;
use claviger_model::Key;

use crate::data_key_pairs::generate::VersionChoice;
use crate::error::ServiceError;
use crate::key_material::UnsealedVersion;
use crate::service::Service;

/// Bytes of a GCM initialization vector.
pub(crate) const IV_BYTES: usize = 12;

/// What the operator should know about a use that the API allows: counted in metrics, marked in the audit record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remarks {
    /// A basic operation on a key that rotates: it used the first version, and always will.
    pub is_basic_on_rotating_key: bool,
    /// The caller chose the initialization vector.
    pub is_caller_supplied_iv: bool,
}

impl Remarks {
    /// In words, for the audit record.
    #[must_use]
    pub const fn text(self) -> Option<&'static str> {
        match (self.is_basic_on_rotating_key, self.is_caller_supplied_iv) {
            (true, true) => Some("basic operation on a rotating key, caller supplied iv"),
            (true, false) => Some("basic operation on a rotating key"),
            (false, true) => Some("caller supplied iv"),
            (false, false) => None,
        }
    }
}

impl Service {
    /// Remarks on an operation on `key` with `version`.
    ///
    /// # Errors
    /// [`ServiceError::BasicOperationOnRotatingKey`] where the operator denies it.
    pub(crate) fn remark_basic(&self, key: &Key, version: VersionChoice) -> Result<Remarks, ServiceError> {
        let is_trap = version == VersionChoice::Initial && key.is_rotating();
        if is_trap && self.use_policy.deny_basic_operations_on_rotating_keys {
            return Err(ServiceError::BasicOperationOnRotatingKey);
        }
        Ok(Remarks { is_basic_on_rotating_key: is_trap, is_caller_supplied_iv: false })
    }

    /// Seals under a vector drawn now from the operating system, counting the use.
    ///
    /// # Errors
    /// [`ServiceError::KeyVersionExhausted`].
    pub(crate) async fn seal_random(
        &self,
        version: &Arc<UnsealedVersion>,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<([u8; IV_BYTES], Vec<u8>), ServiceError> {
        let iv = random::bytes()?;
        let sealed = self.seal(version, &iv, aad, plaintext).await?;
        Ok((iv, sealed))
    }

    /// Seals under `iv`, counting the use: SP 800-38D bounds all invocations of a key together, whoever chose the vector.
    ///
    /// # Errors
    /// [`ServiceError::KeyVersionExhausted`].
    pub(crate) async fn seal(
        &self,
        version: &Arc<UnsealedVersion>,
        iv: &[u8; IV_BYTES],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, ServiceError> {
        self.iv_ledger.count(&version.version).await?;
        self.seal_counted(version, iv, aad, plaintext).await
    }

    /// Seals a use that `iv_ledger` has counted.
    pub(crate) async fn seal_counted(
        &self,
        version: &Arc<UnsealedVersion>,
        iv: &[u8; IV_BYTES],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, ServiceError> {
        let sealed = if is_long(version.aead()?, plaintext.len()) {
            let (version, iv, aad) = (Arc::clone(version), *iv, aad.to_vec());
            let plaintext = SecretBytes::copy_from(plaintext);
            self.slowly(move || Ok::<_, ServiceError>(version.aead()?.seal(&iv, &aad, plaintext.reveal()))).await??
        } else {
            version.aead()?.seal(iv, aad, plaintext)
        };
        sealed.map_err(|_failed| ServiceError::Bug("sealing failed"))
    }

    /// Opens what one of the above sealed.
    ///
    /// # Errors
    /// [`ServiceError::DoesNotOpen`].
    pub(crate) async fn open(
        &self,
        version: &Arc<UnsealedVersion>,
        iv: &[u8; IV_BYTES],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, ServiceError> {
        let opened = if is_long(version.aead()?, sealed.len()) {
            let (version, iv, aad, sealed) = (Arc::clone(version), *iv, aad.to_vec(), sealed.to_vec());
            self.slowly(move || Ok::<_, ServiceError>(version.aead()?.open(&iv, &aad, &sealed))).await??
        } else {
            version.aead()?.open(iv, aad, sealed)
        };
        opened.map_err(|_does_not_open| ServiceError::DoesNotOpen)
    }
}

/// Whether so many bytes take so long that they should hold nobody up: SM4 runs in portable code.
const fn is_long(key: &AeadKey, bytes: usize) -> bool {
    match key {
        AeadKey::Aes256Gcm(_) => bytes > 256 * 1024,
        AeadKey::Sm4Gcm(_) => bytes > 8 * 1024,
    }
}

/// Judges `Aad` of a GCM operation.
pub(crate) fn check_aad(aad: &[u8]) -> Result<(), ServiceError> {
    if aad.len() > AAD_BYTES_MAX { Err(ServiceError::InvalidParameter("Aad")) } else { Ok(()) }
}

/// Judges `PaddingMode`: without effect on every algorithm that this server has, but it must be one of the API's words.
pub(crate) fn check_padding_mode(padding_mode: &str) -> Result<(), ServiceError> {
    match padding_mode {
        "" | "PKCS7_PADDING" | "NO_PADDING" => Ok(()),
        _ => Err(ServiceError::InvalidParameter("PaddingMode")),
    }
}

/// `Iv` of a GCM operation as its caller sent it.
pub(crate) fn gcm_iv(iv: &[u8]) -> Result<[u8; IV_BYTES], ServiceError> {
    <[u8; IV_BYTES]>::try_from(iv).map_err(|_length| ServiceError::InvalidParameter("Iv"))
}
