//! Checks the paths of a server: owners, permissions, and a root key outside the data directory.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use claviger_vault::{SealError, check_above, check_trusted, is_readable_by_others, is_root_key};

use crate::error::StartError;
use crate::store_config::store_in;

/// Checks the paths before anything in them is opened. `dev` may keep the root key in the data directory. It only warns about
/// parent directories that others can change, because its directory may lie anywhere.
pub(crate) fn check_paths(data_dir: &Path, root_key_file: &Path, is_dev: bool) -> Result<(), StartError> {
    if !is_dev {
        refuse_root_key_in_data_dir(data_dir, root_key_file)?;
    }
    check_trusted(data_dir)?;
    for path in [data_dir, root_key_file] {
        match check_above(path) {
            Err(found) if is_dev => tracing::warn!(%found, "other users can replace files of this server"),
            checked => checked?,
        }
    }
    Ok(())
}

/// A warning names at most this many audit files. The log has one per segment.
const AUDIT_NAMED_MAX: usize = 3;

/// Checks that other users cannot write the files of the store and of the audit log, nor read copies of the root key. Returns
/// a warning about store and audit files that others can read: the store is encrypted, but the audit log is not.
pub(crate) fn check_files(data_dir: &Path, root_key_file: &Path) -> Result<Option<String>, StartError> {
    let audit = data_dir.join("audit");
    check_trusted(&audit)?;
    let mut store_files = store_in(data_dir).files();
    let mut audit_files = files_in(&audit, |_any| true);
    store_files.iter().chain(&audit_files).try_for_each(|file| check_trusted(file))?;
    let mut copies = copies_of(root_key_file);
    let is_readable = |file: &PathBuf| file.is_file() && is_readable_by_others(file);
    copies.retain(is_readable);
    copies.iter().try_for_each(|copy| refuse_root_key(copy))?;
    store_files.retain(is_readable);
    // Others may read the public key.
    audit_files.retain(|file| is_readable(file) && *file != audit.join("public-key"));
    copies.append(&mut store_files);
    Ok(warning(&audit, copies, audit_files))
}

/// Every file is either named in the warning or found by a command that the warning contains.
fn warning(audit: &Path, mut files: Vec<PathBuf>, mut audit_files: Vec<PathBuf>) -> Option<String> {
    let count = files.len().saturating_add(audit_files.len());
    if audit_files.len() <= AUDIT_NAMED_MAX {
        files.append(&mut audit_files);
    }
    let mut names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    let mut commands = Vec::new();
    if !names.is_empty() {
        commands.push(format!("`chmod go-rwx {}`", names.join(" ")));
    }
    if !audit_files.is_empty() {
        let audit = audit.display();
        names.push(format!("{} in {audit}", audit_files.len()));
        commands.push(format!("`find {audit} -type f ! -name public-key -exec chmod go-rwx {{}} +`"));
    }
    let noun = if count == 1 { "file" } else { "files" };
    let (names, commands) = (names.join(", "), commands.join(" and "));
    (count > 0).then(|| format!("others can read {count} {noun}: {names}; run {commands}"))
}

/// Others must not read a copy of the root key, because it opens the store as well.
fn refuse_root_key(copy: &Path) -> Result<(), StartError> {
    match std::fs::metadata(copy) {
        Ok(found) if is_root_key(copy) => {
            Err(StartError::Seal(SealError::Exposed { path: copy.to_owned(), mode: found.mode() }))
        }
        // It is not a root key, or this user cannot read it. The warning names it.
        _ => Ok(()),
    }
}

/// Files next to the root key whose names extend its name, as editors and operators leave them.
fn copies_of(root_key_file: &Path) -> Vec<PathBuf> {
    let name = root_key_file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let directory = root_key_file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files_in(directory, |other| other != name && !name.is_empty() && other.trim_start_matches('.').starts_with(name))
}

/// The wanted files, sorted by name; none if the directory cannot be listed. The store and the audit log then fail to open,
/// and the directory of a root key need not be listable.
fn files_in(directory: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| entry.file_name().to_str().is_some_and(&is_wanted));
    let mut files: Vec<_> = wanted.map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn refuse_root_key_in_data_dir(data_dir: &Path, root_key_file: &Path) -> Result<(), StartError> {
    if is_within(root_key_file, data_dir) {
        return Err(StartError::RootKeyInDataDir(root_key_file.to_owned()));
    }
    Ok(())
}

/// Whether `path` is `directory` or lies in it, after resolving symbolic links.
pub(crate) fn is_within(path: &Path, directory: &Path) -> bool {
    resolved(path).starts_with(resolved(directory))
}

/// Resolves the symbolic links in the existing part of the path.
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

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, create_dir_all, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    use claviger_vault::FileSeal;

    use super::*;

    fn open_to_read(path: &Path) {
        write(path, "x").unwrap();
        set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }

    #[test]
    fn a_copy_of_the_root_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (data, key) = (dir.path().join("data"), dir.path().join("root.key"));
        create_dir_all(data.join("audit")).unwrap();
        FileSeal::create(&key).unwrap();
        let copy = dir.path().join("root.key.bak");
        std::fs::copy(&key, &copy).unwrap();
        assert_eq!(check_files(&data, &key).unwrap(), None, "only this user can read it");
        set_permissions(&copy, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = check_files(&data, &key).unwrap_err().to_string();
        let copy = copy.display();
        assert!(refused.starts_with(&format!("others can read the root key file {copy} (mode 644)")), "{refused}");
        assert!(refused.contains(&format!("chmod 600 {copy}")), "{refused}");
    }

    #[test]
    fn every_file_that_others_can_read_is_covered_by_a_command() {
        let dir = tempfile::tempdir().unwrap();
        let (data, key) = (dir.path().join("data"), dir.path().join("root.key"));
        let audit = data.join("audit");
        create_dir_all(&audit).unwrap();
        // Directories are ignored.
        create_dir(dir.path().join("root.key.d")).unwrap();
        let copy = dir.path().join("root.key~");
        open_to_read(&copy);
        let copy = copy.display();
        let warned = check_files(&data, &key).unwrap().unwrap();
        assert_eq!(warned, format!("others can read 1 file: {copy}; run `chmod go-rwx {copy}`"));
        let store = data.join(store_in(&data).to_string());
        open_to_read(&store);
        open_to_read(&audit.join("public-key"));
        for number in 0..=AUDIT_NAMED_MAX {
            open_to_read(&audit.join(format!("audit-{number}.log")));
        }
        let warned = check_files(&data, &key).unwrap().unwrap();
        let audit = audit.display();
        let store = store.display();
        assert!(
            warned.starts_with(&format!("others can read 6 files: {copy}, {store}, 4 in {audit}; run ")),
            "{warned}"
        );
        let commands: Vec<_> = warned.split('`').skip(1).step_by(2).collect();
        assert_eq!(commands.len(), 2, "{warned}");
        for command in commands {
            assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
        }
        assert_eq!(check_files(&data, &key).unwrap(), None);
    }
}
