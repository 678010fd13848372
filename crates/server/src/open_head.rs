//! How much of an HTTP/2 head has come that is not complete: its library keeps it, decoded, and tells nobody.
//!
//! The rule it keeps: frames are followed only as far as that takes (RFC 9113 section 4.1); what is wrong with them is for the
//! library to say.

/// The client's first bytes (RFC 9113 section 3.4).
const PREFACE_BYTES: usize = 24;
const FRAME_HEAD_BYTES: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// What one byte of a head takes at most: one that names a header of the static table becomes an entry of the map of headers.
const BYTES_TAKEN_PER_BYTE: usize = 128;
/// What one head takes at most: the library keeps no more of it than its limit, in raw bytes and in entries.
const BYTES_TAKEN_MAX: usize = 512 * 1024;

/// Reads along.
#[derive(Debug)]
pub(crate) struct OpenHead {
    /// Bytes that belong to no frame's head: of the preface, or of a payload.
    skip: usize,
    frame: [u8; FRAME_HEAD_BYTES],
    has: usize,
    /// Whether the payload is a piece of a head, and its last one.
    is_piece: bool,
    is_last: bool,
    bytes: usize,
}

impl Default for OpenHead {
    fn default() -> Self {
        let frame = [0; FRAME_HEAD_BYTES];
        Self { skip: PREFACE_BYTES, frame, has: 0, is_piece: false, is_last: false, bytes: 0 }
    }
}

impl OpenHead {
    /// The next bytes of the connection.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let (skipped, rest) = bytes.split_at(self.skip.min(bytes.len()));
                self.skip -= skipped.len();
                self.bytes += if self.is_piece { skipped.len() } else { 0 };
                bytes = rest;
                if self.skip == 0 {
                    self.end_payload();
                }
                continue;
            }
            let (piece, rest) = bytes.split_at((FRAME_HEAD_BYTES - self.has).min(bytes.len()));
            for (slot, byte) in self.frame.iter_mut().skip(self.has).zip(piece) {
                *slot = *byte;
            }
            self.has += piece.len();
            bytes = rest;
            if self.has == FRAME_HEAD_BYTES {
                self.begin_payload();
            }
        }
    }

    /// What the unfinished head takes in memory, at most.
    pub(crate) fn bytes_taken(&self) -> usize {
        self.bytes.saturating_mul(BYTES_TAKEN_PER_BYTE).min(BYTES_TAKEN_MAX)
    }

    fn begin_payload(&mut self) {
        let [high, middle, low, kind, flags, ..] = self.frame;
        self.has = 0;
        self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.is_piece = matches!(kind, HEADERS | CONTINUATION);
        self.is_last = self.is_piece && flags & END_HEADERS != 0;
        if self.skip == 0 {
            self.end_payload();
        }
    }

    fn end_payload(&mut self) {
        if self.is_last {
            self.bytes = 0;
        }
        (self.is_piece, self.is_last) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.extend(vec![0x82; usize::from(length)]);
        frame
    }

    /// The same, however the bytes are cut.
    fn open_after(frames: &[Vec<u8>]) -> usize {
        let mut bytes = vec![b'P'; PREFACE_BYTES];
        bytes.extend(frames.concat());
        let after = |piece: usize| {
            let mut open = OpenHead::default();
            bytes.chunks(piece).for_each(|piece| open.read(piece));
            open.bytes
        };
        let whole = after(bytes.len());
        for piece in 1..20 {
            assert_eq!(after(piece), whole, "in pieces of {piece}");
        }
        whole
    }

    #[test]
    fn only_heads_without_an_end_count() {
        let (settings, data) = (frame(4, 0, 18), frame(0, 0, 200));
        assert_eq!(open_after(&[]), 0);
        assert_eq!(open_after(&[settings.clone(), frame(HEADERS, END_HEADERS, 50), data.clone()]), 0);
        assert_eq!(open_after(&[settings.clone(), frame(HEADERS, 0, 50)]), 50);
        assert_eq!(open_after(&[settings, frame(HEADERS, 0, 50), frame(CONTINUATION, 0, 60)]), 110);
        assert_eq!(open_after(&[frame(HEADERS, 0, 50), frame(CONTINUATION, END_HEADERS, 60), data]), 0);
        assert_eq!(open_after(&[frame(HEADERS, 0, 50), frame(CONTINUATION, END_HEADERS, 0)]), 0);
        // A frame that is not complete is kept, too.
        assert_eq!(open_after(&[frame(HEADERS, END_HEADERS, 50)[..29].to_vec()]), 20);
    }

    #[test]
    fn what_is_taken_is_bounded() {
        let mut open = OpenHead::default();
        open.read(&[0; PREFACE_BYTES]);
        for _ in 0..1000 {
            open.read(&frame(CONTINUATION, 0, 255));
        }
        assert_eq!((open.bytes, open.bytes_taken()), (255_000, BYTES_TAKEN_MAX));
    }
}
