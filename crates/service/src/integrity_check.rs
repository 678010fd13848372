//! The check: everything that is stored is read, so that damage is known before somebody needs what is damaged, and what
//! can be put right is.
//!
//! It runs beside the service and takes nothing from it: it reads in steps, and the first step waits until the start is over.

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
    /// Reads the store's files and every record, and writes due dates and needed records that are lost. Blocks, however long it takes.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_everything(&self) -> Result<(), ServiceError> {
        // What the file has lost is told by the vault's report; the records that are left are looked at all the same.
        if let Err(error) = self.vault.check_files() {
            tracing::error!(%error, "the store's file is damaged");
        }
        // First, so that what has a sound copy does not count.
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

    /// Checks for ever, a day apart.
    pub async fn keep_checking(self: Arc<Self>) {
        tokio::time::sleep(FIRST).await;
        loop {
            if let Err(error) = self.blocking(Self::check_everything).await {
                tracing::error!(%error, "not all that is stored could be checked; trying again tomorrow");
            }
            tokio::time::sleep(WAIT).await;
        }
    }
}
