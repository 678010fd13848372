//! Assembling: the one file that knows every room. Options in, a running server out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use claviger_base::{Clock, Timestamp};
use claviger_keygen::Generator;
use claviger_model::{Instance, KeySpec};
use claviger_service::{ArnAccounts, CreateKey, Intent, KeyRef, PairConcurrency, Service, UsePolicy, dev_alias};
use claviger_store::SqliteEngine;
use claviger_vault::{DevClock, Stored, TlsAuthority, Vault, VaultError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::admin::Admin;
use crate::audit_log;
use crate::body::Bodies;
use crate::connections::Limits;
use crate::error::StartError;
use crate::expiry::{self, CertificateEnds, authority_ends};
use crate::first_start::{furnish, open_vault};
use crate::handout;
use crate::journal::Journal;
use crate::listen::{Listening, bind, serve};
use crate::metrics::Metrics;
use crate::places;
use crate::plane::Planes;
use crate::scheduler;
use crate::tls::{self, Accepting};
use crate::unverified::Budget;

/// Connections on the loopback listener; scrapers and probes need no more.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// How a server is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the store, the audit log and the handed-out files lie.
    pub data_dir: PathBuf,
    /// The root key file.
    pub root_key_file: PathBuf,
    /// Where both planes answer; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where health and metrics answer: on the loopback interface unless `admin_allow_remote`.
    pub admin: SocketAddr,
    /// Whether `admin` may be elsewhere; then it shows metrics and health only.
    pub admin_allow_remote: bool,
    /// Names and addresses in the server certificate, beside localhost, 127.0.0.1 and ::1.
    pub hostnames: Vec<String>,
    /// Data key pair requests in flight at once.
    pub pair_concurrency: PairConcurrency,
    /// How pairs are made and how many are kept ready.
    pub keygen: claviger_keygen::Config,
    /// What the operator denies beyond the API.
    pub use_policy: UsePolicy,
    /// Whose ARNs name keys here, beside those of this instance's account.
    pub arn_accounts: ArnAccounts,
    /// Whether HTTP/2 is offered beside HTTP/1.1. Its library keeps what it copied of an answer (docs/security.md).
    pub offers_http2: bool,
    /// Connections at once.
    pub connections_max: usize,
    /// Connections at once from one source: an IPv4 address, or 64 bits of an IPv6 one.
    pub connections_per_source: usize,
    /// Bytes of an audit segment.
    pub audit_segment_bytes: u64,
    /// `dev`: make what is missing on the first start, serve the clock, keep the root key beside the data.
    pub is_dev: bool,
}

/// A server that is bound but does not answer yet.
pub struct Server {
    vault: Arc<Vault>,
    service: Arc<Service>,
    journal: Arc<Journal>,
    metrics: Arc<Metrics>,
    tls: TlsAcceptor,
    ends: CertificateEnds,
    listener: TcpListener,
    admin_listener: TcpListener,
    options: Options,
}

/// A future of this crate: boxed, it is compiled here, once, and not again in every program that awaits it.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens everything and binds both listeners.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: Options) -> Boxed<Result<Self, StartError>> {
        Box::pin(Self::start_under(options, Clock::default()))
    }

    /// [`Self::start`] under a clock that a test moves.
    pub(crate) async fn start_under(options: Options, clock: Clock) -> Result<Self, StartError> {
        check_addresses(&options)?;
        check_clock(clock.real_now())?;
        places::check(&options.data_dir, &options.root_key_file, options.is_dev)?;
        if let Some(readable) = places::check_files(&options.data_dir, &options.root_key_file)? {
            tracing::warn!("{readable}");
        }
        // A first start that cannot listen leaves no instance behind whose credentials nobody was told of.
        let is_first = options.is_dev && !SqliteEngine::exists(&options.data_dir);
        let early = if is_first { Some(Listeners::bind(&options)?) } else { None };
        let opening = options.clone();
        let opened = tokio::task::spawn_blocking(move || Opened::open(&opening, &clock)).await;
        let opened = opened.map_err(|_panicked| StartError::Tls("opening the instance panicked".to_owned()))??;
        let Listeners { listener, admin_listener } = early.map_or_else(|| Listeners::bind(&options), Ok)?;
        let Opened { vault, service, journal, metrics, tls, ends } = opened;
        Ok(Self { service, vault, journal, metrics, tls, ends, listener, admin_listener, options })
    }

    /// Where both planes answer.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> Result<SocketAddr, StartError> {
        self.listener.local_addr().map_err(StartError::Listen)
    }

    /// Where the loopback listener answers.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn admin_address(&self) -> Result<SocketAddr, StartError> {
        self.admin_listener.local_addr().map_err(StartError::Listen)
    }

    /// The service, and one pass over what is due, which waits for the audit log: for runtimes of several threads.
    #[cfg(test)]
    pub(crate) fn under_test(&self) -> (Arc<Service>, impl Fn() + Send + use<>) {
        let (service, journal) = (Arc::clone(&self.service), Arc::clone(&self.journal));
        (Arc::clone(&self.service), move || tokio::task::block_in_place(|| scheduler::pass(&service, &journal)))
    }

    /// The instance that is served.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.service.instance()
    }

    /// Answers until `stop` completes, then finishes what is in flight.
    pub fn run(self, stop: Boxed<()>) -> Boxed<()> {
        Box::pin(self.run_until(stop))
    }

    async fn run_until(self, stop: Boxed<()>) {
        let (stopping, stopped) = watch::channel(false);
        let (evicted, refused) = (&self.metrics.unverified_evicted, &self.metrics.unverified_refused);
        let unverified = Budget::new(evicted.clone(), refused.clone());
        let planes = Arc::new(Planes {
            service: Arc::clone(&self.service),
            journal: Arc::clone(&self.journal),
            bodies: Bodies::default(),
        });
        let admin = Arc::new(Admin {
            service: Arc::clone(&self.service),
            journal: Arc::clone(&self.journal),
            readiness: Arc::default(),
            // A listener knows where it listens; where it does not, no address but loopback is its own.
            bound: self.admin_listener.local_addr().unwrap_or(self.options.admin).ip(),
            has_clock: self.options.is_dev,
            is_remote: !self.options.admin.ip().is_loopback(),
        });
        let (journal, at_the_end) = (Arc::clone(&self.journal), Arc::clone(&self.journal));
        let passing = tokio::spawn(
            Arc::clone(&self.service).schedule(move |service: &Service| scheduler::pass(service, &journal)),
        );
        let (vault, journal) = (Arc::clone(&self.vault), Arc::clone(&self.journal));
        let anchoring = tokio::spawn(audit_log::keep_anchor(Arc::clone(&vault), Arc::clone(&journal)));
        let watching = tokio::spawn(expiry::watch(Arc::clone(&self.service), Arc::clone(&self.metrics), self.ends));
        let with = Listening {
            answer: planes,
            metrics: Arc::clone(&self.metrics),
            limits: Limits::new(self.options.connections_max, self.options.connections_per_source),
            unverified: unverified.clone(),
            tls: Some(self.tls),
        };
        let serving = tokio::spawn(serve(self.listener, with, stopped.clone()));
        let limits = Limits::new(ADMIN_CONNECTIONS_MAX, ADMIN_CONNECTIONS_MAX);
        let checking = tokio::spawn(Arc::clone(&self.service).keep_checking());
        let metrics = Arc::clone(&self.metrics);
        let with = Listening { answer: admin, metrics, limits, unverified, tls: None };
        let admin = tokio::spawn(serve(self.admin_listener, with, stopped));
        stop.await;
        passing.abort();
        watching.abort();
        checking.abort();
        // Both receivers live in the tasks above.
        let _no_receivers = stopping.send(true);
        let _ended = tokio::join!(serving, admin);
        anchoring.abort();
        let stored = self.service.blocking(Service::store_trusted_time).await;
        if let Err(error) = stored {
            tracing::warn!(%error, "the trusted time could not be stored at the stop; the last minute counts as not seen");
        }
        // So that the next start finds the outbox empty; where this fails, that start does it.
        let delivering = move || {
            at_the_end.deliver();
            audit_log::note_anchor(&vault, &journal);
        };
        let _panicked = tokio::task::spawn_blocking(delivering).await;
    }
}

/// Where a server answers.
struct Listeners {
    listener: TcpListener,
    admin_listener: TcpListener,
}

impl Listeners {
    fn bind(options: &Options) -> Result<Self, StartError> {
        let listener = bind(options.listen).map_err(StartError::Listen)?;
        let admin_listener = bind(options.admin).map_err(StartError::Listen)?;
        Ok(Self { listener, admin_listener })
    }
}

/// What is opened before the server answers.
struct Opened {
    vault: Arc<Vault>,
    service: Arc<Service>,
    journal: Arc<Journal>,
    metrics: Arc<Metrics>,
    tls: TlsAcceptor,
    ends: CertificateEnds,
}

impl Opened {
    fn open(options: &Options, clock: &Clock) -> Result<Self, StartError> {
        let is_new = options.is_dev && !SqliteEngine::exists(&options.data_dir);
        if !is_new && !SqliteEngine::exists(&options.data_dir) {
            return Err(StartError::NoData(options.data_dir.clone()));
        }
        let vault = Arc::new(open_vault(&options.data_dir, &options.root_key_file)?);
        vault.repair_essential()?;
        // A moved clock belongs to dev; serving with one would give wrong dates.
        let moved = if options.is_dev { unless_damaged(vault.single::<DevClock>())? } else { None };
        if let Some(stored) = moved {
            clock.set_offset_ms(stored.record.offset_ms);
        }
        let is_unfurnished = vault.single::<Instance>()?.is_none();
        if is_unfurnished && !options.is_dev {
            return Err(StartError::NoData(options.data_dir.clone()));
        }
        if is_unfurnished {
            furnish(&vault, clock, &options.data_dir, &options.data_dir)?;
        }
        let generator = start_generator(options)?;
        let config = claviger_service::Config {
            pair_concurrency: options.pair_concurrency,
            use_policy: options.use_policy,
            arn_accounts: options.arn_accounts.clone(),
            ..claviger_service::Config::default()
        };
        let service = Arc::new(Service::new(Arc::clone(&vault), clock.clone(), generator, config)?);
        let authority = vault.single::<TlsAuthority>()?.ok_or(VaultError::Empty)?.record;
        handout::restore_ca(&options.data_dir, &authority.certificate_pem)?;
        let Accepting { acceptor: tls, certificate_ends } =
            tls::acceptor(&authority, service.instance(), &options.hostnames, options.offers_http2, clock)?;
        let place = audit_log::Place {
            dir: options.data_dir.join("audit"),
            instance: service.instance().id.clone(),
            segment_bytes: options.audit_segment_bytes,
            clock: clock.clone(),
        };
        let log = audit_log::open(&vault, place)?;
        let metrics = Arc::new(Metrics::new(Arc::clone(&service)));
        let journal = Arc::new(Journal::new(log, Arc::clone(&metrics), clock.clone(), Arc::clone(&service)));
        // Before anything else is changed or served.
        journal.recover_outbox(&options.data_dir.join("audit"))?;
        if options.is_dev {
            make_dev_key(&service)?;
        }
        // What became due while the server was down is done before the first request is answered.
        scheduler::pass(&service, &journal);
        let ends = CertificateEnds { server: certificate_ends, authority: authority_ends(&authority) };
        Ok(Self { vault, service, journal, metrics, tls, ends })
    }
}

/// A clock before 2020 or in another century is a broken one, under which every key would rotate, and no certificate
/// or date could be written. A smaller jump is what the trusted time is for.
/// Whether both listeners may be where they are to be.
pub(crate) fn check_addresses(options: &Options) -> Result<(), StartError> {
    if !options.admin.ip().is_loopback() && !options.admin_allow_remote {
        return Err(StartError::AdminNotLoopback(options.admin));
    }
    // Port 0 is one that the system chooses, each time another.
    let is_one = options.admin == options.listen && options.listen.port() != 0;
    if is_one { Err(StartError::OneAddress(options.listen)) } else { Ok(()) }
}

fn check_clock(now: Timestamp) -> Result<(), StartError> {
    const PLAUSIBLE: std::ops::Range<i64> = 1_577_836_800..4_102_444_800; // 2020-01-01 to 2100-01-01
    if PLAUSIBLE.contains(&now.unix_s()) { Ok(()) } else { Err(StartError::Clock(now)) }
}

/// `dev` goes on without a moved clock that is damaged: the vault tells of it, and moving the clock writes it anew.
fn unless_damaged<R>(read: Result<Option<Stored<R>>, VaultError>) -> Result<Option<Stored<R>>, VaultError> {
    match read {
        Err(error) if error.is_unreadable() => Ok(None),
        read => read,
    }
}

fn start_generator(options: &Options) -> Result<Generator, StartError> {
    let generator = Generator::start(options.keygen)?;
    if !generator.figures().is_locked {
        tracing::warn!(
            "the stock of key pairs could not be locked in memory and may be written to swap space; raise the limit \
             (ulimit -l, LimitMEMLOCK=), make the stock smaller, or use encrypted swap or none"
        );
    }
    Ok(generator)
}

/// `dev` has a key to begin with: `alias/dev`.
fn make_dev_key(service: &Service) -> Result<(), StartError> {
    let alias = dev_alias()?;
    let page = claviger_service::PageRequest { number: 1, size: 1 };
    let keys = service.list_keys(&claviger_service::KeyFilter::default(), page)?;
    if keys.total + keys.unreadable > 0 {
        return Ok(());
    }
    let request = CreateKey {
        spec: KeySpec::AliyunAes256,
        usage: None,
        description: "made by claviger dev on its first start".to_owned(),
        rotation_interval: None,
        creator: "claviger".to_owned(),
    };
    let key = service.create_key(request, &Intent::local("CreateKey")?)?;
    service.create_alias(&alias, &KeyRef::Id(key.id), &Intent::local("CreateAlias")?)?;
    Ok(())
}
