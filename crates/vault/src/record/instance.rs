//! The instance.

use claviger_base::id::InstanceId;
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::Instance;
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

#[derive(Message)]
struct InstanceMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    account: String,
    #[prost(int64, tag = "3")]
    created_ms: i64,
}

impl Record for Instance {
    const KIND: Kind = Kind::Instance;
    const PREFIX: &str = "meta/instance";
    type Id = ();

    fn id(&self) -> Self::Id {}

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
