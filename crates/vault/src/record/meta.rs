//! What a store knows about itself: the instance, its certificate authority, its moved clock.

use std::fmt;

use claviger_base::id::InstanceId;
use claviger_base::{SecretBytes, Timestamp};
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use super::{Kind, Record};
use crate::path;

/// The instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRecord {
    /// Its id.
    pub id: InstanceId,
    /// The account that owns everything in it: 16 decimal digits (rpc-api 5).
    pub account: String,
    /// When it was made.
    pub created: Timestamp,
}

#[derive(Message)]
struct InstanceMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    account: String,
    #[prost(int64, tag = "3")]
    created_ms: i64,
}

impl Record for InstanceRecord {
    const KIND: Kind = Kind::Instance;

    fn path(&self) -> String {
        path::INSTANCE.to_owned()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let (id, account) = (self.id.to_string(), self.account.clone());
        Zeroizing::new(InstanceMessage { id, account, created_ms: self.created.unix_ms() }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = InstanceMessage::decode(payload.reveal()).ok()?;
        let created = Timestamp::from_unix_ms(message.created_ms);
        Some(Self { id: InstanceId::parse(&message.id)?, account: message.account, created })
    }
}

/// How far `claviger dev` has moved business time ahead, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevClock {
    /// The offset.
    pub offset_ms: i64,
}

#[derive(Message)]
struct DevClockMessage {
    #[prost(int64, tag = "1")]
    offset_ms: i64,
}

impl Record for DevClock {
    const KIND: Kind = Kind::DevClock;

    fn path(&self) -> String {
        path::DEV_CLOCK.to_owned()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(DevClockMessage { offset_ms: self.offset_ms }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        DevClockMessage::decode(payload.reveal()).ok().map(|message| Self { offset_ms: message.offset_ms })
    }
}

/// The certificate authority of this instance: its certificate and the private key that issues server certificates.
#[derive(Debug)]
pub struct TlsAuthority {
    /// The self-signed root, PEM, as in `ca.pem`.
    pub certificate_pem: String,
    /// Its private key, in the form that `claviger_crypto::tls` gives and takes.
    pub private_key: SecretBytes,
}

#[derive(Message)]
#[prost(skip_debug)]
struct SecretMessage {
    #[prost(bytes = "vec", tag = "1")]
    secret: Vec<u8>,
    #[prost(string, tag = "2")]
    public: String,
}

impl fmt::Debug for SecretMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for SecretMessage {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Record for TlsAuthority {
    const KIND: Kind = Kind::TlsAuthority;

    fn path(&self) -> String {
        path::TLS_AUTHORITY.to_owned()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let secret = self.private_key.reveal().to_vec();
        Zeroizing::new(SecretMessage { secret, public: self.certificate_pem.clone() }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let mut message = SecretMessage::decode(payload.reveal()).ok()?;
        let private_key = SecretBytes::new(std::mem::take(&mut message.secret));
        Some(Self { certificate_pem: std::mem::take(&mut message.public), private_key })
    }
}
