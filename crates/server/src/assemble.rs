//! Opens an instance for a server: vault, service, audit log, TLS, and the changes that became due while no server ran.

use std::sync::Arc;

use claviger_base::Clock;
use claviger_keygen::Generator;
use claviger_model::{Instance, KeySpec};
use claviger_service::{CreateKey, Intent, KeyRef, Service, dev_alias};
use claviger_vault::{DevClock, Stored, TlsAuthority, Vault, VaultError};
use tokio_rustls::TlsAcceptor;

use crate::audit_log;
use crate::bootstrap_files;
use crate::error::StartError;
use crate::expiry::{CertificateExpiry, authority_expiry};
use crate::first_start::{initialise, open_vault};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::request_log::RequestLog;
use crate::scheduler;
use crate::store_config::store_in;
use crate::tls::{self, ServerTls};

/// An instance that is ready to be served.
pub(crate) struct OpenInstance {
    pub(crate) vault: Arc<Vault>,
    pub(crate) service: Arc<Service>,
    pub(crate) request_log: Arc<RequestLog>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tls: TlsAcceptor,
    pub(crate) certificates: CertificateExpiry,
}

impl OpenInstance {
    /// Opens the instance in `options.data_dir`; `dev` initialises a new one. Blocks.
    pub(crate) fn open(options: &Options, clock: &Clock) -> Result<Self, StartError> {
        let is_new = options.is_dev && !store_in(&options.data_dir).exists();
        if !is_new && !store_in(&options.data_dir).exists() {
            return Err(StartError::NoData(options.data_dir.clone()));
        }
        let vault = Arc::new(open_vault(&options.data_dir, &options.root_key_file)?);
        vault.repair_essential()?;
        // Only `dev` may run with a moved clock: it falsifies dates.
        let moved = if options.is_dev { unless_damaged(vault.single::<DevClock>())? } else { None };
        if let Some(stored) = moved {
            clock.set_offset_ms(stored.record.offset_ms);
        }
        let is_uninitialised = vault.single::<Instance>()?.is_none();
        if is_uninitialised && !options.is_dev {
            return Err(StartError::NoData(options.data_dir.clone()));
        }
        if is_uninitialised {
            initialise(&vault, clock, &options.data_dir, &options.data_dir)?;
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
        bootstrap_files::restore_ca(&options.data_dir, &authority.certificate_pem)?;
        let ServerTls { acceptor: tls, certificate_expiry } =
            tls::server_tls(&authority, service.instance(), &options.hostnames, options.offers_http2, clock)?;
        let log_options = audit_log::LogOptions {
            dir: options.data_dir.join("audit"),
            instance: service.instance().id.clone(),
            segment_bytes: options.audit_segment_bytes,
            clock: clock.clone(),
        };
        let log = audit_log::open(&vault, log_options)?;
        let metrics = Arc::new(Metrics::new(Arc::clone(&service)));
        let request_log = Arc::new(RequestLog::new(log, Arc::clone(&metrics), clock.clone(), Arc::clone(&service)));
        // Done before any further change, so that the log keeps the order of the changes.
        request_log.recover_outbox(&options.data_dir.join("audit"))?;
        if options.is_dev {
            create_dev_key(&service)?;
        }
        // Changes that became due while no server ran come before the first request.
        scheduler::pass(&service, &request_log);
        let certificates = CertificateExpiry { server: certificate_expiry, authority: authority_expiry(&authority) };
        Ok(Self { vault, service, request_log, metrics, tls, certificates })
    }
}

/// `dev` ignores a damaged clock offset: the vault reports the damage, and the next move of the clock overwrites the record.
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
             (ulimit -l, LimitMEMLOCK=), make the stock smaller, use encrypted swap or disable swap"
        );
    }
    Ok(generator)
}

/// Creates the first key of `dev`, `alias/dev`, unless the instance has keys.
fn create_dev_key(service: &Service) -> Result<(), StartError> {
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
