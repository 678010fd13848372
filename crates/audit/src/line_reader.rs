//! Reads a segment line by line in bounded memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::line::LINE_BYTES_MAX;
use crate::regular_file;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadLine<'a> {
    /// A line, without its newline.
    Complete(&'a [u8]),
    /// Bytes without a newline: up to the end of the file, or as many as the longest line.
    Partial(&'a [u8]),
    /// The end of the file.
    EndOfFile,
}

/// A segment that is being read.
#[derive(Debug)]
pub(crate) struct LineReader {
    reader: BufReader<File>,
    buffer: Vec<u8>,
    /// Offset at which the line last returned starts.
    pub(crate) start: u64,
    /// Offset at which the line last returned ends, its newline included.
    pub(crate) end: u64,
    /// Number of the line last returned, counted from 1 where reading began; 0 before the first.
    pub(crate) number: u64,
}

impl LineReader {
    /// Reads from `offset`, which must be the start of a line.
    pub(crate) fn open_at(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = regular_file::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let reader = BufReader::with_capacity(64 * 1024, file);
        Ok(Self { reader, buffer: Vec::new(), start: offset, end: offset, number: 0 })
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> io::Result<ReadLine<'_>> {
        self.buffer.clear();
        self.start = self.end;
        let read = (&mut self.reader).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut self.buffer)?;
        self.end = self.end.saturating_add(read as u64);
        self.number = self.number.saturating_add(1);
        Ok(match self.buffer.split_last() {
            None => ReadLine::EndOfFile,
            Some((b'\n', line)) => ReadLine::Complete(line),
            Some(_) => ReadLine::Partial(&self.buffer),
        })
    }
}
