//! What stands behind the last signed line is kept in a file of its own, as evidence, and cut out of the log.
//!
//! Rule: it is durable in that file before a byte of it leaves the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use claviger_base::Timestamp;

use crate::group::Mended;
use crate::recover::Found;
use crate::segment::sync_dir;

/// Their names begin so.
const PREFIX: &str = "set-aside-";

/// Copies what is behind the end of the log into a new file in `dir`, when there is a complete line in it, and removes the
/// segments of which nothing remains; what the start then has to note. The segment of the end is cut when it is opened.
///
/// # Errors
/// Those of the file system; the log is as it was then, or some of it is in the new file too.
pub(crate) fn set_aside(dir: &Path, found: &Found, now: Timestamp) -> io::Result<Option<Mended>> {
    let behind = &found.behind;
    if behind.lines == 0 && behind.broken_bytes == 0 {
        return Ok(None);
    }
    let mut mended =
        Mended { cut_bytes: behind.broken_bytes, unsigned: behind.lines, ..Mended::because("interrupted write") };
    if behind.lines > 0 {
        let name = format!("{PREFIX}{:020}-{}.jsonl", found.end.mark.seq.saturating_add(1), now.unix_ms());
        copy_behind(found, &dir.join(&name))?;
        tracing::warn!(
            file = %dir.join(&name).display(),
            lines = behind.lines,
            "unsigned lines at the end of the audit log were set aside: a crash leaves them, and so does a forger"
        );
        mended.set_aside = Some(name);
    }
    // The last first: a kill in between leaves no gap.
    for segment in behind.segments.iter().rev() {
        std::fs::remove_file(&segment.path)?;
    }
    sync_dir(dir)?;
    Ok(Some(mended))
}

fn copy_behind(found: &Found, path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut rest = File::open(&found.segment.path)?;
    rest.seek(SeekFrom::Start(found.end.offset))?;
    io::copy(&mut rest.by_ref(), &mut file)?;
    for segment in &found.behind.segments {
        io::copy(&mut File::open(&segment.path)?, &mut file)?;
    }
    file.sync_all()?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// The files in `dir` that were set aside, oldest first.
///
/// # Errors
/// Those of the file system.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = std::fs::read_dir(dir)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(PREFIX))
        .collect();
    names.sort();
    Ok(names)
}
