//! Initialises an instance: root key, store, certificate authority and first credentials. `dev` does this at its first start,
//! `init` as a command of its own.
//!
//! `init` can be killed at any point, and the same command completes it. It creates the marker file [`UNFINISHED`] in the
//! credentials directory before any other file, and removes it once the configuration is written. The marker distinguishes the
//! files of an interrupted `init` from those of another instance.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use claviger_base::Clock;
use claviger_base::id::{AccessKeyId, ClientKeyId, InstanceId};
use claviger_model::{AccessKey, ClientKey, Instance};
use claviger_service::first_start;
use claviger_vault::{Existing, FileSeal, Vault, VaultError, place_file, sync_directory_of};
use zeroize::Zeroizing;

use crate::error::StartError;
use crate::store_config::store_in;
use crate::{bootstrap_files, permissions};

/// Exists in the credentials directory until `init` is complete.
const UNFINISHED: &str = "init-is-not-finished";

/// The paths of a new instance.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Directory of the store and the audit log.
    pub data_dir: PathBuf,
    /// The root key file, outside the data directory.
    pub root_key_file: PathBuf,
    /// Directory of the first credentials. It is outside the data directory, because backups copy the data directory.
    pub credentials_dir: PathBuf,
}

impl NewInstance {
    /// Creates the instance and its files, or completes an interrupted call. Call [`Self::finish`] afterwards.
    ///
    /// # Errors
    /// [`StartError`]. A finished instance and the credentials of another instance are left unchanged.
    pub fn make(&self) -> Result<InstanceId, StartError> {
        permissions::check_paths(&self.data_dir, &self.root_key_file, false)?;
        // An interrupted call may have left files. The start of the server repeats the warning.
        let _warning = permissions::check_files(&self.data_dir, &self.root_key_file)?;
        if permissions::is_within(&self.credentials_dir, &self.data_dir) {
            return Err(StartError::CredentialsInDataDir(self.credentials_dir.clone()));
        }
        let vault = open_vault(&self.data_dir, &self.root_key_file)?;
        if let Some(stored) = vault.single::<Instance>()? {
            let is_ours = self.is_unfinished() && self.has_credentials_of(&vault)?;
            return if is_ours { Ok(stored.record.id) } else { Err(VaultError::NotEmpty.into()) };
        }
        create_private_directory(&self.credentials_dir)?;
        claviger_vault::check_trusted(&self.credentials_dir)?;
        if !self.is_unfinished() {
            let existing =
                bootstrap_files::NAMES.iter().map(|name| self.credentials_dir.join(name)).find(|path| path.exists());
            if let Some(path) = existing {
                return Err(StartError::CredentialsExist(path));
            }
            let marker = self.marker();
            place_file(&marker, b"Run the same `claviger init` again to complete it.\n", 0o600, Existing::Replace)
                .map_err(|source| StartError::File { path: marker, source })?;
        }
        Ok(initialise(&vault, &Clock::default(), &self.data_dir, &self.credentials_dir)?.id)
    }

    /// Whether an `init` with this credentials directory was interrupted.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.marker().exists()
    }

    /// Marks the `init` as complete, once the configuration is written.
    ///
    /// # Errors
    /// [`StartError::File`].
    pub fn finish(&self) -> Result<(), StartError> {
        let marker = self.marker();
        let removed = match fs::remove_file(&marker) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        removed.and_then(|()| sync_directory_of(&marker)).map_err(|source| StartError::File { path: marker, source })
    }

    fn marker(&self) -> PathBuf {
        self.credentials_dir.join(UNFINISHED)
    }

    /// Whether the existing credentials belong to this vault.
    fn has_credentials_of(&self, vault: &Vault) -> Result<bool, StartError> {
        let text = |name: &str| fs::read_to_string(self.credentials_dir.join(name)).map(Zeroizing::new);
        let (Ok(access_key), Ok(client_key)) = (text("access-key.json"), text("client-key.json")) else {
            return Ok(false);
        };
        let id = |text: &str, field| {
            let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            json.get(field).and_then(|id| id.as_str()).map(str::to_owned)
        };
        let access_key = id(&access_key, "AccessKeyId").and_then(|id| AccessKeyId::parse(&id));
        let client_key = id(&client_key, "KeyId").and_then(|id| ClientKeyId::parse(&id));
        let (Some(access_key), Some(client_key)) = (access_key, client_key) else { return Ok(false) };
        Ok(vault.get::<AccessKey>(&access_key)?.is_some() && vault.get::<ClientKey>(&client_key)?.is_some())
    }
}

/// Opens the vault, or creates an empty one in an empty directory.
pub(crate) fn open_vault(data_dir: &Path, root_key_file: &Path) -> Result<Vault, StartError> {
    create_private_directory(data_dir)?;
    // These files are created after the store, so they prove that there was one.
    let had_vault = ["ca.pem", "access-key.json", "audit"].iter().any(|name| data_dir.join(name).exists());
    let store = store_in(data_dir);
    if had_vault && !store.exists() {
        return Err(StartError::StoreLost { data_dir: data_dir.to_owned(), store: store.to_string() });
    }
    let engine = claviger_store::open(&store)?;
    if Vault::exists(engine.as_ref())? {
        return Ok(Vault::open(engine, &FileSeal::open(root_key_file)?)?);
    }
    if had_vault {
        return Err(StartError::StoreLost { data_dir: data_dir.to_owned(), store: store.to_string() });
    }
    // A root key without a store is left over from an interrupted first start that sealed nothing yet.
    let seal = if root_key_file.exists() { FileSeal::open(root_key_file)? } else { FileSeal::create(root_key_file)? };
    Ok(Vault::create(engine, &seal)?)
}

/// Initialises an empty vault and writes the bootstrap files.
pub(crate) fn initialise(
    vault: &Vault,
    clock: &Clock,
    data_dir: &Path,
    credentials_dir: &Path,
) -> Result<Instance, StartError> {
    first_start(vault, clock, |first| bootstrap_files::write(data_dir, credentials_dir, first))
}

/// Creates a directory that only this user can access, unless it exists.
fn create_private_directory(path: &Path) -> Result<(), StartError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: &Path) -> NewInstance {
        let place = |name: &str| dir.join(name);
        NewInstance { data_dir: place("data"), root_key_file: place("root.key"), credentials_dir: place("credentials") }
    }

    #[test]
    fn the_next_call_completes_an_interrupted_one_in_every_state() {
        // Killed after creating the root key.
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        FileSeal::create(&new.root_key_file).unwrap();
        new.make().unwrap();
        // Killed after creating the keyring, the marker and some files with credentials that belong to no instance.
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        drop(open_vault(&new.data_dir, &new.root_key_file).unwrap());
        create_private_directory(&new.credentials_dir).unwrap();
        fs::write(new.marker(), b"").unwrap();
        fs::write(new.credentials_dir.join("access-key.json"), b"{\"AccessKeyId\":\"LTAIold\"}").unwrap();
        let made = new.make().unwrap();
        // Killed before writing the configuration: the credentials stay the same.
        let credentials = fs::read(new.credentials_dir.join("access-key.json")).unwrap();
        assert_eq!(new.make().unwrap(), made);
        assert_eq!(fs::read(new.credentials_dir.join("access-key.json")).unwrap(), credentials);
        new.finish().unwrap();
        new.finish().unwrap();
        assert!(matches!(new.make(), Err(StartError::Service(_))), "a finished instance is not created again");
    }

    #[test]
    fn files_that_others_can_change_are_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        new.make().unwrap();
        let store = store_in(&new.data_dir).files().remove(0);
        fs::set_permissions(&store, fs::Permissions::from_mode(0o622)).unwrap();
        assert!(matches!(new.make(), Err(StartError::Untrusted(_))));
        let stopped = crate::StoppedInstance::open(&new.data_dir, &new.root_key_file);
        assert!(matches!(stopped, Err(StartError::Untrusted(_))));
        let clock = crate::StoppedClock::open(&new.data_dir, &new.root_key_file);
        assert!(matches!(clock, Err(StartError::Untrusted(_))));
        let anew = crate::reset_audit_log(&new.data_dir, &new.root_key_file);
        assert!(matches!(anew, Err(StartError::Untrusted(_))));
        fs::set_permissions(&store, fs::Permissions::from_mode(0o600)).unwrap();
        new.make().unwrap();
    }

    #[test]
    fn credentials_of_another_instance_are_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        new.make().unwrap();
        new.finish().unwrap();
        let place = |name: &str| dir.path().join(name);
        let other = NewInstance { data_dir: place("data2"), root_key_file: place("root2.key"), ..new };
        assert!(matches!(other.make(), Err(StartError::CredentialsExist(_))));
        let inside = NewInstance { credentials_dir: other.data_dir.join("credentials"), ..other };
        assert!(matches!(inside.make(), Err(StartError::CredentialsInDataDir(_))));
    }

    #[test]
    fn an_instance_with_credentials_elsewhere_does_not_count_as_unfinished() {
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        new.make().unwrap();
        let elsewhere = NewInstance { credentials_dir: dir.path().join("elsewhere"), ..new };
        create_private_directory(&elsewhere.credentials_dir).unwrap();
        fs::write(elsewhere.marker(), b"").unwrap();
        assert!(matches!(elsewhere.make(), Err(StartError::Service(_))));
    }
}
