//! Where the data and the root key lie: apart from each other, and changeable by nobody else.

use std::path::{Path, PathBuf};

use claviger_vault::{check_above, check_directory};

use crate::error::StartError;

/// Checks the places of a server before anything in them is opened. `dev` keeps the root key beside the data, and is only
/// warned of who can write above its directory: that is whatever directory its user works in.
pub(crate) fn check(data_dir: &Path, root_key_file: &Path, is_dev: bool) -> Result<(), StartError> {
    if !is_dev {
        refuse_root_key_beside_data(data_dir, root_key_file)?;
    }
    check_directory(data_dir)?;
    for place in [data_dir, root_key_file] {
        match check_above(place) {
            Err(found) if is_dev => tracing::warn!(%found, "others could replace this server's files"),
            checked => checked?,
        }
    }
    Ok(())
}

fn refuse_root_key_beside_data(data_dir: &Path, root_key_file: &Path) -> Result<(), StartError> {
    if is_within(root_key_file, data_dir) {
        return Err(StartError::RootKeyBesideData(root_key_file.to_owned()));
    }
    Ok(())
}

/// Whether `path` is `directory` or lies in it, links followed.
pub(crate) fn is_within(path: &Path, directory: &Path) -> bool {
    resolved(path).starts_with(resolved(directory))
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
