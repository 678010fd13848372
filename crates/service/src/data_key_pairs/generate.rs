//! `GenerateDataKeyPair`, `GenerateDataKeyPairWithoutPlaintext` and their Advance forms (instance-api 5.4). All four are one
//! operation here: the version is a parameter, and leaving out the plaintext is up to the caller.

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::limits::GCM_IV_BYTES;
use claviger_base::{SecretBytes, random};
use claviger_crypto::pem;
use claviger_keygen::PairSpec;
use claviger_model::Algorithm;

use super::key_format::KeyFormat;
use crate::access::Rights;
use crate::encrypt::encryption_algorithm;
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::sealing::check_aad;
use crate::service::Service;
use crate::usage_warnings::UsageWarnings;
use crate::version_choice::VersionChoice;

const NOT_ENCODED: ServiceError = ServiceError::Bug("a generated pair could not be encoded as PEM");

/// A request for a data key pair. Names stay as the caller wrote them, because they are validated after the key is found.
#[derive(Debug, Clone)]
pub struct GenerateDataKeyPair {
    /// The caller's rights.
    pub rights: Rights,
    /// The symmetric key to wrap under.
    pub key: KeyRef,
    /// Which version of the key.
    pub version: VersionChoice,
    /// `KeyPairSpec`.
    pub key_pair_spec: String,
    /// `KeyFormat`.
    pub key_format: String,
    /// `Algorithm`; empty or `AES_GCM`.
    pub algorithm: String,
    /// Additional authenticated data, at most 8192 bytes.
    pub aad: Vec<u8>,
    /// A number that distinguishes this client from others. Requests of different clients take turns.
    pub client: u64,
}

/// A pair, and its private half wrapped.
#[derive(Debug)]
pub struct DataKeyPair {
    /// The wrapping key.
    pub key_id: KeyId,
    /// Its version.
    pub key_version_id: KeyVersionId,
    /// The kind of pair.
    pub spec: PairSpec,
    /// The initialization vector of the wrapping.
    pub iv: [u8; GCM_IV_BYTES],
    /// The public key: SubjectPublicKeyInfo in the requested format.
    pub public_key: Vec<u8>,
    /// The private key: PKCS#8 in the requested format.
    pub private_key: SecretBytes,
    /// GCM of `private_key` under the version: ciphertext and 16-byte tag.
    pub sealed_private_key: Vec<u8>,
    /// The algorithm that wraps it.
    pub algorithm: Algorithm,
    /// What is hazardous about this use of the wrapping key.
    pub warnings: UsageWarnings,
}

impl Service {
    /// Generates a pair and wraps its private half. The server keeps neither.
    ///
    /// `disconnected` completes when the client has gone away. If the request is waiting for a pair, it gives up, and a pair that
    /// it has not taken goes to another request. A pair that was encoded or sealed is wiped and never used again.
    ///
    /// Encoding and sealing run on the caller's thread; only the search for primes runs elsewhere.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, a key that is not symmetric, invalid parameters,
    /// [`ServiceError::ConcurrencyLimitExceeded`], [`ServiceError::KeyVersionExhausted`]; then
    /// [`ServiceError::TooManyWaiting`], [`ServiceError::CallerGone`], [`ServiceError::Keygen`].
    pub async fn generate_data_key_pair(
        &self,
        request: GenerateDataKeyPair,
        disconnected: impl Future<Output = ()>,
    ) -> Result<DataKeyPair, ServiceError> {
        require(&request.key_pair_spec, "KeyPairSpec")?;
        require(&request.key_format, "KeyFormat")?;
        let key = self.usable_key(&request.key, &request.rights).await?;
        request.version.require_symmetric(&key)?;
        let spec = self.generator.spec(&request.key_pair_spec).ok_or(ServiceError::InvalidParameter("KeyPairSpec"))?;
        let format = KeyFormat::parse(&request.key_format).ok_or(ServiceError::InvalidParameter("KeyFormat"))?;
        let algorithm = encryption_algorithm(&key, &request.algorithm)?;
        check_aad(&request.aad)?;
        let warnings = self.usage_warnings(&key, request.version, false)?;
        let version_id = request.version.of(&key);
        let permit = self.pair_limiter.enter(request.client)?;
        let version = self.key_version(version_id).await?.ok_or(ServiceError::KeyNotFound)?;
        // Counted first, so that no pair is generated for a version that has reached its limit of encryptions.
        self.iv_ledger.count(&version.version).await?;
        let pair = tokio::select! {
            biased;
            () = disconnected => return Err(ServiceError::CallerGone),
            pair = self.generator.pair(spec, request.client) => pair?,
        };
        let (public_key, private_key) = pair.into_parts();
        let (public_key, private_key) = match format {
            KeyFormat::Der => (public_key, private_key),
            KeyFormat::Pem => (
                pem::encode_public_key(&public_key).map_err(|_rejected| NOT_ENCODED)?.into_bytes(),
                pem::encode_private_key(&private_key).map_err(|_rejected| NOT_ENCODED)?,
            ),
        };
        let iv = random::bytes()?;
        let sealed_private_key = self.seal_counted(&version, &iv, &request.aad, private_key.reveal()).await?;
        drop(permit);
        Ok(DataKeyPair {
            key_id: key.id.clone(),
            key_version_id: version_id.clone(),
            spec,
            iv,
            public_key,
            private_key,
            sealed_private_key,
            algorithm,
            warnings,
        })
    }
}

fn require(text: &str, name: &'static str) -> Result<(), ServiceError> {
    if text.is_empty() { Err(ServiceError::MissingParameter(name)) } else { Ok(()) }
}
