//! X.509 certificates, encoded by `rcgen` and signed by keys of this crate.
//!
//! Rule: `rcgen` never sees private key bytes; it is given a signer.

use claviger_base::{Timestamp, random};
use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode, SliceReader, Tag, Tagged};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey,
};
use time::OffsetDateTime;

use crate::error::GenerateFailed;
use crate::{ec, rsa};

/// A client key's certificate: self-signed, `CN=<id>`, for digital signatures.
pub(crate) fn for_client(
    id: &str,
    key: &rsa::PrivateKey,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<Vec<u8>, GenerateFailed> {
    let mut parameters = parameters(id, not_before, not_after)?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let certificate = parameters.self_signed(key).map_err(|_rcgen| GenerateFailed)?;
    Ok(certificate.der().to_vec())
}

/// The parameters that all certificates share: a common name, the validity, a random serial number of 127 bits.
pub(crate) fn parameters(
    common_name: &str,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<CertificateParams, GenerateFailed> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    parameters.not_before = offset_date_time(not_before)?;
    parameters.not_after = offset_date_time(not_after)?;
    // RFC 5280 4.1.2.2: positive, at most 20 bytes.
    let serial = u128::from_be_bytes(random::bytes().map_err(|_refused| GenerateFailed)?) >> 1;
    parameters.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
    Ok(parameters)
}

/// The end of a certificate's validity (RFC 5280 4.1: version, serial number, signature, issuer, validity).
pub(crate) fn not_after(certificate_der: &[u8]) -> Option<Timestamp> {
    let mut reader = SliceReader::new(certificate_der).ok()?;
    let whole = AnyRef::decode(&mut reader).ok()?;
    let mut to_be_signed = SliceReader::new(whole.value()).ok()?;
    let to_be_signed = AnyRef::decode(&mut to_be_signed).ok()?;
    let mut fields = SliceReader::new(to_be_signed.value()).ok()?;
    for _before in ["version", "serial number", "signature", "issuer"] {
        AnyRef::decode(&mut fields).ok()?;
    }
    let validity = AnyRef::decode(&mut fields).ok()?;
    let mut dates = SliceReader::new(validity.value()).ok()?;
    AnyRef::decode(&mut dates).ok()?;
    let end = AnyRef::decode(&mut dates).ok()?;
    let since_1970 = match end.tag() {
        Tag::UtcTime => end.decode_as::<UtcTime>().ok()?.to_unix_duration(),
        Tag::GeneralizedTime => end.decode_as::<GeneralizedTime>().ok()?.to_unix_duration(),
        _ => return None,
    };
    Some(Timestamp::from_unix_s(i64::try_from(since_1970.as_secs()).ok()?))
}

fn offset_date_time(timestamp: Timestamp) -> Result<OffsetDateTime, GenerateFailed> {
    OffsetDateTime::from_unix_timestamp(timestamp.unix_s()).map_err(|_out_of_range| GenerateFailed)
}

impl PublicKeyData for rsa::PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        self.rsa_public_key_der()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for rsa::PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sign_pkcs1_sha256(message).map_err(|_failed| rcgen::Error::RemoteKeyError)
    }
}

impl PublicKeyData for ec::PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        self.public_point()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for ec::PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sign_sha256(message).map_err(|_failed| rcgen::Error::RemoteKeyError)
    }
}
