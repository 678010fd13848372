//! Due dates that are damaged or lost. A key's own record says when it is due, so its date can be made anew: without
//! one, a key would silently stop rotating.

use claviger_model::Key;
use claviger_vault::{Cursor, Due, Record, Stored};

use crate::error::ServiceError;
use crate::keys::list::SCAN_STEP;
use crate::service::Service;

impl Service {
    /// Puts right what lies at the path of a due date and does not open. Blocks, as all below.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn mend_due_date(&self, path: &str) -> Result<(), ServiceError> {
        // A path that names no key was damaged itself; the keys' own dates are looked for by the check.
        let Some(due) = Due::of_path(path) else { return Ok(()) };
        let stored = match self.vault.get::<Key>(&due.key) {
            Ok(Some(stored)) => stored,
            Ok(None) => return self.drop_due_date(&due),
            // Nothing is known of this key until it is restored.
            Err(error) if error.is_unreadable() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.restore_due_date(&stored)?;
        if stored.record.due() == Some(due.at) { Ok(()) } else { self.drop_due_date(&due) }
    }

    /// Looks whether every key's due date is there, and writes those that are not. How many were written.
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

    /// Writes the due date of this key if it is not there. Whether it was written.
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
        // Somebody who changed the key meanwhile has written its date.
        let change = self.vault.change().require(stored).put(&due)?;
        self.commit_unaudited(change, "the key itself says this date")?;
        tracing::warn!(key = %key.id, "the due date of a key was lost or damaged; it was written again from the key's record");
        Ok(true)
    }

    fn drop_due_date(&self, due: &Due) -> Result<(), ServiceError> {
        self.commit_unaudited(self.vault.change().delete(due), "a date that no key says").map(drop)
    }
}
