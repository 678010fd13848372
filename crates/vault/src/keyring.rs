//! The keyring: generations of storage keys. The newest one seals; every one opens.
//!
//! A keyring is immutable: adding a generation returns a new keyring, which is committed before it is used.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_base::random::RandomUnavailable;
use claviger_crypto::aead::Aes256GcmKey;
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use crate::error::VaultError;
use crate::path;
use crate::seal::{Seal, SealId};

const STORAGE_KEY_BYTES: usize = 32;
/// The first bytes of the stored keyring: magic and format version.
const MAGIC: &[u8; 5] = b"CLVK\x01";

/// The storage key of one generation, as bytes (to wrap it again) and prepared for use.
struct Generation {
    bytes: SecretBytes,
    key: Aes256GcmKey,
}

/// The storage keys of this store.
#[derive(Clone)]
pub(crate) struct Keyring {
    generations: BTreeMap<u32, Arc<Generation>>,
    newest: u32,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("newest", &self.newest).finish_non_exhaustive()
    }
}

/// The wrapped content (docs/formats/records.md).
#[derive(Message)]
#[prost(skip_debug)]
struct KeyringMessage {
    #[prost(message, repeated, tag = "1")]
    generations: Vec<GenerationMessage>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct GenerationMessage {
    #[prost(uint32, tag = "1")]
    number: u32,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
}

impl fmt::Debug for KeyringMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Debug for GenerationMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for GenerationMessage {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl Keyring {
    /// A keyring with one new storage key.
    pub(crate) fn create() -> Result<Self, VaultError> {
        Self { generations: BTreeMap::new(), newest: 0 }.with_new_generation()
    }

    /// This keyring with another storage key, which seals from now on.
    pub(crate) fn with_new_generation(&self) -> Result<Self, VaultError> {
        let number = self.newest.checked_add(1).ok_or(VaultError::SealingFailed)?;
        let bytes = SecretBytes::random(STORAGE_KEY_BYTES).map_err(|RandomUnavailable| VaultError::Random)?;
        let mut generations = self.generations.clone();
        generations.insert(number, Arc::new(Generation::new(bytes).ok_or(VaultError::SealingFailed)?));
        Ok(Self { generations, newest: number })
    }

    /// The key that seals, with its generation.
    pub(crate) fn newest(&self) -> Option<(u32, &Aes256GcmKey)> {
        self.key(self.newest).map(|key| (self.newest, key))
    }

    /// The key of that generation.
    pub(crate) fn key(&self, generation: u32) -> Option<&Aes256GcmKey> {
        self.generations.get(&generation).map(|generation| &generation.key)
    }

    /// The stored form: magic, seal id, and the generations wrapped by the seal.
    pub(crate) fn to_stored(&self, seal: &dyn Seal) -> Result<Vec<u8>, VaultError> {
        let generations = self.generations.iter();
        let message = KeyringMessage {
            generations: generations
                .map(|(number, generation)| GenerationMessage {
                    number: *number,
                    key: generation.bytes.reveal().to_vec(),
                })
                .collect(),
        };
        let plaintext = Zeroizing::new(message.encode_to_vec());
        let header = header(seal.id());
        let wrapped = seal.wrap(&header, &SecretBytes::copy_from(&plaintext))?;
        Ok([header.as_slice(), &wrapped].concat())
    }

    /// Opens what [`Keyring::to_stored`] returned.
    ///
    /// # Errors
    /// [`VaultError::OtherRootKey`] when it was wrapped with another root key, [`VaultError::Seal`] when it was altered.
    pub(crate) fn from_stored(stored: &[u8], seal: &dyn Seal) -> Result<Self, VaultError> {
        let unreadable = || VaultError::Unreadable { path: path::KEYRING.to_owned() };
        let rest = stored.strip_prefix(MAGIC.as_slice()).ok_or_else(unreadable)?;
        let (id, wrapped) = rest.split_first_chunk::<8>().ok_or_else(unreadable)?;
        let expected = SealId(*id);
        if expected != seal.id() {
            return Err(VaultError::OtherRootKey { expected, given: seal.id() });
        }
        let plaintext = seal.unwrap(&header(expected), wrapped)?;
        let mut message = KeyringMessage::decode(plaintext.reveal()).map_err(|_malformed| unreadable())?;
        let mut generations = BTreeMap::new();
        for generation in &mut message.generations {
            let bytes = SecretBytes::new(std::mem::take(&mut generation.key));
            let prepared = Generation::new(bytes).ok_or_else(unreadable)?;
            generations.insert(generation.number, Arc::new(prepared));
        }
        let newest = *generations.keys().next_back().ok_or_else(unreadable)?;
        Ok(Self { generations, newest })
    }
}

impl Generation {
    fn new(bytes: SecretBytes) -> Option<Self> {
        let key = Aes256GcmKey::new(&bytes).ok()?;
        Some(Self { bytes, key })
    }
}

/// The unencrypted bytes that precede the wrapped ones and are bound to them as context.
fn header(id: SealId) -> [u8; 13] {
    let mut header = [0; 13];
    let (magic, rest) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    rest.copy_from_slice(&id.0);
    header
}
