//! `init`: creates a production instance, its first credentials and its configuration.
//!
//! Rule: it may be killed at any point, and the same command finishes the work. The configuration is written before the
//! instance is created, and gets its final name afterwards, so that no instance is created without space for its configuration.

use std::io;
use std::path::{Path, PathBuf};

use claviger_server::NewInstance;
use claviger_vault::{Existing, UnfinishedFile, check_above};

use crate::cli::Init;
use crate::config;
use crate::failure::Failure;
use crate::output::print_text;

/// Creates the instance.
pub(crate) fn init(init: &Init) -> Result<(), Failure> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_unresolved| path.to_owned());
    let beside = || init.config.parent().map_or_else(PathBuf::new, Path::to_owned).join("claviger-credentials");
    let new = NewInstance {
        data_dir: absolute(&init.data_dir),
        root_key_file: absolute(&init.root_key_file),
        credentials_dir: absolute(&init.credentials_dir.clone().unwrap_or_else(beside)),
    };
    let hostnames = if init.hostnames.is_empty() { names_of_this_machine() } else { init.hostnames.clone() };
    let hostnames = config::besides_localhost(hostnames);
    claviger_crypto::tls::check_hostnames(&hostnames)
        .map_err(|error| Failure::Argument(format!("--hostname: {error}")))?;
    let text = config::template(&new.data_dir, &new.root_key_file, &hostnames);
    check_above(&init.config).map_err(Failure::Untrusted)?;
    let config = reserve(&init.config, &text, &new)?;
    let instance = new.make()?;
    if let Some(config) = config {
        config.place(Existing::Keep).map_err(|error| write_failure(&init.config, &error))?;
    }
    new.finish()?;
    let names = if hostnames.is_empty() { "(none but localhost)".to_owned() } else { hostnames.join(", ") };
    let (root_key, credentials) = (new.root_key_file.display(), new.credentials_dir.display());
    print_text(&format!(
        "instance      {instance}\n\
         root key      {root_key}  keep a copy apart from the data, which cannot be opened without it\n\
         credentials   {credentials}  ca.pem, client-key.json, client-key-password.txt, access-key.json; not in the data\n\
         \u{20}             directory, which is for backups: keep them where you administer, and pass --data-dir {credentials}\n\
         names         {names}  in the server's certificate; to change them, edit `hostnames` in {config} and restart\n\
         check         claviger serve --check --config {config}\n\
         next          claviger serve --config {config}\n",
        config = init.config.display()
    ))
}

/// Writes the configuration under a temporary name. `None` if an interrupted `init` has already given it its final name.
fn reserve(path: &Path, text: &str, new: &NewInstance) -> Result<Option<UnfinishedFile>, Failure> {
    match std::fs::read_to_string(path) {
        // An empty file is a leftover of `init` in an earlier version.
        Ok(found) if found.is_empty() => {
            std::fs::remove_file(path).map_err(|error| write_failure(path, &error))?;
        }
        Ok(found) if found == text && new.is_unfinished() => {
            return Ok(None);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Ok(_) | Err(_) => return Err(write_failure(path, &io::ErrorKind::AlreadyExists.into())),
    }
    UnfinishedFile::write(path, text.as_bytes(), 0o644).map(Some).map_err(|error| write_failure(path, &error))
}

fn write_failure(path: &Path, error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::AlreadyExists => "exists already and is not overwritten; give another --config".to_owned(),
        io::ErrorKind::NotFound => "its directory does not exist; make it, or give another --config".to_owned(),
        _ => format!("cannot be written: {error}"),
    };
    Failure::File { path: path.to_owned(), reason }
}

/// The machine's name, and its full name if local files know it; the network is not asked.
fn names_of_this_machine() -> Vec<String> {
    let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    names(&own, &hosts)
}

fn names(own: &str, hosts: &str) -> Vec<String> {
    let is_of_use = |name: &&str| *name != "localhost" && !name.starts_with("localhost.");
    let full = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .filter(|line| line.split_whitespace().skip(1).any(|name| name == own))
        .flat_map(|line| line.split_whitespace().skip(1))
        .find(|name| name.starts_with(&format!("{own}.")));
    let found = [Some(own), full].into_iter().flatten().filter(is_of_use);
    // No certificate can be issued for some machine names; the list is then empty, and the output says so.
    found
        .map(str::to_owned)
        .filter(|name| claviger_crypto::tls::check_hostnames(std::slice::from_ref(name)).is_ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_known_by_its_name_and_its_full_one() {
        let hosts = "127.0.0.1 localhost\n# 10.0.0.7 kms.old.example kms\n10.0.0.7 kms.example.org kms # ours\n";
        assert_eq!(names("kms", hosts), ["kms", "kms.example.org"]);
        assert_eq!(names("kms", ""), ["kms"]);
        assert_eq!(names("localhost", hosts), Vec::<String>::new());
        assert_eq!(names("no name", hosts), Vec::<String>::new());
    }
}
