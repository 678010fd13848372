//! Group commit: lines that become durable together, followed by a signed checkpoint.

use claviger_base::Timestamp;
use claviger_base::id::InstanceId;

use crate::encoding::{number, text};
use crate::line;
use crate::position::LogPosition;
use crate::signing::Signer;

/// Version of the format that this program writes.
const FORMAT: u64 = 1;

/// Most bytes written at once. Recovery relies on it to tell a crash from an alteration.
pub(crate) const GROUP_BYTES_MAX: u64 = 1024 * 1024;

/// Lines to be written at once.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) bytes: Vec<u8>,
    pub(crate) position: LogPosition,
}

impl Group {
    /// An empty group after `position`.
    pub(crate) fn after(position: LogPosition) -> Self {
        Self { bytes: Vec::new(), position }
    }

    /// Adds one line; `fields` starts with a comma or is empty.
    pub(crate) fn push(&mut self, time: Timestamp, kind: &str, fields: &str) {
        self.position = line::write(&mut self.bytes, self.position, time, kind, fields);
    }

    /// Adds a segment's first line. `previous_segment` is the number of the first line of the segment before, or 0.
    pub(crate) fn push_header(&mut self, time: Timestamp, instance: &InstanceId, previous_segment: u64) {
        let mut fields = String::new();
        number(&mut fields, "format", FORMAT);
        text(&mut fields, "instance", instance.as_str(), 64);
        number(&mut fields, "previous_segment", previous_segment);
        text(&mut fields, "previous", &hex::encode(self.position.chain), 64);
        self.push(time, "segment", &fields);
    }

    /// Adds the checkpoint: a signature over everything up to the line before it. `None` only if signing fails.
    pub(crate) fn push_checkpoint(&mut self, time: Timestamp, signer: &Signer) -> Option<()> {
        let mut fields = String::new();
        text(&mut fields, "signature", &hex::encode(signer.sign_checkpoint(&self.position)?), 128);
        self.push(time, "checkpoint", &fields);
        Some(())
    }
}

/// What was repaired in the log and why; becomes a `recovered` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repair {
    pub(crate) reason: &'static str,
    /// Bytes of an unacknowledged group that were cut off.
    pub(crate) cut_bytes: u64,
    /// Complete lines after the last checkpoint that were set aside: nothing proves who wrote them.
    pub(crate) unsigned: u64,
    /// The file that now holds these lines and everything else that followed the last checkpoint.
    pub(crate) set_aside: Option<String>,
    /// Slots of the head file that could not be read.
    pub(crate) bad_head_slots: u64,
    /// Records that were refused meanwhile: their requests were not answered as done.
    pub(crate) refused: u64,
}

impl Repair {
    /// A repair for this reason with all counts at zero.
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self { reason, cut_bytes: 0, unsigned: 0, set_aside: None, bad_head_slots: 0, refused: 0 }
    }

    /// The fields of the `recovered` line.
    pub(crate) fn fields(&self) -> String {
        let mut out = String::new();
        text(&mut out, "reason", self.reason, 64);
        number(&mut out, "cut_bytes", self.cut_bytes);
        number(&mut out, "unsigned", self.unsigned);
        if let Some(name) = &self.set_aside {
            text(&mut out, "set_aside", name, 64);
        }
        number(&mut out, "bad_head_slots", self.bad_head_slots);
        number(&mut out, "refused", self.refused);
        out
    }
}
