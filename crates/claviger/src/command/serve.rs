//! `dev` and `serve`: a server from its options to its end, and the signals it handles.

use std::path::Path;

use claviger_server::{Options, Server, StartError};
use claviger_service::UsePolicy;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::first_steps;
use crate::cli::Dev;
use crate::config::{self, CONNECTIONS_MAX, PairSettings, parse_concurrency};
use crate::failure::Failure;
use crate::heap;
use crate::open_files;
use crate::output::print_text;

/// Small, so that many development servers fit on a laptop.
const DEV_SEGMENT_BYTES: u64 = 8 * 1024 * 1024;

/// Runs a development server.
pub(crate) async fn dev(dev: Dev) -> Result<(), Failure> {
    let pairs = PairSettings {
        stock: dev.stock,
        stock_cores: dev.stock_cores,
        stock_max_age: None,
        engine: dev.engine,
        extended_key_pair_specs: dev.extended_key_pair_specs,
    };
    let defaults = claviger_keygen::Config {
        stock: claviger_keygen::StockSizes::DEVELOPMENT,
        ..claviger_keygen::Config::default()
    };
    let options = Options {
        root_key_file: dev.data_dir.join("root.key"),
        data_dir: dev.data_dir,
        listen: dev.listen,
        admin: dev.admin,
        admin_allow_remote: false,
        hostnames: dev.hostnames,
        pair_concurrency: parse_concurrency(&dev.data_key_pair_concurrency).map_err(Failure::Argument)?,
        keygen: pairs.apply_to(defaults).map_err(Failure::Argument)?,
        use_policy: UsePolicy {
            deny_basic_operations_on_rotating_keys: dev.deny_basic_operations_on_rotating_keys,
            deny_caller_supplied_iv: dev.deny_caller_supplied_iv,
        },
        arn_accounts: claviger_service::ArnAccounts::Every,
        offers_http2: true,
        connections_max: CONNECTIONS_MAX,
        // During development, everything comes from this machine.
        connections_per_source: CONNECTIONS_MAX,
        audit_segment_bytes: DEV_SEGMENT_BYTES,
        is_dev: true,
    };
    run(options, None).await
}

/// Runs a production server.
pub(crate) async fn serve(config: &Path) -> Result<(), Failure> {
    run(config::read(config)?, Some(config)).await
}

async fn run(mut options: Options, config: Option<&Path>) -> Result<(), Failure> {
    let new_dev_in = (options.is_dev && !options.root_key_file.exists()).then(|| options.data_dir.clone());
    begin_logging()?;
    open_files::check_limit(&mut options)?;
    // Installed first, so that a signal is handled even while the server starts.
    let mut terminated = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    warn_on_sighup()?;
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    };
    let mut stop = Box::pin(stop);
    let server = tokio::select! {
        started = Server::start(options) => started.map_err(|error| not_started(error, config))?,
        () = &mut stop => {
            tracing::info!("stopped before it was ready");
            return Err(Failure::StoppedWhileStarting);
        }
    };
    print_text(&format!("claviger ready https://{} instance {}\n", server.address()?, server.instance().id))?;
    new_dev_in
        .into_iter()
        .try_for_each(|dir| server.address().map(|at| first_steps::print(&dir, &format!("https://{at}"))))?;
    tokio::spawn(heap::trim_periodically());
    tracing::info!(listen = %server.address()?, admin = %server.admin_address()?, "serving");
    server
        .run(Box::pin(async move {
            stop.await;
            tracing::info!("stopping: finishing requests in flight");
        }))
        .await;
    Ok(())
}

/// If an address is in use, the remedy is an option for `dev` and a setting for `serve`.
fn not_started(error: StartError, config: Option<&Path>) -> Failure {
    let StartError::Listen(taken) = &error else { return error.into() };
    if taken.kind() != std::io::ErrorKind::AddrInUse {
        return error.into();
    }
    let hint = match config {
        Some(path) => format!("stop the other program, or change `listen` or `admin` in {}", path.display()),
        None => "stop the other program, or `--listen 127.0.0.1:0 --admin 127.0.0.1:0` for free ports".to_owned(),
    };
    Failure::NotStarted { reason: taken.to_string(), hint }
}

/// JSON lines on standard error, at level `info` and above or as `RUST_LOG` says.
fn begin_logging() -> Result<(), Failure> {
    let levels = match std::env::var("RUST_LOG") {
        Ok(levels) if !levels.is_empty() => levels.parse().map_err(|wrong| {
            Failure::Argument(format!(
                "RUST_LOG {levels:?}: {wrong}. It is a level or a list such as `info,claviger_server=debug`"
            ))
        })?,
        _ => Targets::new().with_default(LevelFilter::INFO),
    };
    let lines = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(levels).init();
    Ok(())
}

/// SIGHUP asks many servers to reload their configuration; unhandled, it would end this one.
fn warn_on_sighup() -> Result<(), Failure> {
    let mut hung_up = signal(SignalKind::hangup()).map_err(Failure::Runtime)?;
    tokio::spawn(async move {
        while hung_up.recv().await.is_some() {
            tracing::warn!("SIGHUP: reload is not supported yet; restart to apply a changed configuration");
        }
    });
    Ok(())
}
