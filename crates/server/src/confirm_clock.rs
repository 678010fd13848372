//! An operator's word that the machine's clock is right, given while the server is stopped.

use std::path::Path;

use claviger_base::{Clock, Timestamp};
use claviger_model::{Hold, Instance, TrustedTime};
use claviger_vault::{Audit, Vault, VaultError};

use crate::error::StartError;
use crate::stopped_vault;

/// What a stopped server believes, and what the clock says.
pub struct StoppedClock {
    vault: Vault,
    clock: Clock,
    /// The time by which keys are destroyed; when the instance was made, where the store has none yet.
    pub trusted: Timestamp,
    /// What the clock says.
    pub now: Timestamp,
    /// Why a server that starts now holds destruction back.
    pub hold: Option<Hold>,
}

impl std::fmt::Debug for StoppedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoppedClock").field("trusted", &self.trusted).field("now", &self.now).finish_non_exhaustive()
    }
}

impl StoppedClock {
    /// Opens the store of a stopped server.
    ///
    /// # Errors
    /// [`StartError`]; also when the server runs.
    pub fn open(data_dir: &Path, root_key_file: &Path) -> Result<Self, StartError> {
        let vault = stopped_vault::open(data_dir, root_key_file)?;
        let time = match vault.single::<TrustedTime>() {
            Ok(Some(stored)) => stored.record,
            Ok(None) | Err(VaultError::Unreadable { .. }) => {
                TrustedTime::starting_at(vault.single::<Instance>()?.ok_or(VaultError::Empty)?.record.created)
            }
            Err(error) => return Err(error.into()),
        };
        let clock = Clock::default();
        let now = clock.real_now();
        Ok(Self { vault, clock, trusted: time.reached(), now, hold: time.hold(now) })
    }

    /// Takes what the clock says now for true. The next start makes an audit record of it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn confirm(self) -> Result<Timestamp, StartError> {
        let now = self.clock.real_now();
        let change = self.vault.change().put(&TrustedTime::confirmed_at(now))?;
        change.commit(Audit::NoRecord("the next start records it"))?;
        Ok(now)
    }
}
