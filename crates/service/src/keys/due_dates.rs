//! Repair of due dates that are damaged or lost. They are restored from the keys' own records: a key without a due date would
//! silently stop rotating.

use claviger_model::Key;
use claviger_vault::{Cursor, Due, Record, Stored};

use crate::error::ServiceError;
use crate::paging::SCAN_STEP;
use crate::service::Service;

impl Service {
    /// Repairs the damaged due date at `path`. Blocks, as do all functions below.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn repair_due_date(&self, path: &str) -> Result<(), ServiceError> {
        // If the path names no key, it is damaged itself. The daily check restores the due date from the key.
        let Some(due) = Due::of_path(path) else { return Ok(()) };
        let stored = match self.vault.get::<Key>(&due.key) {
            Ok(Some(stored)) => stored,
            Ok(None) => return self.remove_due_date(&due),
            // The key is damaged too; without it nothing says when it is due.
            Err(error) if error.is_unreadable() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.restore_due_date(&stored)?;
        if stored.record.due() == Some(due.at) { Ok(()) } else { self.remove_due_date(&due) }
    }

    /// Writes the due date of every key that has lost it, and returns how many were written.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn restore_due_dates(&self) -> Result<usize, ServiceError> {
        let (mut written, mut after): (usize, Option<Cursor>) = (0, None);
        loop {
            let page = self.vault.list::<Key>(after.as_ref(), SCAN_STEP)?;
            for stored in &page.records {
                written += usize::from(self.restore_due_date(stored)?);
            }
            if page.next.is_none() {
                return Ok(written);
            }
            after = page.next;
        }
    }

    /// Writes the due date of this key if it is missing or damaged, and returns whether it did.
    fn restore_due_date(&self, stored: &Stored<Key>) -> Result<bool, ServiceError> {
        let key = &stored.record;
        let Some(at) = key.due() else { return Ok(false) };
        let due = Due { at, key: key.id.clone() };
        match self.vault.get::<Due>(&due.id()) {
            Ok(Some(_sound)) => return Ok(false),
            Ok(None) => {}
            Err(error) if error.is_unreadable() => {}
            Err(error) => return Err(error.into()),
        }
        // On a conflict nothing is left to do: whoever changed the key wrote its due date.
        let change = self.vault.change().require(stored).put(&due)?;
        self.commit_unaudited(change, "the date is restored from the key")?;
        tracing::warn!(key = %key.id, "the due date of a key was lost or damaged and has been restored from the key's record");
        Ok(true)
    }

    fn remove_due_date(&self, due: &Due) -> Result<(), ServiceError> {
        self.commit_unaudited(self.vault.change().delete(due), "no key has this due date").map(drop)
    }
}
