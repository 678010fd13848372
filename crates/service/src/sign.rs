//! `Sign` and `Verify` (instance-api 5.5).

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_crypto::Message;
use claviger_crypto::asymmetric::{PrivateKey, SignatureAlgorithm};
use claviger_model::{Algorithm, Key, KeyUsage};

use crate::access::Rights;
use crate::asymmetric::KeyHalf;
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::service::Service;

/// `MessageType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// The message itself; the algorithm hashes it.
    Raw,
    /// The digest of the message, signed as it is.
    Digest,
}

impl MessageType {
    /// The value in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "RAW",
            Self::Digest => "DIGEST",
        }
    }
}

/// A request to sign or verify. Names stay as the caller wrote them, because they are validated after the key is found.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The caller's rights.
    pub rights: Rights,
    /// The key.
    pub key: KeyRef,
    /// The key version to use; `None`: the first.
    pub named_version: Option<KeyVersionId>,
    /// `Algorithm`; empty takes the key's default.
    pub algorithm: String,
    /// `MessageType`: `RAW`, `DIGEST`, or empty.
    pub message_type: String,
    /// `Message`.
    pub message: Vec<u8>,
    /// `Digest` of the legacy API: takes the place of an empty `message`, with the type `DIGEST`.
    pub digest: Vec<u8>,
}

/// The result of signing or verifying, and the key that made it.
#[derive(Debug)]
pub struct Signed<T> {
    /// The key.
    pub key_id: KeyId,
    /// Its version.
    pub key_version_id: KeyVersionId,
    /// The algorithm used.
    pub algorithm: Algorithm,
    /// Whether the message or its digest was signed.
    pub message_type: MessageType,
    /// The signature, or whether the signature is valid.
    pub result: T,
}

/// An owned [`Message`], which can move to another thread.
enum OwnedMessage {
    Raw(Vec<u8>),
    Digest([u8; 32]),
}

impl OwnedMessage {
    fn bytes(&self) -> usize {
        match self {
            Self::Raw(message) => message.len(),
            Self::Digest(digest) => digest.len(),
        }
    }

    fn as_message(&self) -> Message<'_> {
        match self {
            Self::Raw(message) => Message::Raw(message),
            Self::Digest(digest) => Message::Digest(digest),
        }
    }
}

impl Service {
    /// Signs.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, its type and usage, invalid parameters, the
    /// version.
    pub async fn sign(&self, request: Signing) -> Result<Signed<Vec<u8>>, ServiceError> {
        let signed =
            self.signing(request, KeyHalf::Private, |key, algorithm, message| key.sign(algorithm, message)).await?;
        let signature = signed.result.map_err(|_failed| ServiceError::Bug("signing failed"))?;
        Ok(Signed {
            key_id: signed.key_id,
            key_version_id: signed.key_version_id,
            algorithm: signed.algorithm,
            message_type: signed.message_type,
            result: signature,
        })
    }

    /// Verifies a signature. An invalid one is a result, not an error.
    ///
    /// # Errors
    /// As [`Service::sign`].
    pub async fn verify(&self, request: Signing, signature: Vec<u8>) -> Result<Signed<bool>, ServiceError> {
        if signature.is_empty() {
            return Err(ServiceError::MissingParameter("Signature"));
        }
        self.signing(request, KeyHalf::Public, move |key, algorithm, message| {
            key.public_key().verify(algorithm, message, &signature).is_ok()
        })
        .await
    }

    async fn signing<T, F>(&self, request: Signing, half: KeyHalf, work: F) -> Result<Signed<T>, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce(&PrivateKey, SignatureAlgorithm, Message<'_>) -> T + Send + 'static,
    {
        if request.message.is_empty() && request.digest.is_empty() {
            return Err(ServiceError::MissingParameter("Message"));
        }
        let key = self.usable_key(&request.key, &request.rights).await?;
        let (algorithm, crypto) = signature_algorithm(&key, &request.algorithm)?;
        let (message_type, message) = message(&request.message_type, request.message, &request.digest)?;
        let version = self.asymmetric_version(&key, request.named_version.as_ref()).await?;
        let bytes = message.bytes();
        let working = self.run_with_key(&version, half, bytes, move |key| work(key, crypto, message.as_message()));
        Ok(Signed {
            key_id: key.id.clone(),
            key_version_id: version.version.id.clone(),
            algorithm,
            message_type,
            result: working.await?,
        })
    }
}

fn signature_algorithm(key: &Key, name: &str) -> Result<(Algorithm, SignatureAlgorithm), ServiceError> {
    if key.usage != KeyUsage::SignVerify {
        return Err(ServiceError::Unsupported);
    }
    let algorithm = key.spec.algorithm(key.usage, name).ok_or(ServiceError::InvalidParameter("Algorithm"))?;
    let crypto = match algorithm {
        Algorithm::RsaPssSha256 => SignatureAlgorithm::RsaPssSha256,
        Algorithm::RsaPkcs1Sha256 => SignatureAlgorithm::RsaPkcs1Sha256,
        Algorithm::EcdsaSha256 => SignatureAlgorithm::EcdsaSha256,
        Algorithm::Sm2Dsa => SignatureAlgorithm::Sm2Dsa,
        Algorithm::AesGcm
        | Algorithm::Sm4Gcm
        | Algorithm::RsaesOaepSha256
        | Algorithm::RsaesOaepSha1
        | Algorithm::EciesDhSha1XorHmac
        | Algorithm::Sm2Pke
        | Algorithm::HmacSha256 => return Err(ServiceError::Bug("an algorithm that does not sign")),
    };
    Ok((algorithm, crypto))
}

fn message(message_type: &str, message: Vec<u8>, digest: &[u8]) -> Result<(MessageType, OwnedMessage), ServiceError> {
    let is_legacy = message.is_empty();
    match message_type {
        "" if is_legacy => {}
        "" | "RAW" if !is_legacy => return Ok((MessageType::Raw, OwnedMessage::Raw(message))),
        "RAW" => return Err(ServiceError::MissingParameter("Message")),
        "DIGEST" => {}
        _ => return Err(ServiceError::InvalidParameter("MessageType")),
    }
    let (given, name) = if is_legacy { (digest, "Digest") } else { (message.as_slice(), "Message") };
    let digest = given.try_into().map_err(|_length| ServiceError::InvalidParameter(name))?;
    Ok((MessageType::Digest, OwnedMessage::Digest(digest)))
}
