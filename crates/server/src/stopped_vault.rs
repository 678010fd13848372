//! Opens the vault of a stopped server, for commands that need the root key.

use std::path::Path;

use claviger_vault::{FileSeal, Vault};

use crate::error::StartError;
use crate::permissions;
use crate::store_config::store_in;

/// Opens the vault, with the checks of a start.
///
/// # Errors
/// [`StartError`]; also when a server has the store open.
pub(crate) fn open(data_dir: &Path, root_key_file: &Path) -> Result<Vault, StartError> {
    if !store_in(data_dir).exists() {
        return Err(StartError::NoData(data_dir.to_owned()));
    }
    // Allows the root key in the data directory, because the instance may belong to `dev`.
    permissions::check_paths(data_dir, root_key_file, true)?;
    // The next start repeats the warning.
    let _warning = permissions::check_files(data_dir, root_key_file)?;
    Ok(Vault::open(claviger_store::open(&store_in(data_dir))?, &FileSeal::open(root_key_file)?)?)
}
