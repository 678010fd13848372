//! Compares what the store holds with what the audit log tells, after each restart: every stored change has exactly one
//! record. The store is opened directly, while no server runs, so that the API cannot hide anything.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use claviger_base::id::{AccessKeyId, KeyId};
use claviger_model::{AccessKey, Alias, ClientKey, Key, KeyState, KeyVersion};
use claviger_store::StoreConfig;
use claviger_vault::{FileSeal, Vault};
use serde_json::Value;

/// What has been read from the log: how many records there are of each operation on each thing.
#[derive(Default)]
pub(crate) struct Records {
    /// Segments and how far each was read.
    read: BTreeMap<PathBuf, u64>,
    requests: BTreeSet<String>,
    recorded: BTreeMap<(String, String), u32>,
    versions: BTreeMap<String, u32>,
    /// The key that each alias was bound to.
    aliases: BTreeMap<String, String>,
    /// Keys with new records since the last comparison.
    touched: BTreeSet<String>,
    faults: Vec<String>,
    /// Records that a kill delayed: a restart wrote them.
    recovered: usize,
}

/// Operations that change a key; their records name the key.
const ON_KEYS: [&str; 5] = ["CreateKey", "DisableKey", "ScheduleKeyDeletion", "DestroyKey", "AutomaticRotation"];

impl Records {
    /// Reads what was written since the last time, and compares everything.
    pub(crate) fn compare(&mut self, data_dir: &Path) {
        self.read_on(&data_dir.join("audit"));
        let vault = open(data_dir);
        let keys = self.compare_keys(&vault);
        self.compare_aliases(&vault, &keys);
        self.compare_first_start(&vault, data_dir);
        self.touched.clear();
        let faults = std::mem::take(&mut self.faults);
        let first: Vec<&String> = faults.iter().take(20).collect();
        assert!(faults.is_empty(), "{} of {} keys and their changes: {first:#?}", faults.len(), keys.len());
    }

    /// Records that a restart wrote. Without the outbox, these changes would have no record.
    pub(crate) fn recovered(&self) -> usize {
        self.recovered
    }

    /// How many keys the server rotated, and how many it destroyed, by itself.
    pub(crate) fn automatic(&self) -> (usize, usize) {
        let count = |operation: &str| self.recorded.keys().filter(|(recorded, _)| recorded == operation).count();
        (count("AutomaticRotation"), count("DestroyKey"))
    }

    fn read_on(&mut self, audit: &Path) {
        let mut segments: Vec<PathBuf> = std::fs::read_dir(audit).unwrap().map(|entry| entry.unwrap().path()).collect();
        segments.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        segments.sort();
        for path in segments {
            let mut file = std::fs::File::open(&path).unwrap();
            let mut at = self.read.get(&path).copied().unwrap_or(0);
            file.seek(SeekFrom::Start(at)).unwrap();
            for line in BufReader::new(file).lines() {
                let line = line.unwrap();
                at += line.len() as u64 + 1;
                self.take(&serde_json::from_str(&line).unwrap());
            }
            self.read.insert(path, at);
        }
    }

    fn take(&mut self, line: &Value) {
        if line["kind"] != "request" || line["code"] != "OK" {
            return;
        }
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let operation = text("operation");
        if ["Describe", "List", "Get", "Advance", "Decrypt"].iter().any(|verb| operation.starts_with(verb)) {
            return;
        }
        if !self.requests.insert(text("request_id")) {
            self.faults.push(format!("the request {} of {operation} is recorded twice", text("request_id")));
        }
        if ON_KEYS.contains(&operation.as_str()) || operation == "CreateKeyVersion" {
            self.touched.insert(text("key_id"));
        }
        self.recovered += usize::from(text("detail").starts_with("written after a restart"));
        if !text("key_version_id").is_empty() {
            *self.versions.entry(text("key_version_id")).or_default() += 1;
        }
        if operation == "CreateAlias" {
            self.aliases.insert(text("named"), text("key_id"));
            *self.recorded.entry((operation, text("named"))).or_default() += 1;
        } else {
            *self.recorded.entry((operation, text("key_id"))).or_default() += 1;
        }
    }

    fn expect(&mut self, operation: &str, thing: &str, expected: u32) {
        let recorded = self.recorded.get(&(operation.to_owned(), thing.to_owned())).copied().unwrap_or(0);
        if recorded != expected {
            self.faults.push(format!("{thing} has {recorded} records of {operation}, expected {expected}"));
        }
    }

    fn compare_keys(&mut self, vault: &Vault) -> BTreeMap<String, Key> {
        let stored = vault.list::<Key>(None, usize::MAX).unwrap().records.into_iter().map(|stored| stored.record);
        let keys: BTreeMap<String, Key> = stored.map(|key| (key.id.to_string(), key)).collect();
        for (id, key) in &keys {
            self.expect("CreateKey", id, 1);
            self.expect("DestroyKey", id, 0);
            self.expect("ScheduleKeyDeletion", id, u32::from(key.state == KeyState::PendingDeletion));
            if key.state != KeyState::PendingDeletion {
                self.expect("DisableKey", id, u32::from(key.state == KeyState::Disabled));
            }
            let is_recorded = self.recorded.contains_key(&("CreateKey".to_owned(), id.clone()));
            if self.touched.contains(id) || !is_recorded {
                self.compare_versions(vault, &key.id);
            }
        }
        let created = self.recorded.keys().filter(|(operation, _)| operation == "CreateKey");
        let gone: Vec<String> = created.map(|(_, id)| id.clone()).filter(|id| !keys.contains_key(id)).collect();
        for id in gone {
            self.expect("ScheduleKeyDeletion", &id, 1);
            self.expect("DestroyKey", &id, 1);
        }
        keys
    }

    fn compare_versions(&mut self, vault: &Vault, key: &KeyId) {
        for version in vault.list_of::<KeyVersion>(key, None, usize::MAX).unwrap().records {
            let id = version.record.id.to_string();
            let recorded = self.versions.get(&id).copied().unwrap_or(0);
            if recorded != 1 {
                self.faults.push(format!("the version {id} has {recorded} records, expected 1"));
            }
        }
    }

    fn compare_aliases(&mut self, vault: &Vault, keys: &BTreeMap<String, Key>) {
        let stored = vault.list::<Alias>(None, usize::MAX).unwrap().records;
        let stored: BTreeSet<String> = stored.into_iter().map(|alias| alias.record.name.to_string()).collect();
        for alias in &stored {
            self.expect("CreateAlias", alias, 1);
        }
        for (alias, key) in &self.aliases {
            let is_destroyed = keys.get(key).is_none_or(|key| key.state == KeyState::PendingDeletion);
            if !stored.contains(alias) && !is_destroyed {
                self.faults.push(format!("{alias} has a record and is not there"));
            }
        }
    }

    fn compare_first_start(&mut self, vault: &Vault, data_dir: &Path) {
        for client_key in vault.list::<ClientKey>(None, usize::MAX).unwrap().records {
            self.expect("CreateClientKey", client_key.record.id.as_str(), 1);
        }
        let file = std::fs::read_to_string(data_dir.join("access-key.json")).unwrap();
        let file: Value = serde_json::from_str(&file).unwrap();
        let access_key = AccessKeyId::parse(file["AccessKeyId"].as_str().unwrap()).unwrap();
        assert!(vault.get::<AccessKey>(&access_key).unwrap().is_some());
        self.expect("CreateAccessKey", access_key.as_str(), 1);
        self.expect("CreatePolicy", "first", 1);
        self.expect("CreateApplicationAccessPoint", "first", 1);
    }
}

fn open(data_dir: &Path) -> Vault {
    let engine = claviger_store::open(&StoreConfig::embedded(data_dir)).unwrap();
    Vault::open(engine, &FileSeal::open(&data_dir.join("root.key")).unwrap()).unwrap()
}
