//! Reads files: our own, those of Alibaba Cloud KMS, and those that OpenSSL writes with triple DES and a SHA-1 tag.
//!
//! Rule: nothing is decrypted before the tag is verified, and no input causes a panic or unbounded work.

use claviger_base::SecretBytes;
use der::Tag;

use super::Pkcs12Rejected;
use super::asn1::{
    CERT_BAG, DATA, DerReader, ENCRYPTED_DATA, EXPLICIT_0, IMPLICIT_0, PBE_SHA1_3DES, SHA1, SHROUDED_KEY_BAG,
    X509_CERTIFICATE,
};
use super::pbe::{self, BmpPassword, MAX_ITERATIONS, Purpose};
use crate::mac::{HMAC_SHA1_LEN, verify_hmac_sha1};
use crate::rsa;

/// The content of a file.
pub(crate) struct Contents {
    pub(crate) pkcs8: SecretBytes,
    pub(crate) certificate: Option<Vec<u8>>,
}

#[derive(Default)]
struct SafeContents {
    keys: Vec<SecretBytes>,
    certificates: Vec<Vec<u8>>,
    /// Whether a safe was skipped because its cipher is not supported.
    has_skipped_safe: bool,
}

/// Opens a file with exactly one RSA key. The first certificate is returned if its cipher is supported: Alibaba Cloud
/// KMS encrypts it with RC2-40, and the key alone is enough to sign.
pub(crate) fn open(pfx: &[u8], password: &str) -> Result<Contents, Pkcs12Rejected> {
    let password = BmpPassword::new(password);
    let mut outer = DerReader::of(pfx)?;
    let mut fields = outer.enter(Tag::Sequence)?;
    outer.finish()?;
    if fields.number()? != 3 {
        return Err(Pkcs12Rejected::Malformed);
    }
    let mut info = fields.enter(Tag::Sequence)?;
    if info.object_identifier()? != DATA {
        return Err(Pkcs12Rejected::CipherUnknown);
    }
    let safes = info.enter(EXPLICIT_0)?.take(Tag::OctetString)?;
    check_tag(fields.enter(Tag::Sequence)?, &password, safes)?;
    fields.finish()?;

    let mut found = SafeContents::default();
    let mut safes = DerReader::of(safes)?.enter(Tag::Sequence)?;
    while !safes.is_finished() {
        open_safe(safes.enter(Tag::Sequence)?, &password, &mut found)?;
    }
    found.into_contents()
}

fn check_tag(mut mac: DerReader<'_>, password: &BmpPassword, safes: &[u8]) -> Result<(), Pkcs12Rejected> {
    let mut digest_info = mac.enter(Tag::Sequence)?;
    if digest_info.enter(Tag::Sequence)?.object_identifier()? != SHA1 {
        return Err(Pkcs12Rejected::CipherUnknown);
    }
    let tag = digest_info.take(Tag::OctetString)?;
    let salt = mac.take(Tag::OctetString)?;
    let iterations = if mac.is_finished() { 1 } else { bounded(mac.number()?)? };
    mac.finish()?;
    let key = password.derive(Purpose::Mac, salt, iterations, HMAC_SHA1_LEN);
    verify_hmac_sha1(key.reveal(), safes, tag).map_err(|_failed| Pkcs12Rejected::PasswordWrong)
}

fn open_safe(mut info: DerReader<'_>, password: &BmpPassword, found: &mut SafeContents) -> Result<(), Pkcs12Rejected> {
    match info.object_identifier()? {
        DATA => {
            let contents = info.enter(EXPLICIT_0)?.take(Tag::OctetString)?;
            read_bags(contents, password, found)
        }
        ENCRYPTED_DATA => {
            let mut encrypted = info.enter(EXPLICIT_0)?.enter(Tag::Sequence)?;
            let _version = encrypted.number()?;
            let mut content = encrypted.enter(Tag::Sequence)?;
            if content.object_identifier()? != DATA {
                return Err(Pkcs12Rejected::Malformed);
            }
            let algorithm = content.enter(Tag::Sequence)?;
            match decrypt(algorithm, password, content.take(IMPLICIT_0)?) {
                Ok(contents) => read_bags(contents.reveal(), password, found),
                Err(Pkcs12Rejected::CipherUnknown) => {
                    found.has_skipped_safe = true;
                    Ok(())
                }
                Err(rejected) => Err(rejected),
            }
        }
        _enveloped_or_unknown => Err(Pkcs12Rejected::CipherUnknown),
    }
}

fn read_bags(contents: &[u8], password: &BmpPassword, found: &mut SafeContents) -> Result<(), Pkcs12Rejected> {
    let mut bags = DerReader::of(contents)?.enter(Tag::Sequence)?;
    while !bags.is_finished() {
        let mut bag = bags.enter(Tag::Sequence)?;
        let kind = bag.object_identifier()?;
        let mut content = bag.enter(EXPLICIT_0)?;
        if kind == SHROUDED_KEY_BAG {
            let mut shrouded = content.enter(Tag::Sequence)?;
            let algorithm = shrouded.enter(Tag::Sequence)?;
            found.keys.push(decrypt(algorithm, password, shrouded.take(Tag::OctetString)?)?);
        } else if kind == CERT_BAG {
            let mut certificate = content.enter(Tag::Sequence)?;
            if certificate.object_identifier()? == X509_CERTIFICATE {
                found.certificates.push(certificate.enter(EXPLICIT_0)?.take(Tag::OctetString)?.to_vec());
            }
        }
    }
    Ok(())
}

fn decrypt(mut algorithm: DerReader<'_>, password: &BmpPassword, sealed: &[u8]) -> Result<SecretBytes, Pkcs12Rejected> {
    if algorithm.object_identifier()? != PBE_SHA1_3DES {
        return Err(Pkcs12Rejected::CipherUnknown);
    }
    let mut parameters = algorithm.enter(Tag::Sequence)?;
    let salt = parameters.take(Tag::OctetString)?;
    let iterations = bounded(parameters.number()?)?;
    pbe::decrypt(password, salt, iterations, sealed).map_err(|_unspecified| Pkcs12Rejected::Malformed)
}

fn bounded(iterations: u32) -> Result<u32, Pkcs12Rejected> {
    if (1..=MAX_ITERATIONS).contains(&iterations) { Ok(iterations) } else { Err(Pkcs12Rejected::Malformed) }
}

impl SafeContents {
    fn into_contents(mut self) -> Result<Contents, Pkcs12Rejected> {
        let Some(pkcs8) = self.keys.pop() else {
            return Err(if self.has_skipped_safe { Pkcs12Rejected::CipherUnknown } else { Pkcs12Rejected::Malformed });
        };
        if !self.keys.is_empty() {
            return Err(Pkcs12Rejected::Malformed);
        }
        if rsa::PrivateKey::from_pkcs8_der(&pkcs8).is_err() {
            return Err(Pkcs12Rejected::Malformed);
        }
        Ok(Contents { pkcs8, certificate: self.certificates.into_iter().next() })
    }
}
