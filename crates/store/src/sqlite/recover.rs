//! Recovering a damaged file: what can be read from it is copied into a new file, which replaces it. The damaged file is kept in
//! the same directory under another name, and never written.
//!
//! **Invariant:** no connection is open meanwhile, and nothing is done while the write-ahead log holds frames that are not
//! checkpointed: a log that is applied to a file other than its own would destroy that file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::opening_error;
use super::page::Pages;
use super::salvage::Salvage;
use super::wal::{self, Content};
use super::{file_names, schema, unused_log};
use crate::contract::Recovered;
use crate::error::StoreError;

/// How many damaged files are kept. When there are more, the disk is at fault, and another copy does not help.
const KEPT_MAX: u32 = 3;
/// Added to the newest known revision when the counter is lost, so that no revision is used twice.
const REVISION_MARGIN: i64 = 1 << 32;

/// Recovers the store in `directory`, which must not be open.
///
/// # Errors
/// [`StoreError::NotRecovered`] with the reason, [`StoreError::Full`]; the file is unchanged.
pub(super) fn recover(directory: &Path) -> Result<Recovered, StoreError> {
    let path = file_names::store(directory);
    let refused = |reason: String| StoreError::NotRecovered { path: path.clone(), reason };
    let pages = File::open(&path).and_then(Pages::open).map_err(|error| refused(error.to_string()))?;
    let salvage = Salvage::of(&pages).ok_or_else(|| refused("more is damaged than one page".to_owned()))?;
    if wal::content(&file_names::log(directory)).map_err(|error| refused(error.to_string()))? == Content::Frames {
        let reason = "its write-ahead log could not be checkpointed; perhaps another program has it open";
        return Err(refused(reason.to_owned()));
    }
    let kept = (1..=KEPT_MAX).map(|number| file_names::damaged(directory, number));
    let is_free = |kept: &PathBuf| !kept.exists() && !file_names::log_of(kept).exists();
    let Some(kept) = kept.into_iter().find(is_free) else {
        let reason = format!("{KEPT_MAX} damaged files are kept already; look at the disk, then move them away");
        return Err(refused(reason));
    };
    let new = file_names::recovering(directory);
    let replaced = build(&new, &salvage).and_then(|lost| {
        replace(directory, &path, &new, &kept).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full,
            _ => refused(error.to_string()),
        })?;
        Ok(lost)
    });
    if replaced.is_err() {
        // An incomplete file that nobody reads. The next attempt removes it, too.
        let _left = fs::remove_file(&new);
    }
    Ok(Recovered { kept, lost: replaced? })
}

/// Whether a file that does not open as a store is a store with a damaged first page.
pub(super) fn is_store_without_first_page(path: &Path) -> bool {
    let pages = File::open(path).and_then(Pages::open);
    pages.is_ok_and(|pages| Salvage::of(&pages).is_some_and(|salvage| salvage.is_whole()))
}

/// Replaces `path` with `new`, and keeps the old file as `kept`.
fn replace(directory: &Path, path: &Path, new: &Path, kept: &Path) -> io::Result<()> {
    let kept_log = file_names::log_of(kept);
    File::open(new)?.sync_all()?;
    // Linked first, so that there is a store at every moment, and no log is kept without its file.
    fs::hard_link(path, kept)?;
    if let Err(error) = unused_log::move_to(directory, &kept_log).and_then(|()| fs::rename(new, path)) {
        if !kept_log.exists() {
            // The next attempt creates it again.
            let _left = fs::remove_file(kept);
        }
        return Err(error);
    }
    File::open(directory)?.sync_all()
}

/// Copies what can be read into a new file at `new`, and returns how many values are lost.
fn build(new: &Path, salvage: &Salvage<'_>) -> Result<u64, StoreError> {
    let unusable = |error: io::Error| StoreError::Unusable { path: new.to_owned(), reason: error.to_string() };
    if let Err(error) = fs::remove_file(new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(unusable(error));
    }
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(new).map_err(unusable)?;
    let failed = |error: rusqlite::Error| opening_error(&error);
    let mut connection = Connection::open(new).map_err(failed)?;
    // Nobody else uses it yet, and an interrupted copy is started again.
    connection.pragma_update(None, "journal_mode", "OFF").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
    schema::create(&mut connection).map_err(failed)?;
    let transaction = connection.transaction().map_err(failed)?;
    let lost = fill(&transaction, salvage)?;
    transaction.commit().map_err(failed)?;
    Ok(lost)
}

fn fill(transaction: &Transaction<'_>, salvage: &Salvage<'_>) -> Result<u64, StoreError> {
    let failed = |error: rusqlite::Error| opening_error(&error);
    let mut newest = 0;
    salvage.rows(&mut |row| {
        let Some((value, revision)) = row.content else { return Ok(()) };
        newest = newest.max(revision);
        put(transaction, row.rowid, row.key, value, revision).map_err(failed)
    })?;
    // Lost values are inserted last, so that they replace nothing.
    salvage.rows(&mut |row| {
        if row.content.is_none() {
            mark_lost(transaction, row.key).map_err(failed)?;
        }
        Ok(())
    })?;
    salvage.names(&mut |name| settle_name(transaction, name.rowid, name.key).map_err(failed))?;
    let revision = salvage.revision().unwrap_or(newest.saturating_add(REVISION_MARGIN)).max(newest) + 1;
    // The history is not copied. Watches get `Compacted`.
    transaction.execute("UPDATE counter SET value = ?1", [revision]).map_err(failed)?;
    let lost: i64 = transaction
        .query_row("SELECT count(*) FROM record WHERE length(value) = 0", [], |row| row.get(0))
        .map_err(failed)?;
    Ok(u64::try_from(lost).unwrap_or(0))
}

fn put(transaction: &Transaction<'_>, id: i64, key: &[u8], value: &[u8], revision: i64) -> rusqlite::Result<()> {
    // If a key occurs more than once, the newest value is kept.
    let mut insert = transaction.prepare_cached(
        "INSERT INTO record (id, key, value, revision) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision
             WHERE excluded.revision > record.revision
         ON CONFLICT (id) DO NOTHING",
    )?;
    insert.execute(params![id, key, value, revision]).map(drop)
}

/// Inserts a key whose value is lost, unless it exists.
fn mark_lost(transaction: &Transaction<'_>, key: &[u8]) -> rusqlite::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO record (key, value, revision) VALUES (?1, x'', 0) ON CONFLICT (key) DO NOTHING")?;
    insert.execute([key]).map(drop)
}

/// Makes sure that a key of the index exists. If its row exists, the key gets the value of that row, even if the row states
/// another key: a value opens only at its own key. If there is no row, the value is marked as lost.
fn settle_name(transaction: &Transaction<'_>, rowid: i64, key: &[u8]) -> rusqlite::Result<()> {
    let mut select = transaction.prepare_cached("SELECT key FROM record WHERE id = ?1")?;
    let found: Option<Vec<u8>> = select.query_row([rowid], |row| row.get(0)).optional()?;
    match found {
        Some(found) if found == key => Ok(()),
        Some(_other) => {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO record (key, value, revision) SELECT ?1, value, revision FROM record WHERE id = ?2
                 ON CONFLICT (key) DO NOTHING",
            )?;
            insert.execute(params![key, rowid]).map(drop)
        }
        None => mark_lost(transaction, key),
    }
}
