//! `GenerateDataKeyPair`, `GenerateDataKeyPairWithoutPlaintext` and their Advance twins: one operation with two
//! parameters (instance-api 5.4).

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::{SecretBytes, random};
use claviger_crypto::pem;
use claviger_keygen::PairSpec;
use claviger_model::{Algorithm, Key};

use crate::access::Rights;
use crate::encrypt::encryption_algorithm;
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::sealing::{Remarks, check_aad};
use crate::service::Service;

const NOT_ENCODED: ServiceError = ServiceError::Bug("a fresh pair could not be written as PEM");

/// Which version of the wrapping key to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionChoice {
    /// The first version ever: the basic operations.
    Initial,
    /// The newest version: the Advance operations.
    Primary,
}

impl VersionChoice {
    /// That version of `key`.
    pub(crate) fn of(self, key: &Key) -> &KeyVersionId {
        match self {
            Self::Initial => &key.initial_version,
            Self::Primary => &key.primary_version,
        }
    }

    /// Refuses a key that cannot wrap, as the operation's family names it.
    pub(crate) fn require_symmetric(self, key: &Key) -> Result<(), ServiceError> {
        match self {
            _ if key.spec.is_symmetric() => Ok(()),
            Self::Primary => Err(ServiceError::OnlySymmetricKeySupported(key.id.clone())),
            Self::Initial => Err(ServiceError::Unsupported),
        }
    }
}

/// How keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFormat {
    /// Text with armor, 64 columns, line feeds only.
    Pem,
    /// Bytes.
    Der,
}

impl KeyFormat {
    /// The format of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "PEM" => Some(Self::Pem),
            "DER" => Some(Self::Der),
            _ => None,
        }
    }
}

/// What is asked for. Names are text as the caller wrote them: they are judged after the key was found.
#[derive(Debug, Clone)]
pub struct GenerateDataKeyPair {
    /// Who may use what.
    pub rights: Rights,
    /// The symmetric key to wrap under.
    pub key: KeyRef,
    /// Which of its versions.
    pub version: VersionChoice,
    /// `KeyPairSpec`.
    pub key_pair_spec: String,
    /// `KeyFormat`.
    pub key_format: String,
    /// `Algorithm`; empty or `AES_GCM`.
    pub algorithm: String,
    /// Additional authenticated data, at most 8192 bytes.
    pub aad: Vec<u8>,
    /// Requests of one client are served in turn with those of others: any number that tells clients apart.
    pub client: u64,
}

/// A pair, its private half wrapped.
#[derive(Debug)]
pub struct DataKeyPair {
    /// The wrapping key.
    pub key_id: KeyId,
    /// Its version.
    pub key_version_id: KeyVersionId,
    /// What kind of pair.
    pub spec: PairSpec,
    /// The initialization vector of the wrapping.
    pub iv: [u8; 12],
    /// The public key, SubjectPublicKeyInfo in the format asked for.
    pub public_key: Vec<u8>,
    /// The private key, PKCS#8 in the format asked for.
    pub private_key: SecretBytes,
    /// GCM of `private_key` under the version: ciphertext and 16-byte tag.
    pub sealed_private_key: Vec<u8>,
    /// How it is wrapped.
    pub algorithm: Algorithm,
    /// What is remarkable about it.
    pub remarks: Remarks,
}

impl Service {
    /// Makes a pair and wraps its private half. Nothing of it is kept.
    ///
    /// When `gone` ends, nobody waits for the answer any more: a request that waits for a pair gives up, and a pair that
    /// nobody has looked at goes to somebody else. What was encoded or sealed is wiped and never used again.
    ///
    /// Encoding and sealing stay on the caller's thread; only the search for primes is elsewhere.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, a key that is not symmetric, parameters that are
    /// not allowed, [`ServiceError::ConcurrencyLimitExceeded`], [`ServiceError::KeyVersionExhausted`]; then
    /// [`ServiceError::TooManyWaiting`], [`ServiceError::CallerGone`], [`ServiceError::Keygen`].
    pub async fn generate_data_key_pair(
        &self,
        request: GenerateDataKeyPair,
        gone: impl Future<Output = ()>,
    ) -> Result<DataKeyPair, ServiceError> {
        require(&request.key_pair_spec, "KeyPairSpec")?;
        require(&request.key_format, "KeyFormat")?;
        let key = self.usable_key(&request.key, &request.rights).await?;
        request.version.require_symmetric(&key)?;
        let spec = self.generator.spec(&request.key_pair_spec).ok_or(ServiceError::InvalidParameter("KeyPairSpec"))?;
        let format = KeyFormat::parse(&request.key_format).ok_or(ServiceError::InvalidParameter("KeyFormat"))?;
        let algorithm = encryption_algorithm(&key, &request.algorithm)?;
        check_aad(&request.aad)?;
        let remarks = self.remark_basic(&key, request.version)?;
        let version_id = request.version.of(&key);
        let permit = self.gate.enter(request.client)?;
        let version = self.key_version(version_id).await?.ok_or(ServiceError::KeyNotFound)?;
        // Before the pair is made: no work is done for a version that may not wrap it.
        self.iv_ledger.count(&version.version).await?;
        let pair = tokio::select! {
            biased;
            () = gone => return Err(ServiceError::CallerGone),
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
            remarks,
        })
    }
}

fn require(text: &str, name: &'static str) -> Result<(), ServiceError> {
    if text.is_empty() { Err(ServiceError::MissingParameter(name)) } else { Ok(()) }
}
