//! A write-ahead log that has bytes and not one valid frame: SQLite uses nothing of it, and removes it when it closes the file.
//! A kill at the first commit leaves such a one, which means nothing; but so does damage, and then it may hold commits.
//!
//! **Rule:** where the store itself is recovered, such a log is kept beside the damaged file, also when SQLite has removed it.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{open, wal};

/// A second name of such a log for as long as the store is opened.
fn set_apart_at(directory: &Path) -> PathBuf {
    directory.join("store.sqlite3.unused-log")
}

/// Gives such a log a second name, before SQLite opens the store. One that a start which was cut off has set apart stays
/// where there is no other. Where this fails the store is opened all the same.
pub(super) fn set_apart(directory: &Path) {
    let (log, apart) = (open::log(directory), set_apart_at(directory));
    let done = is_unused(&log).and_then(|is_unused| match is_unused {
        true => removed(&apart).and_then(|()| fs::hard_link(&log, &apart)),
        false => Ok(()),
    });
    if let Err(error) = done {
        tracing::warn!(%error, log = %log.display(), "a write-ahead log of no use could not be set apart");
    }
}

/// The store is sound: nobody wants it.
pub(super) fn forget(directory: &Path) {
    // Left behind it means nothing, and the next start tries again.
    let _left = removed(&set_apart_at(directory));
}

/// Takes the log away from the place of the new file, with its index: to `kept`, unless there never was a byte in it.
pub(super) fn keep(directory: &Path, kept: &Path) -> io::Result<()> {
    let (log, apart) = (open::log(directory), set_apart_at(directory));
    let has_bytes = |path: &Path| fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    if let Some(found) = [&log, &apart].into_iter().find(|path| has_bytes(path)) {
        fs::set_permissions(found, Permissions::from_mode(0o600))?;
        fs::rename(found, kept)?;
        tracing::error!(
            kept = %kept.display(),
            "the store's write-ahead log has no whole frame; commits that it may have held are lost; it lies beside the damaged file"
        );
    }
    [log, apart, open::log_index(directory)].iter().try_for_each(|path| removed(path))
}

fn is_unused(log: &Path) -> io::Result<bool> {
    let has_bytes = fs::metadata(log).is_ok_and(|found| found.is_file() && found.len() > 0);
    Ok(has_bytes && !wal::has_frames(log)?)
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
