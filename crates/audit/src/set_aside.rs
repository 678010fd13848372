//! Sets aside what follows the last signed line: keeps it in separate files as evidence and takes it out of the log.
//!
//! Rule: the copy is durable before a byte leaves the log, and no segment is ever deleted.

use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use claviger_base::Timestamp;

use crate::directory::sync_dir;
use crate::group::Repair;
use crate::recover::LogEnd;
use crate::regular_file;

/// Prefix of the names of files that were set aside.
const PREFIX: &str = "set-aside-";

/// Sets aside what follows the end of the log. Complete lines in the last signed segment are copied to a new file in
/// `dir`; every later segment is renamed, whatever it contains. That last segment is truncated when it is opened.
/// Returns what the `recovered` line has to say, if anything.
///
/// # Errors
/// Errors of the file system. The log is then unchanged, or only partly set aside.
pub(crate) fn set_aside(dir: &Path, found: &LogEnd, now: Timestamp) -> io::Result<Option<Repair>> {
    let unsigned_tail = &found.unsigned_tail;
    if unsigned_tail.lines == 0 && unsigned_tail.broken_bytes == 0 && unsigned_tail.segments.is_empty() {
        return Ok(None);
    }
    let is_stray = unsigned_tail.lines == 0 && unsigned_tail.broken_bytes == 0;
    let reason = if is_stray { "stray segment" } else { "interrupted write" };
    let mut repair =
        Repair { cut_bytes: unsigned_tail.broken_bytes, unsigned: unsigned_tail.lines, ..Repair::new(reason) };
    if unsigned_tail.lines > 0 && std::fs::metadata(&found.segment.path)?.len() > found.end.offset {
        let name = free_name(dir, found.end.position.seq.saturating_add(1), now)?;
        copy_tail(found, &dir.join(&name))?;
        tracing::warn!(
            file = %dir.join(&name).display(),
            lines = unsigned_tail.lines,
            "unsigned lines at the end of the audit log were set aside: a crash leaves such lines, and so does a forgery"
        );
        repair.set_aside = Some(name);
    }
    // Last segment first, so that a crash in between leaves no gap.
    for segment in unsigned_tail.segments.iter().rev() {
        let name = free_name(dir, segment.first_seq, now)?;
        std::fs::rename(&segment.path, dir.join(&name))?;
        tracing::warn!(
            segment = %segment.path.display(),
            file = %dir.join(&name).display(),
            "an unsigned segment after the end of the audit log was set aside: a crash may leave one with a single line; \
             anything else was put there by another program"
        );
        repair.set_aside.get_or_insert(name);
    }
    sync_dir(dir)?;
    Ok(Some(repair))
}

/// An unused name: a file that was set aside earlier is never overwritten.
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

fn copy_tail(found: &LogEnd, path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut rest = regular_file::open(&found.segment.path)?;
    rest.seek(SeekFrom::Start(found.end.offset))?;
    io::copy(&mut rest, &mut file)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// The files in `dir` that were set aside, oldest first.
///
/// # Errors
/// Errors of the file system.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = std::fs::read_dir(dir)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(PREFIX))
        .collect();
    names.sort();
    Ok(names)
}
