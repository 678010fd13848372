//! The trusted time, kept across restarts: a start with a wrong clock must not advance it.

use claviger_base::{SecretBytes, Timestamp};
use claviger_model::TrustedTime;
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

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

impl Record for TrustedTime {
    const KIND: Kind = Kind::TrustedTime;
    const PREFIX: &str = "meta/clock";
    type Id = ();

    fn id(&self) -> Self::Id {}

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let message = TrustedTimeMessage {
            reached_ms: self.reached().unix_ms(),
            leads_ms: self.leads_ms().collect(),
            filled_ms: self.filled_ms(),
            is_newly_confirmed: self.is_newly_confirmed(),
        };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = TrustedTimeMessage::decode(payload.reveal()).ok()?;
        let reached = Timestamp::from_unix_ms(message.reached_ms);
        let time = Self::restored(reached, message.leads_ms, message.filled_ms);
        Some(time.with_newly_confirmed(message.is_newly_confirmed))
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
            let stored = time.clone().with_newly_confirmed(is_newly_confirmed);
            let payload = SecretBytes::copy_from(&stored.encode());
            assert_eq!(TrustedTime::decode(&payload), Some(stored));
        }
    }
}
