//! The ASN.1 that PKCS#12 needs: a reader and a writer of tag, length and value, based on the `der` crate.
//!
//! Rule: DER only. Indefinite lengths (BER) are refused.

use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Reader as _, SliceReader, Tag, TagNumber};

use super::Pkcs12Rejected;

pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
pub(super) const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
pub(super) const PBE_SHA1_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
pub(super) const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
pub(super) const CERT_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
pub(super) const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
pub(super) const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

/// `[0]` around a whole value (EXPLICIT).
pub(super) const EXPLICIT_0: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
/// `[0]` in place of a primitive value's own tag (IMPLICIT).
pub(super) const IMPLICIT_0: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };

/// Reads values one after another; every failure is [`Pkcs12Rejected::Malformed`].
pub(super) struct DerReader<'a>(SliceReader<'a>);

impl<'a> DerReader<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Pkcs12Rejected> {
        SliceReader::new(bytes).map(Self).map_err(|_too_long| Pkcs12Rejected::Malformed)
    }

    /// The content of the next value, which must have this tag.
    pub(super) fn take(&mut self, tag: Tag) -> Result<&'a [u8], Pkcs12Rejected> {
        let value = AnyRef::decode(&mut self.0).map_err(|_malformed| Pkcs12Rejected::Malformed)?;
        if value.header().tag() == tag { Ok(value.value()) } else { Err(Pkcs12Rejected::Malformed) }
    }

    /// The values inside the next value, which must have this tag.
    pub(super) fn enter(&mut self, tag: Tag) -> Result<Self, Pkcs12Rejected> {
        Self::of(self.take(tag)?)
    }

    pub(super) fn object_identifier(&mut self) -> Result<ObjectIdentifier, Pkcs12Rejected> {
        ObjectIdentifier::decode(&mut self.0).map_err(|_malformed| Pkcs12Rejected::Malformed)
    }

    pub(super) fn number(&mut self) -> Result<u32, Pkcs12Rejected> {
        u32::decode(&mut self.0).map_err(|_malformed| Pkcs12Rejected::Malformed)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Refuses trailing values.
    pub(super) fn finish(&self) -> Result<(), Pkcs12Rejected> {
        if self.is_finished() { Ok(()) } else { Err(Pkcs12Rejected::Malformed) }
    }
}

/// A value that contains `parts`: complete values, or the content of a primitive value.
pub(super) fn value(tag: Tag, parts: &[&[u8]]) -> Result<Vec<u8>, der::Error> {
    AnyRef::new(tag, &parts.concat())?.to_der()
}

pub(super) fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>, der::Error> {
    value(Tag::Sequence, parts)
}

pub(super) fn octets(content: &[u8]) -> Result<Vec<u8>, der::Error> {
    value(Tag::OctetString, &[content])
}

pub(super) fn number(n: u32) -> Result<Vec<u8>, der::Error> {
    UintRef::new(&n.to_be_bytes())?.to_der()
}
