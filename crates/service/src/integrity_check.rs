//! The daily integrity check: reads everything that is stored, so that damage is found before a request meets it, and repairs
//! what can be repaired.
//!
//! It runs in the background in small steps, and begins only when the start is over.

use std::sync::Arc;
use std::time::Duration;

use claviger_vault::Cursor;

use crate::error::ServiceError;
use crate::service::Service;

/// Records in one step.
const STEP: usize = 200;
/// Wait after the start.
const FIRST: Duration = Duration::from_secs(5);
/// Wait between checks.
const WAIT: Duration = Duration::from_secs(24 * 3600);

impl Service {
    /// Reads the store's files and every record; restores lost or damaged due dates and the records without which a start
    /// fails. Blocks, for as long as it takes.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_everything(&self) -> Result<(), ServiceError> {
        // The vault's report says what the file has lost. The records that are left are still checked.
        if let Err(error) = self.vault.check_files() {
            tracing::error!(%error, "the store's file is damaged");
        }
        // Checked first, so that a record that is restored from its copy does not count as damaged.
        if let Err(error) = self.vault.check_essential() {
            tracing::error!(%error, "not all records that a start needs could be checked or restored; trying again tomorrow");
        }
        let mut after: Option<Cursor> = None;
        loop {
            after = self.vault.check_records(after.as_ref(), STEP)?;
            if after.is_none() {
                break;
            }
        }
        self.restore_due_dates().map(drop)
    }

    /// Runs the check once a day. Never returns.
    pub async fn keep_checking(self: Arc<Self>) {
        tokio::time::sleep(FIRST).await;
        loop {
            if let Err(error) = self.blocking(Self::check_everything).await {
                tracing::error!(%error, "not everything that is stored could be checked; trying again tomorrow");
            }
            tokio::time::sleep(WAIT).await;
        }
    }
}
