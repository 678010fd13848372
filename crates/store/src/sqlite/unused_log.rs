//! Write-ahead logs without a valid frame. SQLite ignores such a log, and overwrites or removes it. A kill during the first
//! commit leaves one, which is harmless; but so does damage, and then it may hold commits.
//!
//! **Rule:** such a log is kept in two cases: if the store itself is recovered (even if SQLite has removed the log), and if the
//! log is damaged but the store is sound.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::file_names;
use super::wal::{self, Content};

/// How many damaged logs of a sound store are kept.
const KEPT_MAX: u32 = 3;

/// Makes a hard link to such a log before SQLite opens the store. If there is no such log, a link that an interrupted start left is
/// kept. If this fails, the store is opened anyway.
pub(super) fn link(directory: &Path) {
    let (log, apart) = (file_names::log(directory), file_names::unused_log(directory));
    let done = is_unused(&log).and_then(|is_unused| match is_unused {
        true => remove_if_there(&apart).and_then(|()| fs::hard_link(&log, &apart)),
        false => Ok(()),
    });
    if let Err(error) = done {
        tracing::warn!(
            %error, log = %log.display(),
            "a hard link to the unused write-ahead log could not be made; if the store is recovered now, the log may be lost"
        );
    }
}

/// Call when the store is open and sound, before anything is written to it: keeps a copy of a damaged log, because SQLite will
/// overwrite it, and removes the hard link. Returns a message about the damaged log.
pub(super) fn keep_if_damaged(directory: &Path) -> Option<String> {
    let (log, apart) = (file_names::log(directory), file_names::unused_log(directory));
    let is_damaged = |path: &&PathBuf| matches!(wal::content(path), Ok(Content::Damaged));
    let message = [&log, &apart].into_iter().find(is_damaged).map(|damaged| {
        let kept = match copy(directory, damaged) {
            Ok(kept) => format!("look at the log, which is kept as {}", kept.display()),
            Err(error) => format!("the log could not be kept: {error}"),
        };
        let message = format!(
            "the store's write-ahead log was damaged and not used; commits that it held are lost; restore a backup, or {kept}"
        );
        tracing::error!("{message}");
        message
    });
    // If this fails, the next start tries again.
    let _left = remove_if_there(&apart);
    message
}

/// Copies a damaged log to a name of its own. The names for logs of damaged files are reserved for recoveries.
fn copy(directory: &Path, log: &Path) -> io::Result<PathBuf> {
    let mut names = (1..=KEPT_MAX).map(|number| file_names::damaged_log(directory, number));
    let taken = || io::Error::other(format!("{KEPT_MAX} are kept already; look at the disk, then move them away"));
    let kept = names.find(|name| !name.exists()).ok_or_else(taken)?;
    let mut from = File::open(log)?;
    let mut to = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&kept)?;
    let copied = io::copy(&mut from, &mut to).and_then(|_bytes| to.sync_all());
    if let Err(error) = copied.and_then(|()| File::open(directory)?.sync_all()) {
        // An incomplete copy cannot be told from a complete one.
        let _left = fs::remove_file(&kept);
        return Err(error);
    }
    Ok(kept)
}

/// Moves the log out of the way of the new file: to `kept`, unless it is empty. Its index is removed.
pub(super) fn move_to(directory: &Path, kept: &Path) -> io::Result<()> {
    let (log, apart) = (file_names::log(directory), file_names::unused_log(directory));
    if let Some(found) = [&log, &apart].into_iter().find(|path| has_bytes(path)) {
        fs::set_permissions(found, Permissions::from_mode(0o600))?;
        fs::rename(found, kept)?;
        tracing::error!(
            kept = %kept.display(),
            "the store's write-ahead log has no whole frame; commits that it may have held are lost; it is kept beside the damaged file"
        );
    }
    [log, apart, file_names::log_index(directory)].iter().try_for_each(|path| remove_if_there(path))
}

fn is_unused(log: &Path) -> io::Result<bool> {
    Ok(has_bytes(log) && wal::content(log)? != Content::Frames)
}

fn has_bytes(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
