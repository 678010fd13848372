//! A write-ahead log that has bytes and not one valid frame: SQLite uses nothing of it, and overwrites or removes it.
//! A kill at the first commit leaves such a one, which means nothing; but so does damage, and then it may hold commits.
//!
//! **Rule:** such a log is kept where the store itself is recovered, also when SQLite has removed it, and where it is damaged
//! beside a sound store.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::open;
use super::wal::{self, Content};

/// Damaged logs kept that lay beside a sound store.
const KEPT_MAX: u32 = 3;

/// The second name of such a log for as long as the store is opened.
fn second_name(directory: &Path) -> PathBuf {
    directory.join("store.sqlite3.unused-log")
}

/// Gives such a log a second name, before SQLite opens the store. One that a start which was cut off has set apart stays
/// where there is no other. Where this fails the store is opened all the same.
pub(super) fn set_apart(directory: &Path) {
    let (log, apart) = (open::log(directory), second_name(directory));
    let done = is_unused(&log).and_then(|is_unused| match is_unused {
        true => remove_if_there(&apart).and_then(|()| fs::hard_link(&log, &apart)),
        false => Ok(()),
    });
    if let Err(error) = done {
        tracing::warn!(
            %error, log = %log.display(),
            "a second name for the unused write-ahead log could not be made; if the store is recovered now, the log may be lost"
        );
    }
}

/// The store is sound and was not written yet: a log that is damaged is copied, since SQLite will write over it. What to tell
/// of it; a log that means nothing is forgotten.
pub(super) fn settle(directory: &Path) -> Option<String> {
    let (log, apart) = (open::log(directory), second_name(directory));
    let is_damaged = |path: &&PathBuf| matches!(wal::content(path), Ok(Content::Damaged));
    let told = [&log, &apart].into_iter().find(is_damaged).map(|damaged| {
        let kept = match copy(directory, damaged) {
            Ok(kept) => format!("look at the log, which is kept as {}", kept.display()),
            Err(error) => format!("the log could not be kept: {error}"),
        };
        let told = format!(
            "the store's write-ahead log was damaged and not used; commits that it held are lost; restore a backup, or {kept}"
        );
        tracing::error!("{told}");
        told
    });
    // Left behind it means nothing, and the next start tries again.
    let _left = remove_if_there(&apart);
    told
}

/// Not under the name of a damaged file's log: no damaged file belongs to it, and these names are for recoveries.
fn copy(directory: &Path, log: &Path) -> io::Result<PathBuf> {
    let mut names = (1..=KEPT_MAX).map(|number| directory.join(format!("store.sqlite3.damaged-log-{number}")));
    let taken = || io::Error::other(format!("{KEPT_MAX} are kept already; look at the disk, then move them away"));
    let kept = names.find(|name| !name.exists()).ok_or_else(taken)?;
    let mut from = File::open(log)?;
    let mut to = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&kept)?;
    let copied = io::copy(&mut from, &mut to).and_then(|_bytes| to.sync_all());
    if let Err(error) = copied.and_then(|()| File::open(directory)?.sync_all()) {
        // Half a copy looks like a whole one.
        let _left = fs::remove_file(&kept);
        return Err(error);
    }
    Ok(kept)
}

/// Takes the log away from the place of the new file, with its index: to `kept`, unless there never was a byte in it.
pub(super) fn keep(directory: &Path, kept: &Path) -> io::Result<()> {
    let (log, apart) = (open::log(directory), second_name(directory));
    if let Some(found) = [&log, &apart].into_iter().find(|path| has_bytes(path)) {
        fs::set_permissions(found, Permissions::from_mode(0o600))?;
        fs::rename(found, kept)?;
        tracing::error!(
            kept = %kept.display(),
            "the store's write-ahead log has no whole frame; commits that it may have held are lost; it lies beside the damaged file"
        );
    }
    [log, apart, open::log_index(directory)].iter().try_for_each(|path| remove_if_there(path))
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
