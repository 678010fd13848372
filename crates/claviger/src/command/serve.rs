//! `dev`, `init`, `serve`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use claviger_server::{Options, Server, initialise};
use claviger_service::UsePolicy;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{Dev, Init};
use crate::config::{self, CONNECTIONS_MAX, PairSettings, parse_concurrency};
use crate::failure::Failure;
use crate::open_files;
use crate::output::say;

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
        hostnames: dev.hostnames,
        pair_concurrency: parse_concurrency(&dev.data_key_pair_concurrency).map_err(Failure::Argument)?,
        keygen: pairs.over(defaults).map_err(Failure::Argument)?,
        use_policy: UsePolicy {
            deny_basic_operations_on_rotating_keys: dev.deny_basic_operations_on_rotating_keys,
            deny_caller_supplied_iv: dev.deny_caller_supplied_iv,
        },
        arn_accounts: claviger_service::ArnAccounts::Every,
        offers_http2: true,
        connections_max: CONNECTIONS_MAX,
        audit_segment_bytes: DEV_SEGMENT_BYTES,
        is_dev: true,
    };
    run(options).await
}

/// Runs a production server.
pub(crate) async fn serve(config: &Path) -> Result<(), Failure> {
    run(config::read(config)?).await
}

/// Makes a new instance and its configuration.
pub(crate) fn init(init: &Init) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::File {
        path: init.config.clone(),
        reason: match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "exists already and is not overwritten; give another --config".to_owned()
            }
            std::io::ErrorKind::NotFound => {
                "its directory does not exist; make it, or give another --config".to_owned()
            }
            _ => format!("cannot be written: {error}"),
        },
    };
    // Reserved first, so that an instance is never made without its configuration.
    // An empty one was left by an `init` that was cut off.
    let is_left_over = std::fs::metadata(&init.config).is_ok_and(|found| found.len() == 0);
    let mut opening = OpenOptions::new();
    opening.write(true);
    let opened = if is_left_over { opening.open(&init.config) } else { opening.create_new(true).open(&init.config) };
    let mut file = opened.map_err(failed)?;
    let made = initialise(&init.data_dir, &init.root_key_file);
    if made.is_err() {
        let _gone = std::fs::remove_file(&init.config);
    }
    let instance = made?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_unresolved| path.to_owned());
    let text = config::template(&absolute(&init.data_dir), &absolute(&init.root_key_file));
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    println!("instance      {instance}");
    println!(
        "root key      {}  keep a copy apart from the data: without it nothing opens",
        init.root_key_file.display()
    );
    println!("credentials   {}/client-key.json, client-key-password.txt, access-key.json", init.data_dir.display());
    println!("CA file       {}/ca.pem", init.data_dir.display());
    println!("next          claviger serve --config {}", init.config.display());
    Ok(())
}

async fn run(mut options: Options) -> Result<(), Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    open_files::fit(&mut options)?;
    // Before the ready line, so that a signal right after it is heard.
    let mut terminated = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    let server = Server::start(options).await?;
    say(&format!("claviger ready https://{} instance {}\n", server.address()?, server.instance().id))?;
    tracing::info!(listen = %server.address()?, admin = %server.admin_address()?, "serving");
    server
        .run(async move {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted.recv() => {}
            }
            tracing::info!("stopping: finishing what is in flight");
        })
        .await;
    Ok(())
}
