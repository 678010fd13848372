//! The outbox of the audit log: the audit record of a change is stored in the same commit as the change, and removed when the
//! log has it (docs/formats/audit.md, "Changes").

use std::net::SocketAddr;

use claviger_base::id::RequestId;
use claviger_base::{SecretBytes, Timestamp};
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

/// Where a change came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangePlane {
    /// The control plane.
    Rpc,
    /// The server itself or its command line.
    Local,
}

impl ChangePlane {
    const fn name(self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::Local => "local",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Rpc, Self::Local].into_iter().find(|plane| plane.name() == name)
    }
}

/// One committed change whose audit record is possibly not in the log yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The request id, by which the record is found in the log.
    pub request_id: RequestId,
    /// Where it came from.
    pub plane: ChangePlane,
    /// The operation.
    pub operation: String,
    /// Who requested it.
    pub principal: String,
    /// The source address; `None` for [`ChangePlane::Local`].
    pub source: Option<SocketAddr>,
    /// The id of what was changed: a key, client key, access key, access point, policy or network rule.
    pub key_id: Option<String>,
    /// Another name in the request, such as an alias.
    pub named: Option<String>,
    /// The key version that was created.
    pub key_version_id: Option<String>,
    /// When it was committed, business time.
    pub time: Timestamp,
    /// How long the request took until then, microseconds.
    pub duration_us: u64,
    /// The number of a log line that was durable before the commit; the record's own line has a greater one.
    pub log_seq: u64,
}

#[derive(Message)]
struct OutboxMessage {
    #[prost(string, tag = "1")]
    request_id: String,
    #[prost(string, tag = "2")]
    plane: String,
    #[prost(string, tag = "3")]
    operation: String,
    #[prost(string, tag = "4")]
    principal: String,
    #[prost(string, optional, tag = "5")]
    source: Option<String>,
    #[prost(string, optional, tag = "6")]
    key_id: Option<String>,
    #[prost(string, optional, tag = "7")]
    named: Option<String>,
    #[prost(string, optional, tag = "8")]
    key_version_id: Option<String>,
    #[prost(int64, tag = "9")]
    time_ms: i64,
    #[prost(uint64, tag = "10")]
    duration_us: u64,
    #[prost(uint64, tag = "11")]
    log_seq: u64,
}

impl Record for OutboxEntry {
    const KIND: Kind = Kind::OutboxEntry;
    const PREFIX: &str = "outbox/";
    type Id = (Timestamp, RequestId);

    fn id(&self) -> (Timestamp, RequestId) {
        (self.time, self.request_id.clone())
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let message = OutboxMessage {
            request_id: self.request_id.to_string(),
            plane: self.plane.name().to_owned(),
            operation: self.operation.clone(),
            principal: self.principal.clone(),
            source: self.source.map(|source| source.to_string()),
            key_id: self.key_id.clone(),
            named: self.named.clone(),
            key_version_id: self.key_version_id.clone(),
            time_ms: self.time.unix_ms(),
            duration_us: self.duration_us,
            log_seq: self.log_seq,
        };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = OutboxMessage::decode(payload.reveal()).ok()?;
        let source = match message.source {
            Some(source) => Some(source.parse().ok()?),
            None => None,
        };
        Some(Self {
            request_id: RequestId::parse(&message.request_id)?,
            plane: ChangePlane::parse(&message.plane)?,
            operation: message.operation,
            principal: message.principal,
            source,
            key_id: message.key_id,
            named: message.named,
            key_version_id: message.key_version_id,
            time: Timestamp::from_unix_ms(message.time_ms),
            duration_us: message.duration_us,
            log_seq: message.log_seq,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back() {
        let full = OutboxEntry {
            request_id: RequestId::generate().unwrap(),
            plane: ChangePlane::Rpc,
            operation: "CreateAlias".to_owned(),
            principal: "LTAI0123456789abcdefghij".to_owned(),
            source: Some("[2001:db8::1]:443".parse().unwrap()),
            key_id: Some("key-hzz62f1cb66fa42qopd9s".to_owned()),
            named: Some("alias/one".to_owned()),
            key_version_id: Some("key-hzz62f1cb66fa42qopd9s-0123456789".to_owned()),
            time: Timestamp::from_unix_ms(1_767_323_045_007),
            duration_us: 7,
            log_seq: 8,
        };
        let plane = ChangePlane::Local;
        let bare = OutboxEntry { plane, source: None, key_id: None, named: None, key_version_id: None, ..full.clone() };
        for entry in [full, bare] {
            let payload = SecretBytes::copy_from(&entry.encode());
            assert_eq!(OutboxEntry::decode(&payload), Some(entry));
        }
        assert_eq!(OutboxEntry::decode(&SecretBytes::new(Vec::new())), None);
    }
}
