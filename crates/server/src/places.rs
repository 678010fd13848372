//! Where the data and the root key lie: apart from each other, and changeable by nobody else.

use std::path::{Path, PathBuf};

use claviger_vault::{check_above, check_directory, check_file, is_readable_by_others};

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

/// How many files a warning names.
const NAMED_MAX: usize = 3;

/// Checks the files of the store and of the audit log: nobody else may write to them. What is to be said of those that others
/// may read, and of copies of the root key that they may: nothing in the store is readable without the root key, but a log
/// says who did what.
pub(crate) fn check_files(data_dir: &Path, root_key_file: &Path) -> Result<Option<String>, StartError> {
    let audit = data_dir.join("audit");
    check_directory(&audit)?;
    let mut files = files_in(data_dir, |name| name.starts_with("store."));
    files.extend(files_in(&audit, |_any| true));
    files.iter().try_for_each(|file| check_file(file))?;
    // That is for everybody.
    files.retain(|file| *file != audit.join("public-key"));
    files.extend(copies_of(root_key_file));
    files.retain(|file| is_readable_by_others(file));
    let named: Vec<_> = files.iter().take(NAMED_MAX).map(|file| file.display().to_string()).collect();
    let more = if files.len() > NAMED_MAX { ", ..." } else { "" };
    Ok((!files.is_empty()).then(|| {
        format!("others may read {} files: {}{more}; run `chmod go-rwx` on them", files.len(), named.join(", "))
    }))
}

/// Files that an editor or an operator left beside the root key under its name with something added.
fn copies_of(root_key_file: &Path) -> Vec<PathBuf> {
    let name = root_key_file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let place = root_key_file.parent().filter(|place| !place.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files_in(place, |other| other != name && !name.is_empty() && other.trim_start_matches('.').starts_with(name))
}

/// In the order of their names. A directory that cannot be read is for whoever opens something in it to report.
fn files_in(directory: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| entry.file_name().to_str().is_some_and(&is_wanted));
    let mut files: Vec<_> = wanted.map(|entry| entry.path()).collect();
    files.sort();
    files
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
