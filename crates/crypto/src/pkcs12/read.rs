//! Reading: our own files, the service's own, and what OpenSSL writes with triple DES and a SHA-1 tag.
//!
//! Rule: nothing is decrypted before the tag is checked, and no input panics or costs unbounded time.

use claviger_base::SecretBytes;
use der::Tag;

use super::Pkcs12Rejected;
use super::asn1::{
    CERT_BAG, DATA, ENCRYPTED_DATA, EXPLICIT_0, IMPLICIT_0, PBE_SHA1_3DES, SHA1, SHROUDED_KEY_BAG, Values,
    X509_CERTIFICATE,
};
use super::pbe::{self, BmpPassword, MAX_ITERATIONS, Purpose};
use crate::mac::{HMAC_SHA1_LEN, verify_hmac_sha1};
use crate::rsa;

/// What a file held.
pub(crate) struct Contents {
    pub(crate) pkcs8: SecretBytes,
    pub(crate) certificate: Option<Vec<u8>>,
}

#[derive(Default)]
struct Found {
    keys: Vec<SecretBytes>,
    certificates: Vec<Vec<u8>>,
    /// Whether a safe was left closed because its cipher is not spoken here.
    left_closed: bool,
}

/// Opens a file with exactly one RSA key. The first certificate is returned, if its safe is under a known cipher: the
/// service's own files keep it under RC2-40, and the key alone is enough to sign with.
pub(crate) fn open(pfx: &[u8], password: &str) -> Result<Contents, Pkcs12Rejected> {
    let password = BmpPassword::new(password);
    let mut outer = Values::of(pfx)?;
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

    let mut found = Found::default();
    let mut safes = Values::of(safes)?.enter(Tag::Sequence)?;
    while !safes.is_finished() {
        open_safe(safes.enter(Tag::Sequence)?, &password, &mut found)?;
    }
    found.into_contents()
}

fn check_tag(mut mac: Values<'_>, password: &BmpPassword, safes: &[u8]) -> Result<(), Pkcs12Rejected> {
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

fn open_safe(mut info: Values<'_>, password: &BmpPassword, found: &mut Found) -> Result<(), Pkcs12Rejected> {
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
                    found.left_closed = true;
                    Ok(())
                }
                Err(rejected) => Err(rejected),
            }
        }
        _enveloped_or_unknown => Err(Pkcs12Rejected::CipherUnknown),
    }
}

fn read_bags(contents: &[u8], password: &BmpPassword, found: &mut Found) -> Result<(), Pkcs12Rejected> {
    let mut bags = Values::of(contents)?.enter(Tag::Sequence)?;
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

fn decrypt(mut algorithm: Values<'_>, password: &BmpPassword, sealed: &[u8]) -> Result<SecretBytes, Pkcs12Rejected> {
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

impl Found {
    fn into_contents(mut self) -> Result<Contents, Pkcs12Rejected> {
        let Some(pkcs8) = self.keys.pop() else {
            return Err(if self.left_closed { Pkcs12Rejected::CipherUnknown } else { Pkcs12Rejected::Malformed });
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
