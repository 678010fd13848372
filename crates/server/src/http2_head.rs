//! Measures incomplete HTTP/2 heads. The HTTP/2 library buffers them decoded and does not report their size.
//!
//! The tracker parses only frame headers (RFC 9113 section 4.1). The library reports invalid frames.

/// Length of the client's connection preface (RFC 9113 section 3.4).
const PREFACE_BYTES: usize = 24;
const FRAME_HEADER_BYTES: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// Upper bound of the memory per encoded byte: a one-byte reference to the static table becomes an entry of the header map.
const MEMORY_PER_BYTE: usize = 128;
/// Upper bound of the memory per head: the library limits both the encoded bytes and the entries that it buffers.
const MEMORY_MAX: usize = 512 * 1024;

/// Follows the frames of one connection.
#[derive(Debug)]
pub(crate) struct Http2HeadTracker {
    /// Bytes left of the preface or of a payload.
    payload_left: usize,
    frame_header: [u8; FRAME_HEADER_BYTES],
    /// How many bytes of `frame_header` have arrived.
    header_filled: usize,
    /// The payload is part of a head.
    is_head: bool,
    /// The payload is the last part of a head.
    ends_head: bool,
    /// Encoded length of the incomplete head.
    bytes: usize,
}

impl Default for Http2HeadTracker {
    fn default() -> Self {
        Self {
            payload_left: PREFACE_BYTES,
            frame_header: [0; FRAME_HEADER_BYTES],
            header_filled: 0,
            is_head: false,
            ends_head: false,
            bytes: 0,
        }
    }
}

impl Http2HeadTracker {
    /// Reads the next bytes of the connection.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload_left > 0 {
                let (skipped, rest) = bytes.split_at(self.payload_left.min(bytes.len()));
                self.payload_left -= skipped.len();
                self.bytes += if self.is_head { skipped.len() } else { 0 };
                bytes = rest;
                if self.payload_left == 0 {
                    self.end_payload();
                }
                continue;
            }
            let (piece, rest) = bytes.split_at((FRAME_HEADER_BYTES - self.header_filled).min(bytes.len()));
            for (slot, byte) in self.frame_header.iter_mut().skip(self.header_filled).zip(piece) {
                *slot = *byte;
            }
            self.header_filled += piece.len();
            bytes = rest;
            if self.header_filled == FRAME_HEADER_BYTES {
                self.begin_payload();
            }
        }
    }

    /// Upper bound of the memory that the incomplete head takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.saturating_mul(MEMORY_PER_BYTE).min(MEMORY_MAX)
    }

    fn begin_payload(&mut self) {
        let [high, middle, low, kind, flags, ..] = self.frame_header;
        self.header_filled = 0;
        self.payload_left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.is_head = matches!(kind, HEADERS | CONTINUATION);
        self.ends_head = self.is_head && flags & END_HEADERS != 0;
        if self.payload_left == 0 {
            self.end_payload();
        }
    }

    fn end_payload(&mut self) {
        if self.ends_head {
            self.bytes = 0;
        }
        (self.is_head, self.ends_head) = (false, false);
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

    /// Encoded bytes of the incomplete head after `frames`; the same for every way to split the input.
    fn incomplete_after(frames: &[Vec<u8>]) -> usize {
        let mut bytes = vec![b'P'; PREFACE_BYTES];
        bytes.extend(frames.concat());
        let after = |piece: usize| {
            let mut tracker = Http2HeadTracker::default();
            bytes.chunks(piece).for_each(|piece| tracker.read(piece));
            tracker.bytes
        };
        let whole = after(bytes.len());
        for piece in 1..20 {
            assert_eq!(after(piece), whole, "in pieces of {piece}");
        }
        whole
    }

    #[test]
    fn only_incomplete_heads_count() {
        let (settings, data) = (frame(4, 0, 18), frame(0, 0, 200));
        assert_eq!(incomplete_after(&[]), 0);
        assert_eq!(incomplete_after(&[settings.clone(), frame(HEADERS, END_HEADERS, 50), data.clone()]), 0);
        assert_eq!(incomplete_after(&[settings.clone(), frame(HEADERS, 0, 50)]), 50);
        assert_eq!(incomplete_after(&[settings, frame(HEADERS, 0, 50), frame(CONTINUATION, 0, 60)]), 110);
        assert_eq!(incomplete_after(&[frame(HEADERS, 0, 50), frame(CONTINUATION, END_HEADERS, 60), data]), 0);
        assert_eq!(incomplete_after(&[frame(HEADERS, 0, 50), frame(CONTINUATION, END_HEADERS, 0)]), 0);
        // An incomplete frame counts, too.
        assert_eq!(incomplete_after(&[frame(HEADERS, END_HEADERS, 50)[..29].to_vec()]), 20);
    }

    #[test]
    fn the_memory_of_a_head_is_bounded() {
        let mut tracker = Http2HeadTracker::default();
        tracker.read(&[0; PREFACE_BYTES]);
        for _ in 0..1000 {
            tracker.read(&frame(CONTINUATION, 0, 255));
        }
        assert_eq!((tracker.bytes, tracker.memory_bytes()), (255_000, MEMORY_MAX));
    }
}
