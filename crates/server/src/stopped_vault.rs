//! The vault of an instance whose server is stopped, for what an operator does with the root key.

use std::path::Path;
use std::sync::Arc;

use claviger_store::SqliteEngine;
use claviger_vault::{FileSeal, Vault};

use crate::error::StartError;
use crate::places;

/// Opens it, after the checks of a start.
///
/// # Errors
/// [`StartError`]; also when a server runs on it.
pub(crate) fn open(data_dir: &Path, root_key_file: &Path) -> Result<Vault, StartError> {
    if !SqliteEngine::exists(data_dir) {
        return Err(StartError::NoData(data_dir.to_owned()));
    }
    // As `dev` keeps it: beside the data, which is no reason to lock its owner out.
    places::check(data_dir, root_key_file, true)?;
    // What others can only read, the next start will tell.
    let _readable = places::check_files(data_dir, root_key_file)?;
    Ok(Vault::open(Arc::new(SqliteEngine::open(data_dir)?), &FileSeal::open(root_key_file)?)?)
}
