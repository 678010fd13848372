//! Writes files in the layout that every SDK reads.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use claviger_base::{SecretBytes, random};
use der::asn1::ObjectIdentifier;
use der::{Encode, Tag};

use super::ITERATIONS;
use super::asn1::{
    CERT_BAG, DATA, ENCRYPTED_DATA, EXPLICIT_0, IMPLICIT_0, LOCAL_KEY_ID, PBE_SHA1_3DES, SHA1, SHROUDED_KEY_BAG,
    X509_CERTIFICATE, number, octets, sequence, value,
};
use super::pbe::{self, BmpPassword, Purpose};
use crate::error::SealFailed;
use crate::mac::{HMAC_SHA1_LEN, hmac_sha1};

const SALT_LEN: usize = 8;

/// A PKCS#12 file with one PKCS#8 key and its certificate, both DER.
///
/// # Errors
/// [`SealFailed`] if there are no random bytes or the library fails.
pub(crate) fn seal(pkcs8: &SecretBytes, certificate: &[u8], password: &str) -> Result<SecretBytes, SealFailed> {
    let password = BmpPassword::new(password);
    // As OpenSSL does, the certificate's SHA-1 digest links the two bags. It identifies them and protects nothing.
    let local_key_id = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate);

    let certificate_safe = certificate_contents(certificate, local_key_id.as_ref()).map_err(|_encoding| SealFailed)?;
    let certificate_safe = Encrypted::new(&password, &certificate_safe)?;
    let key = Encrypted::new(&password, pkcs8.reveal())?;
    let safes = authenticated_safes(&certificate_safe, &key, local_key_id.as_ref()).map_err(|_encoding| SealFailed)?;

    let salt: [u8; SALT_LEN] = random::bytes().map_err(|_refused| SealFailed)?;
    let mac_key = password.derive(Purpose::Mac, &salt, ITERATIONS, HMAC_SHA1_LEN);
    let tag = hmac_sha1(mac_key.reveal(), &safes);
    pfx(&safes, &tag, &salt).map(SecretBytes::new).map_err(|_encoding| SealFailed)
}

/// Content encrypted with triple DES and its own salt.
struct Encrypted {
    salt: [u8; SALT_LEN],
    ciphertext: Vec<u8>,
}

impl Encrypted {
    fn new(password: &BmpPassword, plain: &[u8]) -> Result<Self, SealFailed> {
        let salt = random::bytes().map_err(|_refused| SealFailed)?;
        let ciphertext = pbe::encrypt(password, &salt, ITERATIONS, plain).map_err(|_unspecified| SealFailed)?;
        Ok(Self { salt, ciphertext })
    }

    fn algorithm(&self) -> Result<Vec<u8>, der::Error> {
        sequence(&[&PBE_SHA1_3DES.to_der()?, &sequence(&[&octets(&self.salt)?, &number(ITERATIONS)?])?])
    }
}

fn certificate_contents(certificate: &[u8], local_key_id: &[u8]) -> Result<Vec<u8>, der::Error> {
    let bag = sequence(&[&X509_CERTIFICATE.to_der()?, &value(EXPLICIT_0, &[&octets(certificate)?])?])?;
    sequence(&[&safe_bag(CERT_BAG, &bag, local_key_id)?])
}

fn safe_bag(kind: ObjectIdentifier, bag: &[u8], local_key_id: &[u8]) -> Result<Vec<u8>, der::Error> {
    let attribute = sequence(&[&LOCAL_KEY_ID.to_der()?, &value(Tag::Set, &[&octets(local_key_id)?])?])?;
    sequence(&[&kind.to_der()?, &value(EXPLICIT_0, &[bag])?, &value(Tag::Set, &[&attribute])?])
}

/// First the certificate's safe, then the key's: Go identifies them by position.
fn authenticated_safes(certificates: &Encrypted, key: &Encrypted, local_key_id: &[u8]) -> Result<Vec<u8>, der::Error> {
    let content = value(IMPLICIT_0, &[&certificates.ciphertext])?;
    let content = sequence(&[&DATA.to_der()?, &certificates.algorithm()?, &content])?;
    let encrypted = sequence(&[&number(0)?, &content])?;
    let first = sequence(&[&ENCRYPTED_DATA.to_der()?, &value(EXPLICIT_0, &[&encrypted])?])?;

    let shrouded = sequence(&[&key.algorithm()?, &octets(&key.ciphertext)?])?;
    let contents = sequence(&[&safe_bag(SHROUDED_KEY_BAG, &shrouded, local_key_id)?])?;
    let second = data(&contents)?;
    sequence(&[&first, &second])
}

fn pfx(safes: &[u8], tag: &[u8], salt: &[u8]) -> Result<Vec<u8>, der::Error> {
    // Without NULL after the digest's identifier, as in the files of Alibaba Cloud KMS.
    let digest_info = sequence(&[&sequence(&[&SHA1.to_der()?])?, &octets(tag)?])?;
    let mac = sequence(&[&digest_info, &octets(salt)?, &number(ITERATIONS)?])?;
    sequence(&[&number(3)?, &data(safes)?, &mac])
}

/// `ContentInfo` of unencrypted content.
fn data(content: &[u8]) -> Result<Vec<u8>, der::Error> {
    sequence(&[&DATA.to_der()?, &value(EXPLICIT_0, &[&octets(content)?])?])
}
