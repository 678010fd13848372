//! The time by which keys are destroyed, kept across restarts: a start under a wrong clock must not move it.

use claviger_base::{SecretBytes, Timestamp};
use claviger_model::TrustedTime;
use prost::Message;
use zeroize::Zeroizing;

use super::{Kind, Record};
use crate::path;

/// The trusted time as a server last stored it, in real time whatever `claviger dev` has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTrustedTime {
    /// The time.
    pub time: TrustedTime,
    /// An operator said that the clock is right, and the audit log does not have it yet.
    pub is_newly_confirmed: bool,
}

#[derive(Message)]
struct TrustedTimeMessage {
    #[prost(int64, tag = "1")]
    reached_ms: i64,
    #[prost(int64, repeated, tag = "2")]
    leads_ms: Vec<i64>,
    #[prost(int64, tag = "3")]
    filled_ms: i64,
    #[prost(bool, tag = "4")]
    is_newly_confirmed: bool,
}

impl Record for StoredTrustedTime {
    const KIND: Kind = Kind::TrustedTime;

    fn path(&self) -> String {
        path::TRUSTED_TIME.to_owned()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let message = TrustedTimeMessage {
            reached_ms: self.time.reached().unix_ms(),
            leads_ms: self.time.leads_ms().collect(),
            filled_ms: self.time.filled_ms(),
            is_newly_confirmed: self.is_newly_confirmed,
        };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = TrustedTimeMessage::decode(payload.reveal()).ok()?;
        let reached = Timestamp::from_unix_ms(message.reached_ms);
        let time = TrustedTime::restored(reached, message.leads_ms, message.filled_ms);
        Some(Self { time, is_newly_confirmed: message.is_newly_confirmed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back() {
        let mut time = TrustedTime::starting_at(Timestamp::from_unix_s(1_800_000_000));
        for minute in 0..100 {
            time.observe(Timestamp::from_unix_s(1_900_000_000 + minute * 60), 60_000);
        }
        for is_newly_confirmed in [false, true] {
            let stored = StoredTrustedTime { time: time.clone(), is_newly_confirmed };
            let payload = SecretBytes::copy_from(&stored.encode());
            assert_eq!(StoredTrustedTime::decode(&payload), Some(stored));
        }
    }
}
