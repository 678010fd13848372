//! Confirms the clock of the machine while the server is stopped: `claviger clock confirm`.

use std::path::Path;

use claviger_base::{Clock, Timestamp};
use claviger_model::{Hold, Instance, TrustedTime};
use claviger_vault::{Audit, Vault, VaultError};

use crate::error::StartError;
use crate::stopped_vault;

/// The trusted time of a stopped server and the clock of the machine.
pub struct StoppedClock {
    vault: Vault,
    clock: Clock,
    /// The time by which keys are destroyed; the creation time of the instance if the store has no trusted time.
    pub trusted: Timestamp,
    /// The time on the clock.
    pub now: Timestamp,
    /// Why a server that starts now suspends the destruction of keys.
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
    /// [`StartError`]; also when a server has the store open.
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

    /// Sets the trusted time to the clock. The next start writes an audit record of this.
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
