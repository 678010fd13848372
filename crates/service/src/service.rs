//! The service: what every operation works with, and the reads that more than one of them shares.

use std::num::NonZeroUsize;
use std::sync::Arc;

use claviger_base::Clock;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_keygen::{Figures as PairFigures, Generator};
use claviger_model::{Instance, Key, KeyAction, KeyState, Target};
use claviger_vault::{DamageReport, Vault};

use crate::access::{Access, Rights};
use crate::admission::{PairConcurrency, PairGate};
use crate::caches::Caches;
use crate::cpu_limiter::SlowPlaces;
use crate::error::ServiceError;
use crate::iv_ledger::{IvLedger, IvLimits};
use crate::key_material::UnsealedVersion;
use crate::key_ref::{ArnAccounts, ArnPolicy, KeyRef};
use crate::outbox::Outbox;
use crate::trusted_clock::TrustedClock;

/// What an operator may choose.
#[derive(Debug, Clone)]
pub struct Config {
    /// How many data key pair requests may be in flight at once.
    pub pair_concurrency: PairConcurrency,
    /// How many keys, aliases, versions and client keys (each) are kept unsealed in memory.
    pub cache_entries: NonZeroUsize,
    /// What the operator denies beyond the API.
    pub use_policy: UsePolicy,
    /// How much one key version may seal.
    pub iv_limits: IvLimits,
    /// Whose ARNs name keys here, beside those of this instance's account.
    pub arn_accounts: ArnAccounts,
}

/// What an operator may deny beyond the API: both are hazards that the API allows. Off unless switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsePolicy {
    /// Refuse `Encrypt`, `GenerateDataKey` and the basic pair operations on a key that rotates: they use its first
    /// version for ever, so rotation has no effect on them.
    pub deny_basic_operations_on_rotating_keys: bool,
    /// Refuse an `Iv` in `Encrypt` and `AdvanceEncrypt`: one that repeats breaks GCM for everything under the key.
    pub deny_caller_supplied_iv: bool,
}

impl Default for Config {
    fn default() -> Self {
        let cache_entries = NonZeroUsize::new(10_000).unwrap_or(NonZeroUsize::MIN);
        Self {
            pair_concurrency: PairConcurrency::AtMost(1),
            cache_entries,
            use_policy: UsePolicy::default(),
            iv_limits: IvLimits::default(),
            arn_accounts: ArnAccounts::default(),
        }
    }
}

/// One instance of the key management service.
#[derive(Debug)]
pub struct Service {
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Clock,
    pub(crate) trusted: TrustedClock,
    pub(crate) generator: Generator,
    pub(crate) gate: PairGate,
    pub(crate) instance: Instance,
    pub(crate) use_policy: UsePolicy,
    pub(crate) iv_ledger: IvLedger,
    pub(crate) outbox: Outbox,
    arns: ArnPolicy,
    slow_places: SlowPlaces,
    access: Access,
    pub(crate) caches: Arc<Caches>,
}

impl Service {
    /// The service over an opened vault that [`crate::first_start`] has furnished.
    ///
    /// # Errors
    /// When the vault cannot be read or was never furnished.
    pub fn new(vault: Arc<Vault>, clock: Clock, generator: Generator, config: Config) -> Result<Self, ServiceError> {
        let instance = vault.single::<Instance>()?.ok_or(claviger_vault::VaultError::Empty)?.record;
        let caches = Arc::new(Caches::new(Arc::clone(&vault), config.cache_entries));
        Ok(Self {
            trusted: TrustedClock::load(Arc::clone(&vault), clock.clone(), &instance)?,
            access: Access::new(Arc::clone(&caches), clock.clone()),
            iv_ledger: IvLedger::new(Arc::clone(&vault), config.iv_limits),
            use_policy: config.use_policy,
            outbox: Outbox::default(),
            arns: ArnPolicy::new(instance.account.clone(), config.arn_accounts),
            slow_places: SlowPlaces::default(),
            vault,
            clock,
            generator,
            gate: PairGate::new(config.pair_concurrency),
            instance,
            caches,
        })
    }

    /// Who may call.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The two clocks.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The instance.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// How many data key pair requests are in flight.
    #[must_use]
    pub fn pairs_in_flight(&self) -> usize {
        self.gate.in_flight()
    }

    /// What the pair generator has done and has ready.
    #[must_use]
    pub fn pair_figures(&self) -> PairFigures {
        self.generator.figures()
    }

    /// How many key versions were seen past half of the encryptions they may make, since the start.
    #[must_use]
    pub fn key_versions_past_half(&self) -> u64 {
        self.iv_ledger.past_half()
    }

    /// Reads a parameter `KeyId`, and counts the ARN of another account that is taken.
    ///
    /// # Errors
    /// [`ServiceError::MissingParameter`] when empty; [`ServiceError::AliasNotFound`] or [`ServiceError::KeyNotFound`]
    /// when no key of this instance can have that name.
    pub fn key_ref(&self, text: &str) -> Result<KeyRef, ServiceError> {
        let (key, is_foreign) = self.arns.read(text)?;
        if is_foreign {
            self.arns.count_foreign();
        }
        Ok(key)
    }

    /// The same without counting, for who reads a parameter again.
    ///
    /// # Errors
    /// See [`Service::key_ref`].
    pub fn key_ref_again(&self, text: &str) -> Result<KeyRef, ServiceError> {
        self.arns.read(text).map(|(key, _is_foreign)| key)
    }

    /// How many ARNs of other accounts were taken for keys of this instance, since the start.
    #[must_use]
    pub fn foreign_arns(&self) -> u64 {
        self.arns.foreign()
    }

    /// Whether the store answers.
    ///
    /// It must take writes, too: the instance's own record is read and written anew, unchanged.
    ///
    /// # Errors
    /// When it does not.
    pub fn check_store(&self) -> Result<(), ServiceError> {
        let change = match self.vault.single::<Instance>() {
            Ok(stored) => {
                let stored = stored.ok_or(ServiceError::Bug("the instance record is gone"))?;
                self.vault.change().update(&stored, &stored.record)?
            }
            // Damaged while the server runs, which knows what it said: without it there would be no next start.
            Err(error) if error.is_unreadable() => self.vault.change().put(&self.instance)?,
            Err(error) => return Err(error.into()),
        };
        // A conflict means that another check has just written it.
        self.commit_unaudited(change, "nothing changes").map(drop)
    }

    /// What is damaged in the store, as far as it was met; costs nothing.
    #[must_use]
    pub fn damage(&self) -> DamageReport {
        self.vault.damage()
    }

    /// Runs `work`, which may block on the store, on a blocking thread.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn blocking<T, F>(self: &Arc<Self>, work: F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, ServiceError> + Send + 'static,
    {
        let service = Arc::clone(self);
        let working = tokio::task::spawn_blocking(move || work(&service));
        working.await.map_err(|_panicked| ServiceError::Bug("a blocking operation panicked"))?
    }

    /// Runs arithmetic that takes long where it holds nobody up. Dropped before its turn came, the work never begins.
    ///
    /// # Errors
    /// [`ServiceError::TooManyWaiting`], at once.
    pub(crate) async fn slowly<T, F>(&self, work: F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.slow_places.run(work).await
    }

    /// The key that `key` names, if `rights` and then its state allow cryptographic use (instance-api 2).
    pub(crate) async fn usable_key(&self, key: &KeyRef, rights: &Rights) -> Result<Arc<Key>, ServiceError> {
        let found = self.key(key).await?;
        rights.require(Target::Key(&found.id)).map_err(|refusal| named_as(refusal, key))?;
        found.state.allows(KeyAction::Use)?;
        Ok(found)
    }

    /// The key that `key` names. One whose pending window is over counts as destroyed.
    pub(crate) async fn key(&self, key: &KeyRef) -> Result<Arc<Key>, ServiceError> {
        let id = self.key_id(key).await?;
        let found = self.caches.key(&id).await?.ok_or(ServiceError::KeyNotFound)?;
        self.refuse_destroyed(&found)?;
        Ok(found)
    }

    /// A key whose pending window is over counts as destroyed, until it is and after every restart.
    ///
    /// # Errors
    /// [`ServiceError::KeyNotFound`].
    pub(crate) fn refuse_destroyed(&self, key: &Key) -> Result<(), ServiceError> {
        let is_gone = key.state == KeyState::PendingDeletion && key.is_destruction_due_at(self.trusted.now());
        if is_gone { Err(ServiceError::KeyNotFound) } else { Ok(()) }
    }

    /// The id of the key that `key` names, whether there is such a key or not.
    ///
    /// # Errors
    /// [`ServiceError::AliasNotFound`].
    pub async fn key_id(&self, key: &KeyRef) -> Result<KeyId, ServiceError> {
        match key {
            KeyRef::Id(id) => Ok(id.clone()),
            KeyRef::Alias(name) => {
                let key = self.caches.key_of_alias(name).await?.ok_or(ServiceError::AliasNotFound)?;
                Ok(key.as_ref().clone())
            }
        }
    }

    /// The key version `id`, unsealed; `None` when there is none.
    pub(crate) async fn key_version(&self, id: &KeyVersionId) -> Result<Option<Arc<UnsealedVersion>>, ServiceError> {
        self.caches.key_version(id).await
    }
}

/// A refusal names what the caller wrote: which key an alias means is not told to who may not use it.
fn named_as(refusal: ServiceError, key: &KeyRef) -> ServiceError {
    match (refusal, key) {
        (ServiceError::NoPermission(_id), KeyRef::Alias(name)) => ServiceError::NoPermission(name.to_string()),
        (refusal, KeyRef::Id(_) | KeyRef::Alias(_)) => refusal,
    }
}
