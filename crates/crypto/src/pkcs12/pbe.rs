//! Password-based encryption (RFC 7292 appendix B, SHA-1): the key derivation, and triple DES with 3 keys in CBC mode.

use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use claviger_base::SecretBytes;
use zeroize::Zeroizing;

const DES_BLOCK_LEN: usize = 8;
const DES_EDE3_KEY_LEN: usize = 24;
const SHA1_LEN: usize = 20;
const SHA1_BLOCK_LEN: usize = 64;

/// The most iterations that a file may ask for, so that a hostile file cannot consume minutes of CPU time.
pub(super) const MAX_ITERATIONS: u32 = 600_000;

/// The use of a derived key; the number is the standard's "ID".
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// A password in the form that the derivation takes: UTF-16, big endian, with a terminating zero.
pub(super) struct BmpPassword(Zeroizing<Vec<u8>>);

impl BmpPassword {
    pub(super) fn new(password: &str) -> Self {
        // Allocated at its final size: a vector that grows leaves copies behind.
        let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * password.len() + 2));
        for unit in password.encode_utf16() {
            utf16.extend_from_slice(&unit.to_be_bytes());
        }
        utf16.extend_from_slice(&[0, 0]);
        Self(utf16)
    }

    /// Derives `len` bytes for one purpose.
    pub(super) fn derive(&self, purpose: Purpose, salt: &[u8], iterations: u32, len: usize) -> SecretBytes {
        let mut blocks = Zeroizing::new(Vec::with_capacity(2 * (self.0.len() + salt.len() + SHA1_BLOCK_LEN)));
        fill_blocks(&mut blocks, salt);
        fill_blocks(&mut blocks, &self.0);
        let mut out = Zeroizing::new(Vec::with_capacity(len + SHA1_LEN));
        while out.len() < len {
            let round = hash_repeatedly(purpose, &blocks, iterations);
            add_to_each_block(&mut blocks, &round);
            out.extend_from_slice(&*round);
        }
        out.truncate(len);
        SecretBytes::copy_from(&out)
    }
}

/// Appends `source`, repeated to a whole number of digest blocks.
fn fill_blocks(blocks: &mut Vec<u8>, source: &[u8]) {
    let len = source.len().next_multiple_of(SHA1_BLOCK_LEN);
    blocks.extend(source.iter().cycle().take(len));
}

fn hash_repeatedly(purpose: Purpose, blocks: &[u8], iterations: u32) -> Zeroizing<[u8; SHA1_LEN]> {
    let mut input = Zeroizing::new(Vec::with_capacity(SHA1_BLOCK_LEN + blocks.len()));
    input.extend_from_slice(&[purpose as u8; SHA1_BLOCK_LEN]);
    input.extend_from_slice(blocks);
    let mut hash = Zeroizing::new([0; SHA1_LEN]);
    sha1_into(&mut hash, &input);
    for _ in 1..iterations {
        let previous = hash.clone();
        sha1_into(&mut hash, &*previous);
    }
    hash
}

fn sha1_into(out: &mut [u8; SHA1_LEN], data: &[u8]) {
    for (to, from) in out.iter_mut().zip(digest(&SHA1_FOR_LEGACY_USE_ONLY, data).as_ref()) {
        *to = *from;
    }
}

/// Adds to each block, as a big-endian number, the repeated hash and 1, modulo 2^512.
fn add_to_each_block(blocks: &mut [u8], hash: &[u8; SHA1_LEN]) {
    let addend = Zeroizing::new(std::array::from_fn::<u8, SHA1_BLOCK_LEN, _>(|i| {
        hash.get(i % SHA1_LEN).copied().unwrap_or_default()
    }));
    for block in blocks.chunks_exact_mut(SHA1_BLOCK_LEN) {
        let mut carry = 1u16;
        for (digit, add) in block.iter_mut().zip(addend.iter()).rev() {
            let [high, low] = (u16::from(*digit) + u16::from(*add) + carry).to_be_bytes();
            *digit = low;
            carry = u16::from(high);
        }
    }
}

/// Encrypts with PKCS#7 padding.
pub(super) fn encrypt(
    password: &BmpPassword,
    salt: &[u8],
    iterations: u32,
    plain: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(cipher_key(password, salt, iterations)?)?;
    let iv = password.derive(Purpose::Iv, salt, iterations, DES_BLOCK_LEN);
    // With capacity for the padding, so that no reallocation leaves plaintext behind.
    let mut in_out = Zeroizing::new(Vec::with_capacity(plain.len() + DES_BLOCK_LEN));
    in_out.extend_from_slice(plain);
    key.less_safe_encrypt(&mut *in_out, EncryptionContext::Iv64(FixedLength::try_from(iv.reveal())?))?;
    Ok(std::mem::take(&mut *in_out))
}

/// Decrypts and removes the padding.
pub(super) fn decrypt(
    password: &BmpPassword,
    salt: &[u8],
    iterations: u32,
    sealed: &[u8],
) -> Result<SecretBytes, Unspecified> {
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(cipher_key(password, salt, iterations)?)?;
    let iv = password.derive(Purpose::Iv, salt, iterations, DES_BLOCK_LEN);
    let mut in_out = Zeroizing::new(sealed.to_vec());
    let plain = key.decrypt(&mut in_out, DecryptionContext::Iv64(FixedLength::try_from(iv.reveal())?))?;
    Ok(SecretBytes::copy_from(plain))
}

#[expect(deprecated, reason = "the one cipher that every reader of PKCS#12 takes")]
fn cipher_key(password: &BmpPassword, salt: &[u8], iterations: u32) -> Result<UnboundCipherKey, Unspecified> {
    let key = password.derive(Purpose::Key, salt, iterations, DES_EDE3_KEY_LEN);
    UnboundCipherKey::new(&cipher::DES_EDE3_FOR_LEGACY_USE_ONLY, key.reveal())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vectors that implementations of PKCS#12 share (password, salt, iterations, 3DES key, vector).
    #[test]
    fn derives_the_keys_that_others_derive() {
        let vectors = [
            ("smeg", "0a58cf64530d823f", 1, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3", "79993dfe048d3b76"),
            ("queeg", "05dec959acff72f7", 1000, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4", "11dedad7758d4860"),
        ];
        for (password, salt, iterations, key, iv) in vectors {
            let password = BmpPassword::new(password);
            let salt = hex::decode(salt).unwrap();
            let derive = |purpose, len| hex::encode(password.derive(purpose, &salt, iterations, len).reveal());
            assert_eq!(derive(Purpose::Key, 24), key);
            assert_eq!(derive(Purpose::Iv, 8), iv);
        }
    }

    #[test]
    fn what_was_encrypted_decrypts_under_the_same_password_alone() {
        let password = BmpPassword::new("password");
        for len in [0, 1, 7, 8, 9, 1218] {
            let plain = vec![7; len];
            let sealed = encrypt(&password, b"saltsalt", 2, &plain).unwrap();
            assert_eq!(sealed.len(), (len + 1).next_multiple_of(8));
            assert_eq!(decrypt(&password, b"saltsalt", 2, &sealed).unwrap().reveal(), plain);
            let other = decrypt(&BmpPassword::new("passwore"), b"saltsalt", 2, &sealed);
            assert!(other.is_err() || other.unwrap().reveal() != plain);
            assert!(decrypt(&password, b"saltsalt", 2, &sealed[1..]).is_err());
        }
        assert!(decrypt(&password, b"saltsalt", 2, &[]).is_err());
    }
}
