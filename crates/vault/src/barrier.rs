//! The barrier: seals every record that is written, and opens every record that is read.
//!
//! Format: `record = header || iv || AES-256-GCM(storage key, iv, aad = label || len(path) || path || header, payload)`
//! with `header = "CLVR" || version (1) || kind || generation (4, big-endian)`, NIST SP 800-38D, random 96-bit iv.
//! A record that is moved to another path, or whose kind or header is changed, does not open.

use claviger_base::SecretBytes;
use claviger_base::limits::GCM_IV_BYTES;

use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::kind::Kind;

const MAGIC: &[u8; 5] = b"CLVR\x01";
const HEADER_BYTES: usize = 10;
const LABEL: &[u8] = b"claviger record v1";

/// Seals `payload` for `path` under the newest storage key.
pub(crate) fn seal(keyring: &Keyring, path: &str, kind: Kind, payload: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (generation, key) = keyring.newest().ok_or(VaultError::SealingFailed)?;
    let header = header(kind, generation);
    let aad = associated_data(path, &header);
    let (iv, sealed) = key.seal_random(&aad, payload).map_err(|_sealing_failed| VaultError::SealingFailed)?;
    Ok([header.as_slice(), &iv, &sealed].concat())
}

/// Opens the record that is stored at `path`, if it is of `kind`.
///
/// # Errors
/// [`VaultError::Unreadable`], without the reason.
pub(crate) fn open(keyring: &Keyring, path: &str, kind: Kind, stored: &[u8]) -> Result<SecretBytes, VaultError> {
    open_or_none(keyring, path, kind, stored).ok_or_else(|| VaultError::Unreadable { path: path.to_owned() })
}

/// Whether the record that is stored at `path` opens, whatever its kind.
pub(crate) fn is_sound(keyring: &Keyring, path: &str, stored: &[u8]) -> bool {
    let kind = stored.get(MAGIC.len()).copied().and_then(Kind::of_code);
    kind.is_some_and(|kind| open_or_none(keyring, path, kind, stored).is_some())
}

fn open_or_none(keyring: &Keyring, path: &str, kind: Kind, stored: &[u8]) -> Option<SecretBytes> {
    let (stored_header, rest) = stored.split_first_chunk::<HEADER_BYTES>()?;
    let (iv, sealed) = rest.split_first_chunk::<GCM_IV_BYTES>()?;
    let generation = u32::from_be_bytes(*stored_header.last_chunk::<4>()?);
    if *stored_header != header(kind, generation) {
        return None;
    }
    keyring.key(generation)?.open(iv, &associated_data(path, stored_header), sealed).ok()
}

fn header(kind: Kind, generation: u32) -> [u8; HEADER_BYTES] {
    let [m0, m1, m2, m3, version] = *MAGIC;
    let [g0, g1, g2, g3] = generation.to_be_bytes();
    [m0, m1, m2, m3, version, kind.code(), g0, g1, g2, g3]
}

fn associated_data(path: &str, header: &[u8; HEADER_BYTES]) -> Vec<u8> {
    let path_len = u32::try_from(path.len()).unwrap_or(u32::MAX);
    [LABEL, &path_len.to_be_bytes(), path.as_bytes(), header].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_at_its_path_with_its_kind_only() {
        let keyring = Keyring::create().unwrap();
        let stored = seal(&keyring, "key/a", Kind::Key, b"payload").unwrap();
        assert_eq!(open(&keyring, "key/a", Kind::Key, &stored).unwrap().reveal(), b"payload");
        assert!(open(&keyring, "key/b", Kind::Key, &stored).is_err());
        assert!(open(&keyring, "key/a", Kind::Alias, &stored).is_err());
        assert!(open(&Keyring::create().unwrap(), "key/a", Kind::Key, &stored).is_err());
    }

    #[test]
    fn any_bit_flipped_and_any_cut_is_refused() {
        let keyring = Keyring::create().unwrap();
        let stored = seal(&keyring, "key/a", Kind::Key, b"payload").unwrap();
        for at in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(open(&keyring, "key/a", Kind::Key, &flipped).is_err(), "bit {at}");
        }
        for length in 0..stored.len() {
            assert!(open(&keyring, "key/a", Kind::Key, &stored[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn old_generations_open_and_the_newest_seals() {
        let first = Keyring::create().unwrap();
        let old = seal(&first, "p", Kind::Key, b"old").unwrap();
        let second = first.with_new_generation().unwrap();
        let new = seal(&second, "p", Kind::Key, b"new").unwrap();
        assert_eq!(open(&second, "p", Kind::Key, &old).unwrap().reveal(), b"old");
        assert_eq!(open(&second, "p", Kind::Key, &new).unwrap().reveal(), b"new");
        assert!(open(&first, "p", Kind::Key, &new).is_err());
    }

    #[test]
    fn the_same_payload_never_gives_the_same_bytes() {
        let keyring = Keyring::create().unwrap();
        assert_ne!(seal(&keyring, "p", Kind::Key, b"x").unwrap(), seal(&keyring, "p", Kind::Key, b"x").unwrap());
    }
}
