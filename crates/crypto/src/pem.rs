//! PEM (RFC 7468): 64 columns, LF, one LF at the end (instance-api 5.4: a CR breaks the Java sample).
//!
//! Rule: the Base64 of a private key is computed without table look-ups or branches on its bits (`base64ct`), directly
//! in a buffer that is wiped; there is no second copy.

use claviger_base::SecretBytes;
use pem_rfc7468::{Decoder, LineEnding};
use zeroize::Zeroizing;

use crate::error::PemRejected;

/// The type of a PEM block, given by its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// X.509 `SubjectPublicKeyInfo`.
    PublicKey,
    /// PKCS#8 `PrivateKeyInfo`.
    PrivateKey,
    /// X.509 certificate.
    Certificate,
}

impl Label {
    /// The label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PublicKey => "PUBLIC KEY",
            Self::PrivateKey => "PRIVATE KEY",
            Self::Certificate => "CERTIFICATE",
        }
    }
}

/// A `PUBLIC KEY` block around `spki`.
///
/// # Errors
/// [`PemRejected`] if the text would exceed memory, which no key does.
pub fn encode_public_key(spki: &[u8]) -> Result<String, PemRejected> {
    String::from_utf8(encode(Label::PublicKey, spki)?).map_err(|_not_ascii| PemRejected)
}

/// A `CERTIFICATE` block around `certificate`.
///
/// # Errors
/// [`PemRejected`] if the text would exceed memory, which no certificate does.
pub fn encode_certificate(certificate: &[u8]) -> Result<String, PemRejected> {
    String::from_utf8(encode(Label::Certificate, certificate)?).map_err(|_not_ascii| PemRejected)
}

/// A `PRIVATE KEY` block around `pkcs8`.
///
/// # Errors
/// [`PemRejected`] if the text would exceed memory, which no key does.
pub fn encode_private_key(pkcs8: &SecretBytes) -> Result<SecretBytes, PemRejected> {
    encode(Label::PrivateKey, pkcs8.reveal()).map(SecretBytes::new)
}

/// The DER inside the only block of `text`, which must have this label.
///
/// ```
/// use claviger_crypto::pem::{self, Label};
///
/// # fn main() -> Result<(), claviger_crypto::PemRejected> {
/// let text = pem::encode_certificate(b"certificate")?;
/// assert_eq!(pem::decode(Label::Certificate, text.as_bytes())?, b"certificate");
/// assert!(pem::decode(Label::PublicKey, text.as_bytes()).is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`PemRejected`] for anything but a single well-formed block of that type.
pub fn decode(label: Label, text: &[u8]) -> Result<Vec<u8>, PemRejected> {
    decode_wiping(label, text).map(|mut der| std::mem::take(&mut *der))
}

/// The PKCS#8 DER inside the only `PRIVATE KEY` block of `text`.
///
/// # Errors
/// [`PemRejected`] for anything but a single well-formed block of that type.
pub fn decode_private_key(text: &SecretBytes) -> Result<SecretBytes, PemRejected> {
    decode_wiping(Label::PrivateKey, text.reveal()).map(|mut der| SecretBytes::new(std::mem::take(&mut *der)))
}

/// The text in a vector of exactly its length, so that no reallocation copies it.
fn encode(label: Label, der: &[u8]) -> Result<Vec<u8>, PemRejected> {
    let len = pem_rfc7468::encoded_len(label.as_str(), LineEnding::LF, der).map_err(|_overflow| PemRejected)?;
    let mut text = vec![0; len];
    let written = pem_rfc7468::encode(label.as_str(), LineEnding::LF, der, &mut text).map_or(0, str::len);
    if written == len { Ok(text) } else { Err(PemRejected) }
}

fn decode_wiping(label: Label, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, PemRejected> {
    let mut decoder = Decoder::new(text).map_err(|_malformed| PemRejected)?;
    if decoder.type_label() != label.as_str() {
        return Err(PemRejected);
    }
    // Allocated at its final size, so that it never grows and leaves a copy behind.
    let mut der = Zeroizing::new(vec![0; decoder.remaining_len()]);
    let written = decoder.decode(&mut der).map_err(|_malformed| PemRejected)?.len();
    if !decoder.is_finished() || written != der.len() {
        return Err(PemRejected);
    }
    Ok(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_columns_and_end_in_lf() {
        for len in [1, 2, 3, 47, 48, 49, 95, 96, 97, 138, 1218] {
            let der: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let text = encode_public_key(&der).unwrap();
            let body = text.strip_prefix("-----BEGIN PUBLIC KEY-----\n").unwrap();
            let body = body.strip_suffix("-----END PUBLIC KEY-----\n").unwrap();
            let lines: Vec<&str> = body.lines().collect();
            assert!(lines.iter().rev().skip(1).all(|line| line.len() == 64), "{len}");
            assert!(lines.last().is_none_or(|line| (1..=64).contains(&line.len())), "{len}");
            assert!(!text.contains('\r') && !text.contains("\n\n"), "{len}");
            let secret = encode_private_key(&SecretBytes::copy_from(&der)).unwrap();
            assert_eq!(secret.reveal(), text.replace("PUBLIC", "PRIVATE").as_bytes(), "{len}");
            assert_eq!(decode(Label::PublicKey, text.as_bytes()).unwrap(), der);
            assert_eq!(decode_private_key(&secret).unwrap().reveal(), der);
        }
    }

    #[test]
    fn anything_but_one_block_of_the_kind_is_refused() {
        let good = encode_certificate(b"certificate").unwrap();
        assert_eq!(decode(Label::Certificate, good.as_bytes()).unwrap(), b"certificate");
        assert_eq!(decode(Label::PublicKey, good.as_bytes()), Err(PemRejected));
        let headers = good.replacen("-\n", "-\nProc-Type: 4,ENCRYPTED\n\n", 1);
        let twice = format!("{good}{good}");
        let bad = [
            "",
            "-----BEGIN CERTIFICATE-----\n",
            &good.replace("END CERT", "END CRT"),
            &good.replace("Y2Vy", "Y2V*"),
            &good.replace('=', ""),
            &headers,
            &twice,
        ];
        for text in bad {
            assert_eq!(decode(Label::Certificate, text.as_bytes()), Err(PemRejected), "{text}");
        }
    }
}
