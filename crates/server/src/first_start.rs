//! The first start: root key, store, certificate authority, first credentials. `dev` does it as it starts, `init` by itself.
//!
//! The rule of `init`: it may be killed anywhere, and the same command finishes what it began. A mark in the directory of
//! credentials, [`UNFINISHED`], is made before anything is handed out and removed when the configuration is there, so that
//! the files of an `init` that was cut off are told from those of another instance.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claviger_base::Clock;
use claviger_base::id::{AccessKeyId, ClientKeyId, InstanceId};
use claviger_model::{AccessKey, ClientKey, Instance};
use claviger_service::first_start;
use claviger_store::SqliteEngine;
use claviger_vault::{Existing, FileSeal, Vault, VaultError, place_file, sync_directory_of};
use zeroize::Zeroizing;

use crate::error::StartError;
use crate::{handout, places};

/// Lies among the credentials while `init` is not finished.
const UNFINISHED: &str = "init-is-not-finished";

/// Where a new instance is made.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Where the store and the audit log will lie.
    pub data_dir: PathBuf,
    /// Where the root key will lie; not in the data directory.
    pub root_key_file: PathBuf,
    /// Where the owner finds the first credentials; not in the data directory, which is what one backs up.
    pub credentials_dir: PathBuf,
}

impl NewInstance {
    /// Makes the instance and its files, or finishes what an earlier call began. [`Self::finish`] is to follow.
    ///
    /// # Errors
    /// [`StartError`]; an instance that was finished is not touched, nor are credentials of another.
    pub fn make(&self) -> Result<InstanceId, StartError> {
        places::check(&self.data_dir, &self.root_key_file, false)?;
        // Of one that was cut off. What others can only read, the start will tell.
        let _readable = places::check_files(&self.data_dir, &self.root_key_file)?;
        if places::is_within(&self.credentials_dir, &self.data_dir) {
            return Err(StartError::CredentialsBesideData(self.credentials_dir.clone()));
        }
        let vault = open_vault(&self.data_dir, &self.root_key_file)?;
        if let Some(stored) = vault.single::<Instance>()? {
            let is_ours = self.is_unfinished() && self.has_credentials_of(&vault)?;
            return if is_ours { Ok(stored.record.id) } else { Err(VaultError::NotEmpty.into()) };
        }
        make_directory(&self.credentials_dir)?;
        claviger_vault::check_directory(&self.credentials_dir)?;
        if !self.is_unfinished() {
            let there = handout::NAMES.iter().map(|name| self.credentials_dir.join(name)).find(|path| path.exists());
            if let Some(path) = there {
                return Err(StartError::CredentialsExist(path));
            }
            let mark = self.mark();
            place_file(&mark, b"The same `claviger init` again finishes it.\n", 0o600, Existing::Replace)
                .map_err(|source| StartError::File { path: mark, source })?;
        }
        Ok(furnish(&vault, &Clock::default(), &self.data_dir, &self.credentials_dir)?.id)
    }

    /// Whether an `init` with these credentials began and did not end.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.mark().exists()
    }

    /// Says that everything, the configuration too, is there.
    ///
    /// # Errors
    /// [`StartError::File`].
    pub fn finish(&self) -> Result<(), StartError> {
        let mark = self.mark();
        let removed = match fs::remove_file(&mark) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        removed.and_then(|()| sync_directory_of(&mark)).map_err(|source| StartError::File { path: mark, source })
    }

    fn mark(&self) -> PathBuf {
        self.credentials_dir.join(UNFINISHED)
    }

    /// Whether the credentials that lie there are those that the vault knows.
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

/// Opens the vault, or makes an empty one where nothing is.
pub(crate) fn open_vault(data_dir: &Path, root_key_file: &Path) -> Result<Vault, StartError> {
    make_directory(data_dir)?;
    // Handed out only once the store has its keyring, so these mean that one was there.
    let had_vault = ["ca.pem", "access-key.json", "audit"].iter().any(|name| data_dir.join(name).exists());
    if had_vault && !SqliteEngine::exists(data_dir) {
        return Err(StartError::StoreLost(data_dir.to_owned()));
    }
    let engine = Arc::new(SqliteEngine::open(data_dir)?);
    if Vault::exists(engine.as_ref())? {
        return Ok(Vault::open(engine, &FileSeal::open(root_key_file)?)?);
    }
    if had_vault {
        return Err(StartError::StoreLost(data_dir.to_owned()));
    }
    // A root key file without a store was left by a first start that was cut off before it sealed anything.
    let seal = if root_key_file.exists() { FileSeal::open(root_key_file)? } else { FileSeal::create(root_key_file)? };
    Ok(Vault::create(engine, &seal)?)
}

/// Gives an empty vault what an instance has, and its owner their files.
pub(crate) fn furnish(
    vault: &Vault,
    clock: &Clock,
    data_dir: &Path,
    credentials_dir: &Path,
) -> Result<Instance, StartError> {
    first_start(vault, clock, |first| handout::write(data_dir, credentials_dir, first))
}

/// Makes a directory for this user alone, unless it is there.
fn make_directory(path: &Path) -> Result<(), StartError> {
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
    fn every_state_that_a_kill_can_leave_is_finished_by_the_next_call() {
        // After the root key.
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        FileSeal::create(&new.root_key_file).unwrap();
        new.make().unwrap();
        // After the store's keyring, the mark and half of the files; those files belong to nobody.
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        drop(open_vault(&new.data_dir, &new.root_key_file).unwrap());
        make_directory(&new.credentials_dir).unwrap();
        fs::write(new.mark(), b"").unwrap();
        fs::write(new.credentials_dir.join("access-key.json"), b"{\"AccessKeyId\":\"LTAIold\"}").unwrap();
        let made = new.make().unwrap();
        // After everything but the configuration: made once, and the same credentials.
        let credentials = fs::read(new.credentials_dir.join("access-key.json")).unwrap();
        assert_eq!(new.make().unwrap(), made);
        assert_eq!(fs::read(new.credentials_dir.join("access-key.json")).unwrap(), credentials);
        new.finish().unwrap();
        new.finish().unwrap();
        assert!(matches!(new.make(), Err(StartError::Service(_))), "finished, it is made once");
    }

    #[test]
    fn files_that_others_can_change_are_not_gone_on_with() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        new.make().unwrap();
        let store = new.data_dir.join("store.sqlite3");
        fs::set_permissions(&store, fs::Permissions::from_mode(0o622)).unwrap();
        assert!(matches!(new.make(), Err(StartError::Untrusted(_))));
        let stopped = crate::StoppedInstance::open(&new.data_dir, &new.root_key_file);
        assert!(matches!(stopped, Err(StartError::Untrusted(_))));
        let clock = crate::StoppedClock::open(&new.data_dir, &new.root_key_file);
        assert!(matches!(clock, Err(StartError::Untrusted(_))));
        let anew = crate::begin_audit_anew(&new.data_dir, &new.root_key_file);
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
        let beside = NewInstance { credentials_dir: other.data_dir.join("credentials"), ..other };
        assert!(matches!(beside.make(), Err(StartError::CredentialsBesideData(_))));
    }

    #[test]
    fn an_instance_whose_credentials_lie_elsewhere_is_not_taken_for_an_unfinished_one() {
        let dir = tempfile::tempdir().unwrap();
        let new = at(dir.path());
        new.make().unwrap();
        let elsewhere = NewInstance { credentials_dir: dir.path().join("elsewhere"), ..new };
        make_directory(&elsewhere.credentials_dir).unwrap();
        fs::write(elsewhere.mark(), b"").unwrap();
        assert!(matches!(elsewhere.make(), Err(StartError::Service(_))));
    }
}
