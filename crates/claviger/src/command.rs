//! The commands; one file per noun.

mod access_keys;
mod access_point;
mod audit;
mod check;
mod client_keys;
mod clock;
mod confirm;
mod crypto;
mod data_key_pair;
mod demo;
mod first_steps;
mod health;
mod init;
mod input;
mod interrupt;
mod issued;
mod keys;
mod listing;
mod new_file;
mod serve;
mod target;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    if let Command::Audit(command) = cli.command {
        return audit::run(command);
    }
    if let Command::Clock(command) = cli.command {
        return clock::run(command);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    let ended = runtime.block_on(perform(cli.command));
    match ended {
        // A blocked start, for example on a root key that is a pipe without a writer, must not delay the exit.
        Err(Failure::StoppedWhileStarting) => {
            runtime.shutdown_background();
            Ok(())
        }
        ended => ended,
    }
}

async fn perform(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo => demo::run().await,
        Command::Dev(dev) => serve::dev(dev).await,
        Command::Init(init) => init::init(&init),
        Command::Serve { config, check: false } => serve::serve(&config).await,
        Command::Serve { config, check: true } => check::check(&config),
        Command::Health(health) => health::health(health).await,
        Command::Audit(command) => audit::run(command),
        Command::Clock(command) => clock::run(command),
        Command::DataKeyPair(command) => data_key_pair::run(command).await,
        Command::Key(command) => keys::key(command).await,
        Command::Alias(command) => keys::alias(command).await,
        Command::ClientKey(command) => client_keys::client_key(command).await,
        Command::Encrypt(command) => crypto::encrypt(command).await,
        Command::Decrypt(command) => crypto::decrypt(command).await,
        Command::Sign(command) => crypto::sign(command).await,
        Command::Verify(command) => crypto::verify(command).await,
        Command::AccessKey(command) => access_keys::access_key(command).await,
    }
}
