//! Keys and their versions: what each knows about itself, without its material.

use claviger_base::Timestamp;
use claviger_base::id::{KeyId, KeyVersionId};

use crate::rotation::RotationInterval;
use crate::state::KeyState;

/// What kind of key: rpc-api 5.1 and instance-api 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySpec {
    /// Symmetric, AES-256-GCM; the default.
    AliyunAes256,
    /// Symmetric, hardware instances only.
    AliyunAes192,
    /// Symmetric, hardware instances only.
    AliyunAes128,
    /// Symmetric, SM4-GCM.
    AliyunSm4,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// NIST P-256.
    EcP256,
    /// secp256k1.
    EcP256k,
    /// SM2.
    EcSm2,
    /// HMAC with SHA-256, a key of 32 bytes. The API documents HMAC keys without their names; this one is ours.
    HmacSha256,
}

impl KeySpec {
    /// Every spec.
    pub const ALL: [Self; 11] = [
        Self::AliyunAes256,
        Self::AliyunAes192,
        Self::AliyunAes128,
        Self::AliyunSm4,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcP256,
        Self::EcP256k,
        Self::EcSm2,
        Self::HmacSha256,
    ];

    /// The API's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AliyunAes256 => "Aliyun_AES_256",
            Self::AliyunAes192 => "Aliyun_AES_192",
            Self::AliyunAes128 => "Aliyun_AES_128",
            Self::AliyunSm4 => "Aliyun_SM4",
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::EcP256 => "EC_P256",
            Self::EcP256k => "EC_P256K",
            Self::EcSm2 => "EC_SM2",
            Self::HmacSha256 => "HMAC_SHA_256",
        }
    }

    /// The spec of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// Whether keys of this spec are symmetric, and so may wrap data keys and data key pairs and rotate by themselves.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::AliyunAes256 | Self::AliyunAes192 | Self::AliyunAes128 | Self::AliyunSm4)
    }

    /// Whether keys of this spec have a public half.
    #[must_use]
    pub const fn is_asymmetric(self) -> bool {
        !self.is_symmetric() && !matches!(self, Self::HmacSha256)
    }
}

/// What a key may be used for; fixed at creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsage {
    /// Encrypt, decrypt, and wrap data keys.
    EncryptDecrypt,
    /// Sign and verify.
    SignVerify,
    /// Authenticate messages; HMAC keys only.
    GenerateVerifyMac,
}

impl KeyUsage {
    /// Every usage.
    pub const ALL: [Self; 3] = [Self::EncryptDecrypt, Self::SignVerify, Self::GenerateVerifyMac];

    /// The API's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EncryptDecrypt => "ENCRYPT/DECRYPT",
            Self::SignVerify => "SIGN/VERIFY",
            Self::GenerateVerifyMac => "GENERATE/VERIFY MAC",
        }
    }

    /// The usage of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| usage.name() == name)
    }
}

/// A key without its material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Its kind.
    pub spec: KeySpec,
    /// What it may be used for.
    pub usage: KeyUsage,
    /// Where it is in its life.
    pub state: KeyState,
    /// The owner's words about it, at most 8192 characters.
    pub description: String,
    /// Who made it: an access key id.
    pub creator: String,
    /// When it was made, business time.
    pub created: Timestamp,
    /// When it will be destroyed; only while `PendingDeletion`.
    pub deletion: Option<Timestamp>,
    /// How often it rotates by itself; `None` when the policy is off.
    pub rotation_interval: Option<RotationInterval>,
    /// When the newest version was made.
    pub last_rotation: Timestamp,
    /// The first version ever: `GenerateDataKeyPair`, `Encrypt` and the other basic operations use it for ever.
    pub initial_version: KeyVersionId,
    /// The newest version: the Advance operations use it.
    pub primary_version: KeyVersionId,
    /// How many versions were made so far.
    pub version_count: u32,
}

impl Key {
    /// Whether the key's pending window is over: it is destroyed, or treated as such until that is done.
    #[must_use]
    pub fn is_destruction_due_at(&self, now: Timestamp) -> bool {
        self.state == KeyState::PendingDeletion && self.deletion.is_some_and(|due| due <= now)
    }

    /// Whether a basic operation on this key falls into the trap that rotation has no effect on it: the key rotates by
    /// itself, or was rotated already.
    #[must_use]
    pub fn is_rotating(&self) -> bool {
        self.spec.is_symmetric() && (self.rotation_interval.is_some() || self.primary_version != self.initial_version)
    }

    /// This key with a new version made at `now`: the primary one of a symmetric key; of an asymmetric key one more that
    /// can be named (rpc-api 8.4).
    #[must_use]
    pub fn rotated_at(&self, version: KeyVersionId, now: Timestamp) -> Self {
        Self {
            primary_version: if self.spec.is_symmetric() { version } else { self.primary_version.clone() },
            last_rotation: now.whole_second(),
            version_count: self.version_count.saturating_add(1),
            ..self.clone()
        }
    }
}

/// One version of a key, without its material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its id, unique in the whole instance: a ciphertext blob names it and nothing else.
    pub id: KeyVersionId,
    /// The key it belongs to.
    pub key: KeyId,
    /// 1 for the initial version, then counting up.
    pub number: u32,
    /// When it was made, business time.
    pub created: Timestamp,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An enabled AES key made at `now`.
    pub(crate) fn key_at(now: Timestamp) -> Key {
        let id = KeyId::generate().unwrap();
        let version = KeyVersionId::generate(&id).unwrap();
        Key {
            id,
            spec: KeySpec::AliyunAes256,
            usage: KeyUsage::EncryptDecrypt,
            state: KeyState::Enabled,
            description: String::new(),
            creator: String::new(),
            created: now,
            deletion: None,
            rotation_interval: None,
            last_rotation: now,
            initial_version: version.clone(),
            primary_version: version,
            version_count: 1,
        }
    }

    #[test]
    fn spec_names_parse_back_and_case_matters() {
        for spec in KeySpec::ALL {
            assert_eq!(KeySpec::parse(spec.name()), Some(spec));
            assert_eq!(KeySpec::parse(&spec.name().to_ascii_lowercase()), None);
        }
    }

    #[test]
    fn rotation_keeps_the_initial_version() {
        let key = key_at(Timestamp::from_unix_s(1000));
        let second = KeyVersionId::generate(&key.id).unwrap();
        let rotated = key.rotated_at(second.clone(), Timestamp::from_unix_ms(2_000_500));
        assert_eq!(rotated.initial_version, key.initial_version);
        assert_eq!(rotated.primary_version, second);
        assert_eq!((rotated.version_count, rotated.last_rotation), (2, Timestamp::from_unix_s(2000)));
    }

    #[test]
    fn an_asymmetric_key_keeps_its_first_version_in_front() {
        let now = Timestamp::from_unix_s(1000);
        let key = Key { spec: KeySpec::EcP256, usage: KeyUsage::SignVerify, ..key_at(now) };
        let more = key.rotated_at(KeyVersionId::generate(&key.id).unwrap(), now);
        assert_eq!((&more.primary_version, more.version_count), (&key.primary_version, 2));
        assert!(!more.is_rotating());
    }

    #[test]
    fn a_key_is_rotating_once_it_can_or_did() {
        let now = Timestamp::from_unix_s(1000);
        let key = key_at(now);
        assert!(!key.is_rotating());
        assert!(key.rotated_at(KeyVersionId::generate(&key.id).unwrap(), now).is_rotating());
        assert!(Key { rotation_interval: RotationInterval::from_s(7 * 86_400), ..key }.is_rotating());
    }

    #[test]
    fn destruction_needs_both_the_state_and_the_date() {
        let now = Timestamp::from_unix_s(1000);
        let mut key = key_at(now);
        key.deletion = Some(now);
        assert!(!key.is_destruction_due_at(now));
        key.state = KeyState::PendingDeletion;
        assert!(key.is_destruction_due_at(now));
        assert!(!key.is_destruction_due_at(now.plus_s(-1)));
    }
}
