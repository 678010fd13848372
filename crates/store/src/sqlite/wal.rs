//! What a write-ahead log contains (sqlite.org/fileformat2.html, section 4). A program that only reads leaves an empty log, and
//! a log that was restarted contains old frames that are no longer valid.
//!
//! **Rule:** a log contains frames if and only if SQLite itself would use one.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The last bit is the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;
const PAGE_BYTES_MAX: u32 = 65_536;

/// What a log contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing, no complete frame, or only frames that have been checkpointed.
    Nothing,
    /// At least one valid frame.
    Frames,
    /// A complete but invalid header or first frame. SQLite ignores the whole log, which may have contained commits.
    Damaged,
}

/// What the log at `path` contains. A missing log contains nothing.
///
/// # Errors
/// Those of the file system.
pub(super) fn content(path: &Path) -> io::Result<Content> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Nothing),
        opened => opened?,
    };
    let Some(header) = read_bytes(&mut file, HEADER_BYTES)? else { return Ok(Content::Nothing) };
    // Allocated, but not written before a power failure.
    if header.iter().all(|byte| *byte == 0) {
        return Ok(Content::Nothing);
    }
    let magic = word(&header, 0);
    let is_big_endian = magic & 1 == 1;
    let (summed, stated) = header.split_at(24);
    let sum = checksum((0, 0), summed, is_big_endian);
    let page_bytes = word(&header, 8);
    if magic & !1 != MAGIC || (word(stated, 0), word(stated, 4)) != sum || page_bytes > PAGE_BYTES_MAX {
        return Ok(Content::Damaged);
    }
    // Frames are valid up to the first invalid one.
    let Some(frame) = read_bytes(&mut file, FRAME_HEADER_BYTES)? else { return Ok(Content::Nothing) };
    let Some(page) = read_bytes(&mut file, page_bytes as usize)? else { return Ok(Content::Nothing) };
    // A log that is restarted gets new salts and still contains the old frames.
    if frame.get(8..16) != header.get(16..24) {
        return Ok(Content::Nothing);
    }
    let sum = checksum(sum, frame.get(..8).unwrap_or_default(), is_big_endian);
    let sum = checksum(sum, &page, is_big_endian);
    let is_valid = (word(&frame, 16), word(&frame, 20)) == sum && word(&frame, 0) > 0;
    Ok(if is_valid { Content::Frames } else { Content::Damaged })
}

/// The next `length` bytes; `None` if there are fewer.
fn read_bytes(file: &mut File, length: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; length];
    match file.read_exact(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| Some(bytes)),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_be_bytes(*word))
}

fn checksum(before: (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let read = |bytes: &[u8]| match word(bytes, 0) {
        word if is_big_endian => word,
        word => word.swap_bytes(),
    };
    bytes.chunks_exact(8).fold(before, |(one, other), pair| {
        let (first, second) = pair.split_at(4);
        let one = one.wrapping_add(read(first)).wrapping_add(other);
        (one, other.wrapping_add(read(second)).wrapping_add(one))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_count_only_where_sqlite_would_take_them() {
        let dir = tempfile::tempdir().unwrap();
        let connection = rusqlite::Connection::open(dir.path().join("db")).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        let good = std::fs::read(dir.path().join("db-wal")).unwrap();
        let path = dir.path().join("log");
        assert_eq!(content(&path).unwrap(), Content::Nothing, "none is there");
        let content_of = |log: &[u8]| {
            std::fs::write(&path, log).unwrap();
            content(&path).unwrap()
        };
        assert_eq!((content_of(&good), content_of(&good[..32 + 24 + 4096])), (Content::Frames, Content::Frames));
        for length in [0, 31, 32, 32 + 23, 32 + 24 + 4095] {
            assert_eq!(content_of(&good[..length]), Content::Nothing, "{length} bytes");
        }
        assert_eq!(content_of(&vec![0; good.len()]), Content::Nothing, "only zeros");
        assert_eq!(content_of(&[&good[..32], &vec![0; 8_000]].concat()), Content::Nothing, "zeros behind the header");
        // The header's magic, a salt, its checksum; the frame's page number, its checksum, its page.
        for at in [0, 16, 24, 32, 32 + 16, 32 + 24 + 100] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(content_of(&bad), Content::Damaged, "byte {at}");
        }
        let mut restarted = good;
        restarted[32 + 8] ^= 1;
        assert_eq!(content_of(&restarted), Content::Nothing, "another salt");
    }
}
