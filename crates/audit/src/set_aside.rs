//! What stands behind the last signed line is kept in files of its own, as evidence, and taken out of the log.
//!
//! Rule: it is durable in such a file before a byte of it leaves the log, and no segment is removed.

use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use claviger_base::Timestamp;

use crate::group::Mended;
use crate::recover::Found;
use crate::regular;
use crate::segment::sync_dir;

/// Their names begin so.
const PREFIX: &str = "set-aside-";

/// Puts what is behind the end of the log aside: complete lines in the segment of the end are copied into a new file in `dir`,
/// and every segment behind it gets such a name, whatever is in it; what the start then has to note. The segment of the end is
/// cut when it is opened.
///
/// # Errors
/// Those of the file system; the log is as it was then, or some of it is set aside already.
pub(crate) fn set_aside(dir: &Path, found: &Found, now: Timestamp) -> io::Result<Option<Mended>> {
    let behind = &found.behind;
    if behind.lines == 0 && behind.broken_bytes == 0 && behind.segments.is_empty() {
        return Ok(None);
    }
    let is_stray = behind.lines == 0 && behind.broken_bytes == 0;
    let reason = if is_stray { "stray segment" } else { "interrupted write" };
    let mut mended = Mended { cut_bytes: behind.broken_bytes, unsigned: behind.lines, ..Mended::because(reason) };
    if behind.lines > 0 && std::fs::metadata(&found.segment.path)?.len() > found.end.offset {
        let name = free_name(dir, found.end.mark.seq.saturating_add(1), now)?;
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
        let name = free_name(dir, segment.first_seq, now)?;
        std::fs::rename(&segment.path, dir.join(&name))?;
        tracing::warn!(
            segment = %segment.path.display(),
            file = %dir.join(&name).display(),
            "a segment behind the end of the audit log, in which nothing is signed, was set aside: a crash may leave one \
             with a line in it, a stranger any"
        );
        mended.set_aside.get_or_insert(name);
    }
    sync_dir(dir)?;
    Ok(Some(mended))
}

/// A name that nothing has: what was set aside before is never replaced.
fn free_name(dir: &Path, seq: u64, now: Timestamp) -> io::Result<String> {
    let mut ms = now.unix_ms();
    loop {
        let name = format!("{PREFIX}{seq:020}-{ms}.jsonl");
        match std::fs::symlink_metadata(dir.join(&name)) {
            Ok(_taken) => ms = ms.saturating_add(1),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(name),
            Err(error) => return Err(error),
        }
    }
}

fn copy_behind(found: &Found, path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut rest = regular::open(&found.segment.path)?;
    rest.seek(SeekFrom::Start(found.end.offset))?;
    io::copy(&mut rest, &mut file)?;
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
