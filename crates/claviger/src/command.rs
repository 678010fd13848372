//! What each command does; one file per noun.

mod audit;
mod client_keys;
mod clock;
mod crypto;
mod data_key_pair;
mod demo;
mod first_steps;
mod input;
mod interrupt;
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
    runtime.block_on(async {
        match cli.command {
            Command::Demo => demo::run().await,
            Command::Dev(dev) => serve::dev(dev).await,
            Command::Init(init) => serve::init(&init),
            Command::Serve { config } => serve::serve(&config).await,
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
        }
    })
}
