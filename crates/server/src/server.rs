//! Starts a server, runs it and shuts it down.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use claviger_base::{Clock, Timestamp};
use claviger_model::Instance;
use claviger_service::Service;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::assemble::OpenInstance;
use crate::audit_log;
use crate::body::BodyReader;
use crate::connections::ConnectionLimits;
use crate::error::StartError;
use crate::expiry;
use crate::listen::{Listening, bind, serve};
use crate::options::Options;
use crate::permissions;
use crate::plane::Planes;
use crate::scheduler;
use crate::store_config::store_in;
use crate::unverified::MemoryBudget;

/// Limit of open connections of the admin listener: enough for scrapers and probes.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// A boxed future. Boxing compiles it once, in this crate, instead of in every program that awaits it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A server whose listeners are bound. It answers once [`Server::run`] is called.
pub struct Server {
    instance: OpenInstance,
    listeners: Listeners,
    options: Options,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the instance and binds both listeners.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: Options) -> BoxFuture<Result<Self, StartError>> {
        Box::pin(Self::start_with_clock(options, Clock::default()))
    }

    /// [`Self::start`] with a clock that a test controls.
    pub(crate) async fn start_with_clock(options: Options, clock: Clock) -> Result<Self, StartError> {
        options.check_addresses()?;
        check_clock(clock.real_now())?;
        permissions::check_paths(&options.data_dir, &options.root_key_file, options.is_dev)?;
        if let Some(warning) = permissions::check_files(&options.data_dir, &options.root_key_file)? {
            tracing::warn!("{warning}");
        }
        // A first start binds before it creates the instance. Otherwise a start that fails to bind would leave an instance
        // whose credentials were never shown to the user.
        let is_first = options.is_dev && !store_in(&options.data_dir).exists();
        let bound_early = if is_first { Some(Listeners::bind(&options)?) } else { None };
        let to_open = options.clone();
        let opened = tokio::task::spawn_blocking(move || OpenInstance::open(&to_open, &clock)).await;
        let instance = opened.map_err(|_panicked| StartError::Tls("opening the instance panicked".to_owned()))??;
        let listeners = bound_early.map_or_else(|| Listeners::bind(&options), Ok)?;
        Ok(Self { instance, listeners, options })
    }

    /// The bound address of both planes.
    ///
    /// # Errors
    /// When the system cannot tell the address.
    pub fn address(&self) -> Result<SocketAddr, StartError> {
        self.listeners.planes.local_addr().map_err(StartError::Listen)
    }

    /// The bound address of the admin listener.
    ///
    /// # Errors
    /// When the system cannot tell the address.
    pub fn admin_address(&self) -> Result<SocketAddr, StartError> {
        self.listeners.admin.local_addr().map_err(StartError::Listen)
    }

    /// The service, and a function that runs one scheduler pass. The function needs a multi-threaded runtime because it
    /// blocks until the audit log has the records of the pass.
    #[cfg(test)]
    pub(crate) fn under_test(&self) -> (Arc<Service>, impl Fn() + Send + use<>) {
        let (service, request_log) = (Arc::clone(&self.instance.service), Arc::clone(&self.instance.request_log));
        (Arc::clone(&service), move || tokio::task::block_in_place(|| scheduler::pass(&service, &request_log)))
    }

    /// The served instance.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.instance.service.instance()
    }

    /// Serves until `shutdown` completes, then finishes the requests in flight.
    pub fn run(self, shutdown: BoxFuture<()>) -> BoxFuture<()> {
        Box::pin(self.run_until(shutdown))
    }

    async fn run_until(self, shutdown: BoxFuture<()>) {
        let Self { instance, listeners, options } = self;
        let (stop, stopped) = watch::channel(false);
        let anchoring =
            tokio::spawn(audit_log::store_anchors(Arc::clone(&instance.vault), Arc::clone(&instance.request_log)));
        let background = spawn_background(&instance);
        let (evicted, refused) = (&instance.metrics.unverified_evicted, &instance.metrics.unverified_refused);
        let budget = MemoryBudget::new(evicted.clone(), refused.clone());
        let admin = spawn_admin(&instance, &options, listeners.admin, budget.clone(), stopped.clone());
        let planes = spawn_planes(&instance, &options, listeners.planes, budget, stopped);
        shutdown.await;
        background.iter().for_each(JoinHandle::abort);
        // The receivers live in the two listener tasks.
        let _no_receivers = stop.send(true);
        let _ended = tokio::join!(planes, admin);
        anchoring.abort();
        flush(instance).await;
    }
}

/// A clock outside these years is broken: it would rotate every key, and some dates and certificates could not be encoded.
/// The trusted time handles smaller jumps.
fn check_clock(now: Timestamp) -> Result<(), StartError> {
    const PLAUSIBLE: std::ops::Range<i64> = 1_577_836_800..4_102_444_800; // 2020-01-01 to 2100-01-01
    if PLAUSIBLE.contains(&now.unix_s()) { Ok(()) } else { Err(StartError::Clock(now)) }
}

struct Listeners {
    planes: TcpListener,
    admin: TcpListener,
}

impl Listeners {
    fn bind(options: &Options) -> Result<Self, StartError> {
        let planes = bind(options.listen).map_err(StartError::Listen)?;
        let admin = bind(options.admin).map_err(StartError::Listen)?;
        Ok(Self { planes, admin })
    }
}

/// Starts the tasks that end when the shutdown begins.
fn spawn_background(instance: &OpenInstance) -> [JoinHandle<()>; 3] {
    let OpenInstance { service, request_log, metrics, certificates, .. } = instance;
    let request_log = Arc::clone(request_log);
    let pass = move |service: &Service| scheduler::pass(service, &request_log);
    [
        tokio::spawn(Arc::clone(service).schedule(pass)),
        tokio::spawn(expiry::watch(Arc::clone(service), Arc::clone(metrics), *certificates)),
        tokio::spawn(Arc::clone(service).keep_checking()),
    ]
}

fn spawn_planes(
    instance: &OpenInstance,
    options: &Options,
    listener: TcpListener,
    budget: MemoryBudget,
    stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let planes = Planes {
        service: Arc::clone(&instance.service),
        request_log: Arc::clone(&instance.request_log),
        bodies: BodyReader::default(),
    };
    let listening = Listening {
        handler: Arc::new(planes),
        metrics: Arc::clone(&instance.metrics),
        limits: ConnectionLimits::new(options.connections_max, options.connections_per_source),
        budget,
        tls: Some(instance.tls.clone()),
    };
    tokio::spawn(serve(listener, listening, stopped))
}

fn spawn_admin(
    instance: &OpenInstance,
    options: &Options,
    listener: TcpListener,
    budget: MemoryBudget,
    stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let admin = Admin {
        service: Arc::clone(&instance.service),
        request_log: Arc::clone(&instance.request_log),
        readiness: Arc::default(),
        bound_to: listener.local_addr().unwrap_or(options.admin).ip(),
        has_clock: options.is_dev,
        is_remote: !options.admin.ip().is_loopback(),
    };
    let listening = Listening {
        handler: Arc::new(admin),
        metrics: Arc::clone(&instance.metrics),
        limits: ConnectionLimits::new(ADMIN_CONNECTIONS_MAX, ADMIN_CONNECTIONS_MAX),
        budget,
        tls: None,
    };
    tokio::spawn(serve(listener, listening, stopped))
}

/// Stores the trusted time and writes the pending audit records, so that the next start has nothing to recover.
async fn flush(instance: OpenInstance) {
    let OpenInstance { service, request_log, vault, .. } = instance;
    if let Err(error) = service.blocking(Service::store_trusted_time).await {
        tracing::warn!(%error, "the trusted time could not be stored at shutdown; the trusted time loses up to a minute");
    }
    let flushing = move || {
        request_log.deliver();
        audit_log::store_anchor(&vault, &request_log);
    };
    // A panic leaves the rest to the next start.
    let _panicked = tokio::task::spawn_blocking(flushing).await;
}
