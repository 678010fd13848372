//! The head file: how far the log has got, signed, outside the log (`docs/formats/audit.md`, "Head").
//!
//! Rule: it is written after the log is durable and never before, so it may lag but never lead.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::line::{Mark, decimal, link_from_hex, lower_hex};
use crate::seal::{Checker, Signer};

/// One disk sector each, so that power loss leaves a slot old or new.
const SLOT_BYTES: usize = 512;
const SLOTS: u64 = 2;

/// A statement: the line `mark` ends at byte `offset` of segment `segment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) mark: Mark,
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

impl Head {
    /// One slot: a JSON line padded with spaces. `None` only if the signer fails.
    fn to_slot(self, signer: &Signer) -> Option<Vec<u8>> {
        Some(self.slot_with(&signer.sign_head(&self.mark, self.segment, self.offset)?))
    }

    fn slot_with(self, signature: &[u8]) -> Vec<u8> {
        let Self { mark, segment, offset } = self;
        let (seq, chain, signature) = (mark.seq, hex::encode(mark.chain), hex::encode(signature));
        let mut slot = format!(
            "{{\"seq\":{seq},\"chain\":\"{chain}\",\"segment\":{segment},\"offset\":{offset},\"signature\":\"{signature}\"}}"
        )
        .into_bytes();
        slot.resize(SLOT_BYTES - 1, b' ');
        slot.push(b'\n');
        slot
    }

    fn from_slot(slot: &[u8], checker: &Checker) -> Option<Self> {
        let text = std::str::from_utf8(slot).ok()?;
        let (seq, rest) = text.strip_prefix("{\"seq\":")?.split_once(",\"chain\":\"")?;
        let (chain, rest) = rest.split_once("\",\"segment\":")?;
        let (segment, rest) = rest.split_once(",\"offset\":")?;
        let (offset, rest) = rest.split_once(",\"signature\":\"")?;
        let signature = lower_hex(rest.split('"').next()?)?;
        let mark = Mark { seq: decimal(seq)?, chain: link_from_hex(chain)? };
        let head = Self { mark, segment: decimal(segment)?, offset: decimal(offset)? };
        let is_exact = head.slot_with(&signature) == slot;
        (is_exact && checker.head_is_good(&head.mark, head.segment, head.offset, &signature)).then_some(head)
    }
}

/// What a head file says.
#[derive(Debug)]
pub(crate) struct HeadRead {
    /// The newest slot that is signed, and its position.
    pub(crate) newest: Option<(Head, u64)>,
    /// Slots that are not what was ever written: 0, 1 or 2.
    pub(crate) bad_slots: u64,
}

impl HeadRead {
    fn from_bytes(bytes: &[u8], checker: &Checker) -> Self {
        let slots: Vec<Option<Head>> = bytes.chunks(SLOT_BYTES).map(|slot| Head::from_slot(slot, checker)).collect();
        let good = slots.iter().zip(0..).filter_map(|(head, at)| head.map(|head| (head, at)));
        let newest = good.clone().max_by_key(|(head, _)| head.mark.seq);
        Self { newest, bad_slots: SLOTS.saturating_sub(u64::try_from(good.count()).unwrap_or(SLOTS)) }
    }

    /// Reads `dir/head`; an absent file is one with two bad slots.
    pub(crate) fn read(dir: &Path, checker: &Checker) -> io::Result<Self> {
        let mut bytes = Vec::new();
        match File::open(path(dir)) {
            Ok(file) => file.take(SLOTS * SLOT_BYTES as u64 + 1).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self::from_bytes(&bytes, checker))
    }
}

/// Where the head of the log in `dir` lies.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("head")
}

/// The head file, open for writing.
#[derive(Debug)]
pub(crate) struct HeadFile {
    file: File,
    path: PathBuf,
    next_slot: u64,
}

impl HeadFile {
    /// Writes a new head file, both slots saying `head`, durable when this returns (but for the directory entry).
    pub(crate) fn create(dir: &Path, head: Head, signer: &Signer) -> io::Result<Self> {
        let temporary = dir.join("head.new");
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        let slot = head.to_slot(signer).ok_or(io::ErrorKind::Other)?;
        file.write_all_at(&slot.repeat(2), 0)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path(dir))?;
        Ok(Self { file, path: path(dir), next_slot: 0 })
    }

    /// Opens the head file for writing; `newest_slot` is kept until the other one is written.
    pub(crate) fn open(dir: &Path, newest_slot: u64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path(dir))?;
        Ok(Self { file, path: path(dir), next_slot: (newest_slot + 1) % SLOTS })
    }

    /// Overwrites the older slot. Not synced: it survives the process, and after power loss the log itself is longer.
    pub(crate) fn write(&mut self, head: Head, signer: &Signer) -> io::Result<()> {
        let slot = head.to_slot(signer).ok_or(io::ErrorKind::Other)?;
        self.file.write_all_at(&slot, self.next_slot * SLOT_BYTES as u64)?;
        self.next_slot = (self.next_slot + 1) % SLOTS;
        Ok(())
    }

    /// Whether the name still leads to the file we write.
    pub(crate) fn is_in_place(&self) -> bool {
        let (Ok(ours), Ok(theirs)) = (self.file.metadata(), std::fs::metadata(&self.path)) else { return false };
        (ours.dev(), ours.ino(), ours.size()) == (theirs.dev(), theirs.ino(), SLOTS * SLOT_BYTES as u64)
    }
}

#[cfg(test)]
mod tests {
    use claviger_base::SecretBytes;

    use super::*;

    #[test]
    fn the_newest_slot_wins_and_every_flipped_byte_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let signer = Signer::new(&SecretBytes::copy_from(&[7; 32])).unwrap();
        let checker = Checker::new(&signer.public_key().unwrap()).unwrap();
        let head = |seq| Head { mark: Mark { seq, chain: [9; 32] }, segment: 1, offset: seq * 100 };
        let mut file = HeadFile::create(dir.path(), head(2), &signer).unwrap();
        file.write(head(5), &signer).unwrap();
        file.write(head(9), &signer).unwrap();
        let read = HeadRead::read(dir.path(), &checker).unwrap();
        assert_eq!((read.newest, read.bad_slots), (Some((head(9), 1)), 0));
        let mut file = HeadFile::open(dir.path(), 1).unwrap();
        file.write(head(12), &signer).unwrap();
        assert_eq!(HeadRead::read(dir.path(), &checker).unwrap().newest, Some((head(12), 0)));

        let good = std::fs::read(path(dir.path())).unwrap();
        assert_eq!(good.len(), 1024);
        for at in (0..good.len()).step_by(3) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(HeadRead::from_bytes(&bad, &checker).bad_slots, 1, "byte {at}");
        }
        let other =
            Checker::new(&Signer::new(&SecretBytes::copy_from(&[8; 32])).unwrap().public_key().unwrap()).unwrap();
        assert_eq!(HeadRead::from_bytes(&good, &other).bad_slots, 2);
        assert_eq!(HeadRead::from_bytes(&[], &checker).bad_slots, 2);
    }
}
