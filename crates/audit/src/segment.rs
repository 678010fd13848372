//! Segment files that are being written: preallocating the next one, and checking that the current one is still in place.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use crate::directory::{SegmentFile, next_path, segment_file_name, sync_dir};

/// A file that will become the next segment: preallocated, empty, without a number.
#[derive(Debug)]
pub(crate) struct NextSegment(File);

impl NextSegment {
    /// Creates `dir/next`, empty, and preallocates `bytes` of disk for it.
    ///
    /// # Errors
    /// Errors of the file system; `StorageFull` if there is not enough space.
    pub(crate) fn allocate(dir: &Path, bytes: u64) -> io::Result<Self> {
        let next = Self::empty(dir)?;
        let allocated = preallocate(&next.0, bytes);
        if allocated.is_err() {
            // A partial allocation would take space that the current segment may still need.
            let _ = std::fs::remove_file(next_path(dir));
        }
        allocated.map(|()| next)
    }

    /// Creates `dir/next`, empty, without preallocation.
    pub(crate) fn empty(dir: &Path) -> io::Result<Self> {
        let path = next_path(dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let text = format!("{} cannot be removed to make the next segment: {error}", path.display());
                return Err(io::Error::new(error.kind(), text));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600).open(path).map(Self)
    }

    /// Writes the first lines and makes them durable.
    pub(crate) fn write(&self, first_lines: &[u8]) -> io::Result<()> {
        self.0.write_all_at(first_lines, 0)?;
        self.0.sync_data()
    }

    /// Gives the file its number and makes the name durable. The header must already be written, so that every
    /// numbered segment has one.
    pub(crate) fn activate(self, dir: &Path, first_seq: u64, end: u64) -> io::Result<Segment> {
        let path = dir.join(segment_file_name(first_seq));
        if path.try_exists()? {
            let text = format!("{} is in the place of the next segment: move it away", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        std::fs::rename(next_path(dir), &path)?;
        if let Err(error) = sync_dir(dir) {
            // Undone, so that the name is free for the next attempt.
            let _ = std::fs::rename(&path, next_path(dir));
            return Err(error);
        }
        Ok(Segment { file: self.0, path, first_seq, end })
    }
}

/// How the file that is being written compares to what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileState {
    /// It is as it was left.
    Unchanged,
    /// It is longer than what is durable, because of a failed write or another program.
    Longer {
        /// Bytes beyond the durable end.
        by: u64,
    },
    /// It was removed, replaced, moved or shortened.
    Gone,
}

/// The segment that is being written.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    path: PathBuf,
    pub(crate) first_seq: u64,
    /// Length of the durable content; the next group starts here.
    pub(crate) end: u64,
}

impl Segment {
    /// Opens a segment whose intact content ends at `end`, cuts off what follows and preallocates `bytes` of disk
    /// again.
    pub(crate) fn open(segment_file: &SegmentFile, end: u64, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&segment_file.path)?;
        let segment = Self { file, path: segment_file.path.clone(), first_seq: segment_file.first_seq, end };
        if segment.file.metadata()?.len() != end {
            segment.cut_back()?;
        }
        if bytes > end {
            // A failed preallocation is no reason to refuse: if there is no space, writing will fail.
            let _ = preallocate(&segment.file, bytes);
        }
        Ok(segment)
    }

    /// Writes at the end and makes it durable. Only then does `end` advance.
    pub(crate) fn append(&mut self, group: &[u8]) -> io::Result<()> {
        self.file.write_all_at(group, self.end)?;
        self.file.sync_data()?;
        self.end = self.end.saturating_add(group.len() as u64);
        Ok(())
    }

    /// Removes what a failed write left after `end`.
    pub(crate) fn cut_back(&self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.sync_data()
    }

    /// Releases the unused preallocated space: truncating a file to its own length does that.
    pub(crate) fn finish(&self) {
        let _ = self.file.set_len(self.end);
    }

    /// Checks that the path still leads to this file, and that the file has the expected length.
    pub(crate) fn state(&self) -> FileState {
        let (Ok(ours), Ok(theirs)) = (self.file.metadata(), std::fs::metadata(&self.path)) else {
            return FileState::Gone;
        };
        if (ours.dev(), ours.ino()) != (theirs.dev(), theirs.ino()) || ours.size() < self.end {
            return FileState::Gone;
        }
        match ours.size() - self.end {
            0 => FileState::Unchanged,
            by => FileState::Longer { by },
        }
    }

    /// Path of the segment.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reserves blocks without changing the length. A file system that does not support this is not an error.
fn preallocate(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_of_the_next_segment_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join(segment_file_name(7));
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        let blocked = NextSegment::empty(dir.path()).unwrap().activate(dir.path(), 7, 0).unwrap_err();
        assert!(blocked.to_string().contains(link.to_str().unwrap()), "{blocked}");
        std::fs::remove_file(next_path(dir.path())).unwrap();
        std::fs::create_dir(next_path(dir.path())).unwrap();
        let made = NextSegment::empty(dir.path()).unwrap_err();
        assert!(made.to_string().contains(next_path(dir.path()).to_str().unwrap()), "{made}");
    }
}
