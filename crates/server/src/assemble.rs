//! Assembling: the one file that knows every room. Options in, a running server out.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claviger_audit::AuditLog;
use claviger_base::Clock;
use claviger_base::id::InstanceId;
use claviger_keygen::Generator;
use claviger_model::KeySpec;
use claviger_service::{ArnAccounts, CreateKey, KeyRef, PairConcurrency, Service, UsePolicy, dev_alias, first_start};
use claviger_store::SqliteEngine;
use claviger_vault::{AuditSigningKey, FileSeal, InstanceRecord, Vault, VaultError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::admin::Admin;
use crate::body::Bodies;
use crate::error::StartError;
use crate::handout;
use crate::journal::Journal;
use crate::listen::{bind, serve};
use crate::metrics::Metrics;
use crate::plane::Planes;
use crate::scheduler;
use crate::tls;

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
    /// The loopback listener.
    pub admin: SocketAddr,
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
    /// Bytes of an audit segment.
    pub audit_segment_bytes: u64,
    /// `dev`: make what is missing on the first start, serve the clock, keep the root key beside the data.
    pub is_dev: bool,
}

/// A server that is bound but does not answer yet.
pub struct Server {
    service: Arc<Service>,
    vault: Arc<Vault>,
    journal: Arc<Journal>,
    metrics: Arc<Metrics>,
    tls: TlsAcceptor,
    listener: TcpListener,
    admin_listener: TcpListener,
    options: Options,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Makes a new instance: root key, store, certificate authority, first client key and access key, and their files.
///
/// # Errors
/// [`StartError`]; a directory that holds an instance already is not touched.
pub fn initialise(data_dir: &Path, root_key_file: &Path) -> Result<InstanceId, StartError> {
    refuse_root_key_beside_data(data_dir, root_key_file)?;
    let vault = open_vault(data_dir, root_key_file)?;
    if vault.instance()?.is_some() {
        return Err(VaultError::NotEmpty.into());
    }
    Ok(furnish(&vault, &Clock::default(), data_dir)?.id)
}

impl Server {
    /// Opens everything and binds both listeners.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !options.admin.ip().is_loopback() {
            return Err(StartError::AdminNotLoopback(options.admin));
        }
        if !options.is_dev {
            refuse_root_key_beside_data(&options.data_dir, &options.root_key_file)?;
        }
        let opening = options.clone();
        let opened = tokio::task::spawn_blocking(move || Opened::open(&opening)).await;
        let opened = opened.map_err(|_panicked| StartError::Tls("opening the instance panicked".to_owned()))??;
        let listener = bind(options.listen).await.map_err(StartError::Listen)?;
        let admin_listener = bind(options.admin).await.map_err(StartError::Listen)?;
        let Opened { vault, service, journal, metrics, tls } = opened;
        Ok(Self { service, vault, journal, metrics, tls, listener, admin_listener, options })
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

    /// The instance that is served.
    #[must_use]
    pub fn instance(&self) -> &InstanceRecord {
        self.service.instance()
    }

    /// Answers until `stop` completes, then finishes what is in flight.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let planes = Arc::new(Planes {
            service: Arc::clone(&self.service),
            journal: Arc::clone(&self.journal),
            bodies: Bodies::default(),
        });
        let admin = Arc::new(Admin {
            service: Arc::clone(&self.service),
            vault: Arc::clone(&self.vault),
            journal: Arc::clone(&self.journal),
            readiness: Arc::default(),
            has_clock: self.options.is_dev,
        });
        let journal = Arc::clone(&self.journal);
        let passing = tokio::spawn(
            Arc::clone(&self.service).schedule(move |service: &Service| scheduler::pass(service, &journal)),
        );
        let connections = self.options.connections_max;
        let metrics = Arc::clone(&self.metrics);
        let serving = tokio::spawn(serve(self.listener, Some(self.tls), planes, metrics, connections, stopped.clone()));
        let metrics = Arc::clone(&self.metrics);
        let admin = tokio::spawn(serve(self.admin_listener, None, admin, metrics, ADMIN_CONNECTIONS_MAX, stopped));
        stop.await;
        passing.abort();
        // Both receivers live in the tasks above.
        let _no_receivers = stopping.send(true);
        let _ended = tokio::join!(serving, admin);
    }
}

/// What is opened before a listener is bound.
struct Opened {
    vault: Arc<Vault>,
    service: Arc<Service>,
    journal: Arc<Journal>,
    metrics: Arc<Metrics>,
    tls: TlsAcceptor,
}

impl Opened {
    fn open(options: &Options) -> Result<Self, StartError> {
        let is_new = options.is_dev && !SqliteEngine::exists(&options.data_dir);
        if !is_new && !SqliteEngine::exists(&options.data_dir) {
            return Err(VaultError::Empty.into());
        }
        let vault = Arc::new(open_vault(&options.data_dir, &options.root_key_file)?);
        let clock = Clock::with_offset_ms(match vault.dev_clock()? {
            // A moved clock belongs to dev; serving with one would give wrong dates.
            Some(stored) if options.is_dev => stored.record.offset_ms,
            _ => 0,
        });
        let is_unfurnished = vault.instance()?.is_none();
        if is_unfurnished && !options.is_dev {
            return Err(VaultError::Empty.into());
        }
        if is_unfurnished {
            furnish(&vault, &clock, &options.data_dir)?;
        }
        let generator = start_generator(options)?;
        let config = claviger_service::Config {
            pair_concurrency: options.pair_concurrency,
            use_policy: options.use_policy,
            arn_accounts: options.arn_accounts.clone(),
            ..claviger_service::Config::default()
        };
        let service = Arc::new(Service::new(Arc::clone(&vault), clock.clone(), generator, config)?);
        let log = open_audit(options, &vault, service.instance(), &clock)?;
        let metrics = Arc::new(Metrics::new(Arc::clone(&service)));
        let journal = Arc::new(Journal::new(log, Arc::clone(&metrics), clock.clone()));
        if options.is_dev {
            make_dev_key(&service)?;
        }
        // What became due while the server was down is done before the first request is answered.
        scheduler::pass(&service, &journal);
        let authority = vault.tls_authority()?.ok_or(VaultError::Empty)?.record;
        handout::restore_ca(&options.data_dir, &authority.certificate_pem)?;
        let tls = tls::acceptor(&authority, service.instance(), &options.hostnames, options.offers_http2, &clock)?;
        Ok(Self { vault, service, journal, metrics, tls })
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

fn open_vault(data_dir: &Path, root_key_file: &Path) -> Result<Vault, StartError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir);
    made.map_err(|source| StartError::File { path: data_dir.to_owned(), source })?;
    // Handed out only once the store has its keyring, so these mean that one was there.
    let had_vault = ["ca.pem", "access-key.json", "audit"].iter().any(|name| data_dir.join(name).exists());
    if had_vault && !SqliteEngine::exists(data_dir) {
        return Err(StartError::StoreLost(data_dir.to_owned()));
    }
    let engine = Arc::new(SqliteEngine::open(data_dir)?);
    if Vault::exists(engine.as_ref())? {
        return Ok(Vault::open(engine, &FileSeal::open(root_key_file)?)?);
    }
    if had_vault {
        return Err(StartError::StoreLost(data_dir.to_owned()));
    }
    // A root key file without a store was left by a first start that was cut off before it sealed anything.
    let seal = if root_key_file.exists() { FileSeal::open(root_key_file)? } else { FileSeal::create(root_key_file)? };
    Ok(Vault::create(engine, &seal)?)
}

fn furnish(vault: &Vault, clock: &Clock, data_dir: &Path) -> Result<InstanceRecord, StartError> {
    first_start(vault, clock, |first| handout::write(data_dir, first))
}

fn open_audit(
    options: &Options,
    vault: &Vault,
    instance: &InstanceRecord,
    clock: &Clock,
) -> Result<AuditLog, StartError> {
    let stored = vault.audit_signing_key()?.ok_or(VaultError::Empty)?;
    let seed = stored.record.seed.duplicate();
    let dir = options.data_dir.join("audit");
    let is_there = AuditLog::exists(&dir).map_err(|source| StartError::File { path: dir.clone(), source })?;
    let config = claviger_audit::Config {
        dir,
        instance: instance.id.clone(),
        segment_bytes: options.audit_segment_bytes,
        clock: clock.clone(),
        seed,
    };
    // A log that was begun and is gone is not begun again: that would hide what was in it.
    if is_there || stored.record.has_log {
        return Ok(AuditLog::open(config)?);
    }
    let log = AuditLog::create(config)?;
    let begun = AuditSigningKey { seed: stored.record.seed.duplicate(), has_log: true };
    vault.change().update(&stored, &begun)?.commit()?;
    Ok(log)
}

/// `dev` has a key to begin with: `alias/dev`.
fn make_dev_key(service: &Service) -> Result<(), StartError> {
    let alias = dev_alias()?;
    if service
        .list_keys(&claviger_service::KeyFilter::default(), claviger_service::PageRequest { number: 1, size: 1 })?
        .total
        > 0
    {
        return Ok(());
    }
    let request = CreateKey {
        spec: KeySpec::AliyunAes256,
        usage: None,
        description: "made by claviger dev on its first start".to_owned(),
        rotation_interval: None,
        creator: "claviger".to_owned(),
    };
    let key = service.create_key(request)?;
    service.create_alias(&alias, &KeyRef::Id(key.id))?;
    Ok(())
}

fn refuse_root_key_beside_data(data_dir: &Path, root_key_file: &Path) -> Result<(), StartError> {
    if resolved(root_key_file).starts_with(resolved(data_dir)) {
        return Err(StartError::RootKeyBesideData(root_key_file.to_owned()));
    }
    Ok(())
}

/// The path without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_unresolved| path.to_owned());
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        if let Ok(canonical) = existing.canonicalize() {
            return missing.iter().rev().fold(canonical, |path, name| path.join(name));
        }
        let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else { return absolute };
        missing.push(name.to_owned());
        existing = parent;
    }
}
