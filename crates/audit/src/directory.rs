//! The files of a log's directory: their names, and the list of segments.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The file that holds the public key: 64 hexadecimal digits and a newline.
pub(crate) const PUBLIC_KEY: &str = "public-key";

/// Path of the head file of the log in `dir`.
pub(crate) fn head_path(dir: &Path) -> PathBuf {
    dir.join("head")
}

/// Path of the file that is preallocated for the next segment.
pub(crate) fn next_path(dir: &Path) -> PathBuf {
    dir.join("next")
}

/// A segment file and the number of its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub(crate) first_seq: u64,
    pub(crate) path: PathBuf,
}

/// `audit-<20 digits>.log`.
pub(crate) fn segment_file_name(first_seq: u64) -> String {
    format!("audit-{first_seq:020}.log")
}

/// The segments of the log in `dir`, oldest first. Files with other names do not belong to the log.
pub(crate) fn segments(dir: &Path) -> io::Result<Vec<SegmentFile>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let digits = name.strip_prefix("audit-").and_then(|rest| rest.strip_suffix(".log"));
        if let Some(first_seq) = digits.and_then(|digits| digits.parse().ok())
            && segment_file_name(first_seq) == name
        {
            segments.push(SegmentFile { first_seq, path });
        }
    }
    segments.sort_unstable_by_key(|segment| segment.first_seq);
    Ok(segments)
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
