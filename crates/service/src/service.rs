//! [`Service`]: the state that all operations share. The operations themselves are `impl Service` blocks in the files of
//! their resources.

use std::sync::Arc;

use claviger_base::Clock;
use claviger_keygen::{Figures as PairFigures, Generator};
use claviger_model::Instance;
use claviger_vault::{DamageReport, Vault, VaultError};

use crate::access::Access;
use crate::admission::PairLimiter;
use crate::caches::Caches;
use crate::config::{Config, UsePolicy};
use crate::cpu_limiter::CpuLimiter;
use crate::error::ServiceError;
use crate::iv_ledger::IvLedger;
use crate::key_ref::{ArnPolicy, KeyRef};
use crate::outbox::Outbox;
use crate::trusted_clock::TrustedClock;

/// One instance of the key management service.
#[derive(Debug)]
pub struct Service {
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Clock,
    pub(crate) trusted: TrustedClock,
    pub(crate) generator: Generator,
    pub(crate) pair_limiter: PairLimiter,
    pub(crate) instance: Instance,
    pub(crate) use_policy: UsePolicy,
    pub(crate) iv_ledger: IvLedger,
    pub(crate) outbox: Outbox,
    pub(crate) caches: Arc<Caches>,
    arns: ArnPolicy,
    cpu_limiter: CpuLimiter,
    access: Access,
}

impl Service {
    /// The service over an opened vault that [`crate::first_start`] has initialised.
    ///
    /// # Errors
    /// When the vault cannot be read, or [`VaultError::Empty`] when it was never initialised.
    pub fn new(vault: Arc<Vault>, clock: Clock, generator: Generator, config: Config) -> Result<Self, ServiceError> {
        let instance = vault.single::<Instance>()?.ok_or(VaultError::Empty)?.record;
        let caches = Arc::new(Caches::new(Arc::clone(&vault), config.cache_entries));
        Ok(Self {
            trusted: TrustedClock::load(Arc::clone(&vault), clock.clone(), &instance)?,
            access: Access::new(Arc::clone(&caches), clock.clone()),
            iv_ledger: IvLedger::new(Arc::clone(&vault), config.iv_limits),
            use_policy: config.use_policy,
            outbox: Outbox::default(),
            arns: ArnPolicy::new(instance.account.clone(), config.arn_accounts),
            cpu_limiter: CpuLimiter::default(),
            pair_limiter: PairLimiter::new(config.pair_concurrency),
            caches,
            vault,
            clock,
            generator,
            instance,
        })
    }

    /// Authentication of callers, and their rights.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Business time and real time.
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
        self.pair_limiter.in_flight()
    }

    /// What the pair generator has done and has in stock.
    #[must_use]
    pub fn pair_figures(&self) -> PairFigures {
        self.generator.figures()
    }

    /// How many of the key versions used since the start have passed half of the encryptions that they may make.
    #[must_use]
    pub fn key_versions_past_half(&self) -> u64 {
        self.iv_ledger.past_half()
    }

    /// Reads a `KeyId` parameter, and counts it if it is the ARN of another account.
    ///
    /// # Errors
    /// [`ServiceError::MissingParameter`] when empty; [`ServiceError::AliasNotFound`] or [`ServiceError::KeyNotFound`]
    /// when no key of this instance can have that name.
    pub fn key_ref(&self, text: &str) -> Result<KeyRef, ServiceError> {
        let (key, is_foreign) = self.arns.parse(text)?;
        if is_foreign {
            self.arns.count_foreign();
        }
        Ok(key)
    }

    /// Like [`Service::key_ref`], but without counting, for a parameter that was read before.
    ///
    /// # Errors
    /// See [`Service::key_ref`].
    pub fn key_ref_uncounted(&self, text: &str) -> Result<KeyRef, ServiceError> {
        self.arns.parse(text).map(|(key, _is_foreign)| key)
    }

    /// How many ARNs of other accounts were accepted as names of keys of this instance since the start.
    #[must_use]
    pub fn foreign_arns(&self) -> u64 {
        self.arns.foreign()
    }

    /// Checks that the store takes reads and writes: reads the instance's record and writes it back unchanged.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_store(&self) -> Result<(), ServiceError> {
        let change = match self.vault.single::<Instance>() {
            Ok(stored) => {
                let stored = stored.ok_or(ServiceError::Bug("the instance record is gone"))?;
                self.vault.change().update(&stored, &stored.record)?
            }
            // The record was damaged after the start had read it. It is written again, because the next start would fail
            // without it.
            Err(error) if error.is_unreadable() => self.vault.change().put(&self.instance)?,
            Err(error) => return Err(error.into()),
        };
        // A conflict means that another check has just written it.
        self.commit_unaudited(change, "nothing changes").map(drop)
    }

    /// The damage to the store that has been found so far. Reads nothing.
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

    /// Runs long arithmetic on a blocking thread when its turn comes. If the returned future is dropped before that, the
    /// work never starts.
    ///
    /// # Errors
    /// [`ServiceError::TooManyWaiting`], at once.
    pub(crate) async fn run_cpu_bound<T, F>(&self, work: F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.cpu_limiter.run(work).await
    }
}
