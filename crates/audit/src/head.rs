//! The head file: the signed position of the end of the log, kept outside the log (`docs/formats/audit.md`, "Head").
//!
//! Rule: it is written only after the log is durable. So it may lag behind the log, but never lead it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::directory;
use crate::encoding::{decimal, hash_from_hex, lower_hex};
use crate::position::{Head, LogPosition};
use crate::regular_file;
use crate::signing::{SignatureVerifier, Signer};

/// A slot is one disk sector, so a power loss leaves it either old or new.
const SLOT_BYTES: usize = 512;
const SLOTS: u64 = 2;
/// Lines of a new log: its header and its first checkpoint. Among head files without slot numbers, only
/// that of a new log has the same head in both slots.
const LINES_OF_A_NEW_LOG: u64 = 2;

/// A slot: a head and its number, which counts the slots ever written. Slot number `n` is at index `n` modulo 2, so a
/// slot that was copied over the other one is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    /// `None` for logs written before slots had numbers.
    number: Option<u64>,
    head: Head,
}

impl Slot {
    /// A JSON line padded with spaces. `None` only if signing fails.
    fn write(number: u64, head: Head, signer: &Signer) -> Option<Vec<u8>> {
        Some(Self { number: Some(number), head }.with(&signer.sign_head(&head, number)?))
    }

    fn with(self, signature: &[u8]) -> Vec<u8> {
        let Head { position, segment, offset } = self.head;
        let (seq, chain, signature) = (position.seq, hex::encode(position.chain), hex::encode(signature));
        let number = self.number.map(|number| format!("\"number\":{number},")).unwrap_or_default();
        let mut slot = format!(
            "{{{number}\"seq\":{seq},\"chain\":\"{chain}\",\"segment\":{segment},\"offset\":{offset},\"signature\":\"{signature}\"}}"
        )
        .into_bytes();
        slot.resize(SLOT_BYTES - 1, b' ');
        slot.push(b'\n');
        slot
    }

    fn read(slot: &[u8], verifier: &SignatureVerifier) -> Option<Self> {
        let text = std::str::from_utf8(slot).ok()?;
        let (number, rest) = match text.strip_prefix("{\"number\":") {
            Some(rest) => {
                let (number, rest) = rest.split_once(",\"seq\":")?;
                (Some(decimal(number)?), rest)
            }
            None => (None, text.strip_prefix("{\"seq\":")?),
        };
        let (seq, rest) = rest.split_once(",\"chain\":\"")?;
        let (chain, rest) = rest.split_once("\",\"segment\":")?;
        let (segment, rest) = rest.split_once(",\"offset\":")?;
        let (offset, rest) = rest.split_once(",\"signature\":\"")?;
        let signature = lower_hex(rest.split('"').next()?)?;
        let position = LogPosition { seq: decimal(seq)?, chain: hash_from_hex(chain)? };
        let read = Self { number, head: Head { position, segment: decimal(segment)?, offset: decimal(offset)? } };
        let is_signed = match number {
            Some(number) => verifier.verifies_head(&read.head, number, &signature),
            None => verifier.verifies_unnumbered_head(&read.head, &signature),
        };
        (read.with(&signature) == slot && is_signed).then_some(read)
    }
}

/// The content of a head file.
#[derive(Debug)]
pub(crate) struct HeadSlots {
    /// The newest slot with a valid signature.
    pub(crate) newest: Option<Head>,
    /// The number of that slot.
    pub(crate) number: Option<u64>,
    /// How many slots are not in the form in which they were written: 0, 1 or 2.
    pub(crate) bad_slots: u64,
    /// Whether both slots are valid and consecutive.
    pub(crate) is_sound: bool,
}

impl HeadSlots {
    fn from_bytes(bytes: &[u8], verifier: &SignatureVerifier) -> Self {
        let read =
            |at: usize| bytes.get(at * SLOT_BYTES..(at + 1) * SLOT_BYTES).and_then(|slot| Slot::read(slot, verifier));
        let slots = [read(0), read(1)];
        let is_old = slots.iter().flatten().all(|slot| slot.number.is_none());
        let is_in_place = |at: u64, slot: &Slot| slot.number.map_or(is_old, |number| number % SLOTS == at);
        let good: Vec<Slot> =
            slots.into_iter().zip(0..).filter_map(|(slot, at)| slot.filter(|slot| is_in_place(at, slot))).collect();
        let newest = good.iter().max_by_key(|slot| (slot.number, slot.head.position.seq));
        let is_pair = match good.as_slice() {
            [Slot { number: Some(one), .. }, Slot { number: Some(other), .. }] => one.abs_diff(*other) == 1,
            [one, other] => one.head != other.head || one.head.position.seq == LINES_OF_A_NEW_LOG,
            _ => false,
        };
        Self {
            newest: newest.map(|slot| slot.head),
            number: newest.and_then(|slot| slot.number),
            bad_slots: SLOTS.saturating_sub(good.len() as u64),
            is_sound: is_pair && bytes.len() as u64 == SLOTS * SLOT_BYTES as u64,
        }
    }

    /// Reads `dir/head`. A missing file counts as two bad slots.
    pub(crate) fn read(dir: &Path, verifier: &SignatureVerifier) -> io::Result<Self> {
        let bytes = match regular_file::read(&directory::head_path(dir), SLOTS * SLOT_BYTES as u64 + 1) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        Ok(Self::from_bytes(&bytes, verifier))
    }
}

/// The head file, open for writing.
#[derive(Debug)]
pub(crate) struct HeadFile {
    file: File,
    path: PathBuf,
    /// Number of the next slot.
    next: u64,
}

impl HeadFile {
    /// Writes a new head file with `head` in both slots; it is durable on return. Slots are numbered from `number` on,
    /// or from the next even number.
    pub(crate) fn create(dir: &Path, head: Head, number: u64, signer: &Signer) -> io::Result<Self> {
        let temporary = dir.join("head.new");
        // A leftover file has no meaning. It is not opened, because that could block.
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        let first = number.next_multiple_of(SLOTS);
        for number in first..first.saturating_add(SLOTS) {
            let slot = Slot::write(number, head, signer).ok_or(io::ErrorKind::Other)?;
            file.write_all_at(&slot, number % SLOTS * SLOT_BYTES as u64)?;
        }
        file.sync_all()?;
        std::fs::rename(&temporary, directory::head_path(dir))?;
        directory::sync_dir(dir)?;
        Ok(Self { file, path: directory::head_path(dir), next: first.saturating_add(SLOTS) })
    }

    /// Opens the head file for writing. Its newest slot has number `newest` and is kept until the next one is written.
    pub(crate) fn open(dir: &Path, newest: u64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(directory::head_path(dir))?;
        Ok(Self { file, path: directory::head_path(dir), next: newest.saturating_add(1) })
    }

    /// Overwrites the older slot without a flush: the write survives a killed process, and after a power loss the head
    /// may lag.
    pub(crate) fn write(&mut self, head: Head, signer: &Signer) -> io::Result<()> {
        let slot = Slot::write(self.next, head, signer).ok_or(io::ErrorKind::Other)?;
        self.file.write_all_at(&slot, self.next % SLOTS * SLOT_BYTES as u64)?;
        self.next = self.next.saturating_add(1);
        Ok(())
    }

    /// Number of the next slot.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether the path still leads to the file that is being written.
    pub(crate) fn is_in_place(&self) -> bool {
        let (Ok(ours), Ok(theirs)) = (self.file.metadata(), std::fs::metadata(&self.path)) else { return false };
        (ours.dev(), ours.ino(), ours.size()) == (theirs.dev(), theirs.ino(), SLOTS * SLOT_BYTES as u64)
    }
}

#[cfg(test)]
mod tests {
    use claviger_base::SecretBytes;

    use super::*;

    fn signer(seed: u8) -> (Signer, SignatureVerifier) {
        let signer = Signer::new(&SecretBytes::copy_from(&[seed; 32])).unwrap();
        let verifier = SignatureVerifier::new(&signer.public_key().unwrap()).unwrap();
        (signer, verifier)
    }

    fn head(seq: u64) -> Head {
        Head { position: LogPosition { seq, chain: [9; 32] }, segment: 1, offset: seq * 100 }
    }

    fn written(heads: &[u64]) -> (tempfile::TempDir, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let (signer, _) = signer(7);
        let mut file = HeadFile::create(dir.path(), head(2), 0, &signer).unwrap();
        heads.iter().for_each(|seq| file.write(head(*seq), &signer).unwrap());
        let bytes = std::fs::read(directory::head_path(dir.path())).unwrap();
        (dir, bytes)
    }

    #[test]
    fn the_newest_slot_wins_and_every_flipped_byte_is_noticed() {
        let (dir, good) = written(&[5, 9]);
        let (signer, verifier) = signer(7);
        let read = HeadSlots::read(dir.path(), &verifier).unwrap();
        assert_eq!((read.newest, read.number, read.bad_slots, read.is_sound), (Some(head(9)), Some(3), 0, true));
        HeadFile::open(dir.path(), 3).unwrap().write(head(12), &signer).unwrap();
        assert_eq!(HeadSlots::read(dir.path(), &verifier).unwrap().newest, Some(head(12)));
        assert_eq!(good.len(), 1024);
        for at in (0..good.len()).step_by(3) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let read = HeadSlots::from_bytes(&bad, &verifier);
            assert_eq!((read.bad_slots, read.is_sound), (1, false), "byte {at}");
        }
        assert_eq!(HeadSlots::from_bytes(&good, &self::signer(8).1).bad_slots, 2);
        assert_eq!(HeadSlots::from_bytes(&[], &verifier).bad_slots, 2);
    }

    #[test]
    fn only_slots_written_one_after_the_other_belong_together() {
        let (_, verifier) = signer(7);
        let (_first, old) = written(&[5, 9]);
        let (_second, new) = written(&[5, 9, 12, 15, 20]);
        let mixed = |one: &[u8], other: &[u8]| HeadSlots::from_bytes(&[one, other].concat(), &verifier);
        for (slots, what) in [
            (mixed(&new[..512], &new[..512]), "the first slot twice"),
            (mixed(&new[512..], &new[512..]), "the second slot twice"),
            (mixed(&new[512..], &new[..512]), "swapped"),
            (mixed(&new[..512], &old[512..]), "an older second slot"),
            (mixed(&old[..512], &new[512..]), "an older first slot"),
        ] {
            assert!(!slots.is_sound, "{what}");
        }
        assert!(mixed(&new[..512], &new[512..]).is_sound);
    }
}
