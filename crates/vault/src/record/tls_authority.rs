//! The certificate authority of the instance.

use std::fmt;

use claviger_base::SecretBytes;
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use crate::kind::Kind;
use crate::record::Record;

/// The certificate authority of this instance: its certificate and the private key that issues server certificates.
#[derive(Debug)]
pub struct TlsAuthority {
    /// The self-signed root, PEM, as in `ca.pem`.
    pub certificate_pem: String,
    /// Its private key, in the form of `claviger_crypto::tls`.
    pub private_key: SecretBytes,
}

#[derive(Message)]
#[prost(skip_debug)]
struct AuthorityMessage {
    #[prost(bytes = "vec", tag = "1")]
    secret: Vec<u8>,
    #[prost(string, tag = "2")]
    public: String,
}

impl fmt::Debug for AuthorityMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for AuthorityMessage {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Record for TlsAuthority {
    const KIND: Kind = Kind::TlsAuthority;
    const PREFIX: &str = "meta/tls-authority";
    type Id = ();

    fn id(&self) -> Self::Id {}

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let secret = self.private_key.reveal().to_vec();
        Zeroizing::new(AuthorityMessage { secret, public: self.certificate_pem.clone() }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let mut message = AuthorityMessage::decode(payload.reveal()).ok()?;
        let private_key = SecretBytes::new(std::mem::take(&mut message.secret));
        Some(Self { certificate_pem: std::mem::take(&mut message.public), private_key })
    }
}
