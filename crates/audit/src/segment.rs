//! Segment files: their names, their making ahead of need, and whether they are still where we left them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// A named segment on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) first_seq: u64,
    pub(crate) path: PathBuf,
}

/// `audit-<20 digits>.log`.
pub(crate) fn file_name(first_seq: u64) -> String {
    format!("audit-{first_seq:020}.log")
}

/// The segments of the log in `dir`, oldest first. Other files are not the log's.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<Named>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let digits = name.strip_prefix("audit-").and_then(|rest| rest.strip_suffix(".log"));
        if let Some(first_seq) = digits.and_then(|digits| digits.parse().ok())
            && file_name(first_seq) == name
        {
            segments.push(Named { first_seq, path });
        }
    }
    segments.sort_unstable_by_key(|segment| segment.first_seq);
    Ok(segments)
}

/// Makes names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// A file that will become the next segment: allocated, empty, without a number.
#[derive(Debug)]
pub(crate) struct Next(File);

/// Where the next segment waits.
pub(crate) fn next_path(dir: &Path) -> PathBuf {
    dir.join("next")
}

impl Next {
    /// Makes `dir/next`, empty, with `bytes` of disk set aside.
    ///
    /// # Errors
    /// Those of the file system; `StorageFull` when the space is not there.
    pub(crate) fn allocate(dir: &Path, bytes: u64) -> io::Result<Self> {
        let next = Self::empty(dir)?;
        let allocated = set_aside(&next.0, bytes);
        if allocated.is_err() {
            // A partial allocation would take the space the current segment may still need.
            let _ = std::fs::remove_file(next_path(dir));
        }
        allocated.map(|()| next)
    }

    /// Makes `dir/next`, empty, with nothing set aside.
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

    /// Writes the first lines, durable.
    pub(crate) fn write(&self, first_lines: &[u8]) -> io::Result<()> {
        self.0.write_all_at(first_lines, 0)?;
        self.0.sync_data()
    }

    /// Gives the file its number, durable. Written before that: a segment with a number has its header.
    pub(crate) fn name(self, dir: &Path, first_seq: u64, end: u64) -> io::Result<Segment> {
        let path = dir.join(file_name(first_seq));
        if path.try_exists()? {
            let text = format!("{} stands in the place of the next segment: move it away", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        std::fs::rename(next_path(dir), &path)?;
        if let Err(error) = sync_dir(dir) {
            // Not to stand in the way of the next attempt.
            let _ = std::fs::rename(&path, next_path(dir));
            return Err(error);
        }
        Ok(Segment { file: self.0, path, first_seq, end })
    }
}

/// What became of the file we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// As we left it.
    AsLeft,
    /// Longer than what is durable: a failed write, or a stranger's.
    Longer {
        /// By so many bytes.
        by: u64,
    },
    /// Removed, replaced, moved or shortened.
    Gone,
}

/// The segment being written.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    path: PathBuf,
    pub(crate) first_seq: u64,
    /// Length of what is durable; the next group starts here.
    pub(crate) end: u64,
}

impl Segment {
    /// Opens a segment whose good content ends at `end`, cuts off what follows and sets `bytes` of disk aside again.
    pub(crate) fn open(named: &Named, end: u64, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&named.path)?;
        let segment = Self { file, path: named.path.clone(), first_seq: named.first_seq, end };
        if segment.file.metadata()?.len() != end {
            segment.cut_back()?;
        }
        if bytes > end {
            // Not being able to set aside is no reason to refuse: writing will tell.
            let _ = set_aside(&segment.file, bytes);
        }
        Ok(segment)
    }

    /// Writes at the end and makes it durable. `end` moves only then.
    pub(crate) fn append(&mut self, group: &[u8]) -> io::Result<()> {
        self.file.write_all_at(group, self.end)?;
        self.file.sync_data()?;
        self.end = self.end.saturating_add(group.len() as u64);
        Ok(())
    }

    /// Removes what a failed write left behind `end`.
    pub(crate) fn cut_back(&self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.sync_data()
    }

    /// Gives the unused part of the space back; what was set aside is freed by cutting to the same length.
    pub(crate) fn finish(&self) {
        let _ = self.file.set_len(self.end);
    }

    /// Whether the name still leads to the file we write, and it has the length we gave it.
    pub(crate) fn place(&self) -> Place {
        let (Ok(ours), Ok(named)) = (self.file.metadata(), std::fs::metadata(&self.path)) else { return Place::Gone };
        if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) || ours.size() < self.end {
            return Place::Gone;
        }
        match ours.size() - self.end {
            0 => Place::AsLeft,
            by => Place::Longer { by },
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reserves blocks without changing the length; a file system that cannot is no error.
fn set_aside(file: &File, bytes: u64) -> io::Result<()> {
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
        let link = dir.path().join(file_name(7));
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        let named = Next::empty(dir.path()).unwrap().name(dir.path(), 7, 0).unwrap_err();
        assert!(named.to_string().contains(link.to_str().unwrap()), "{named}");
        std::fs::remove_file(next_path(dir.path())).unwrap();
        std::fs::create_dir(next_path(dir.path())).unwrap();
        let made = Next::empty(dir.path()).unwrap_err();
        assert!(made.to_string().contains(next_path(dir.path()).to_str().unwrap()), "{made}");
    }
}
