//! Reading a segment line by line in bounded memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::line::LINE_BYTES_MAX;
use crate::regular;

/// What stands at a place of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A line, without its newline.
    Whole(&'a [u8]),
    /// Bytes up to the end of the file without a newline, or more than a line may have.
    Torn(&'a [u8]),
    /// The end of the file.
    End,
}

/// A segment being read, and where.
#[derive(Debug)]
pub(crate) struct Lines {
    reader: BufReader<File>,
    buffer: Vec<u8>,
    /// Where the piece last returned starts, bytes.
    pub(crate) start: u64,
    /// Where the piece last returned ends, bytes, with its newline.
    pub(crate) end: u64,
    /// Number of the piece last returned, from 1; 0 before, or unknown after [`Lines::open_at`].
    pub(crate) number: u64,
}

impl Lines {
    /// Reads from byte `offset`, which starts a line.
    pub(crate) fn open_at(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = regular::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let reader = BufReader::with_capacity(64 * 1024, file);
        Ok(Self { reader, buffer: Vec::new(), start: offset, end: offset, number: 0 })
    }

    /// The next piece.
    pub(crate) fn next(&mut self) -> io::Result<Piece<'_>> {
        self.buffer.clear();
        self.start = self.end;
        let read = (&mut self.reader).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut self.buffer)?;
        self.end = self.end.saturating_add(read as u64);
        self.number = self.number.saturating_add(1);
        Ok(match self.buffer.split_last() {
            None => Piece::End,
            Some((b'\n', line)) => Piece::Whole(line),
            Some(_) => Piece::Torn(&self.buffer),
        })
    }
}
