//! A group: the lines that become durable together, closed by a signed checkpoint.

use claviger_base::Timestamp;
use claviger_base::id::InstanceId;

use crate::line::{self, Mark};
use crate::record::{number, text};
use crate::seal::Signer;

/// Version of the format this program writes.
const FORMAT: u64 = 1;

/// Lines waiting to be written in one piece.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mark: Mark,
}

impl Group {
    /// An empty group after `mark`.
    pub(crate) fn after(mark: Mark) -> Self {
        Self { bytes: Vec::new(), mark }
    }

    /// Adds one line; `fields` starts with a comma or is empty.
    pub(crate) fn push(&mut self, time: Timestamp, kind: &str, fields: &str) {
        self.mark = line::write(&mut self.bytes, self.mark, time, kind, fields);
    }

    /// Adds a segment's first line. `previous_segment` is the first number of the segment before, 0 for none.
    pub(crate) fn push_header(&mut self, time: Timestamp, instance: &InstanceId, previous_segment: u64) {
        let mut fields = String::new();
        number(&mut fields, "format", FORMAT);
        text(&mut fields, "instance", instance.as_str(), 64);
        number(&mut fields, "previous_segment", previous_segment);
        text(&mut fields, "previous", &hex::encode(self.mark.chain), 64);
        self.push(time, "segment", &fields);
    }

    /// Adds the checkpoint: a signature over everything up to the line before it. `None` only if the signer fails.
    pub(crate) fn push_checkpoint(&mut self, time: Timestamp, signer: &Signer) -> Option<()> {
        let mut fields = String::new();
        text(&mut fields, "signature", &hex::encode(signer.sign_checkpoint(&self.mark)?), 128);
        self.push(time, "checkpoint", &fields);
        Some(())
    }
}

/// Why the log had to be mended; becomes a `recovered` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mended {
    pub(crate) reason: &'static str,
    /// Bytes of an unacknowledged group that were cut off.
    pub(crate) cut_bytes: u64,
    /// Complete lines behind the last checkpoint that were set aside: nothing proves who wrote them.
    pub(crate) unsigned: u64,
    /// The file that holds them now, with all that stood behind the last checkpoint.
    pub(crate) set_aside: Option<String>,
    /// Slots of the head file that could not be read.
    pub(crate) bad_head_slots: u64,
    /// Records that were refused meanwhile: their requests were not answered as done.
    pub(crate) refused: u64,
}

impl Mended {
    /// Nothing counted yet.
    pub(crate) const fn because(reason: &'static str) -> Self {
        Self { reason, cut_bytes: 0, unsigned: 0, set_aside: None, bad_head_slots: 0, refused: 0 }
    }

    /// The line's fields.
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
