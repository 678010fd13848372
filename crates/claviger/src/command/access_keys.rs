//! `access-key`: at a running server, or, with the root key, in the data of a stopped one.

use std::path::{Path, PathBuf};

use claviger_server::{ListedAccessKey, StoppedInstance};
use claviger_wire::rpc::Action;
use claviger_wire::rpc::access_keys::{CreateAccessKeyAnswer, ListAccessKeysAnswer};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::confirm::confirm;
use super::interrupt::Signals;
use super::issued::CredentialKind;
use super::keys::call;
use super::new_file::NewFile;
use crate::cli::{AccessKey, AccessKeyStore, AccessKeyToEnd, OneAccessKey};
use crate::config;
use crate::failure::Failure;
use crate::output::{print_text, print_unstored};

pub(crate) async fn access_key(command: AccessKey) -> Result<(), Failure> {
    match command {
        AccessKey::Create { at, out, print } => create(&at, out, print).await,
        AccessKey::List(at) => list(&at).await,
        AccessKey::Disable(AccessKeyToEnd { one, yes }) => match confirm_own_key(&one, yes)? {
            true => set_active(&one, false).await,
            false => print_text(UNCHANGED),
        },
        AccessKey::Enable(one) => set_active(&one, true).await,
        AccessKey::Delete(AccessKeyToEnd { one, yes }) => match confirm_own_key(&one, yes)? {
            true => delete(&one).await,
            false => print_text(UNCHANGED),
        },
    }
}

async fn delete(one: &OneAccessKey) -> Result<(), Failure> {
    let OneAccessKey { at, access_key_id } = one;
    match at.stopped()? {
        Some(instance) => {
            instance.delete_access_key(access_key_id)?;
            at.target.output.print(&json!({ "AccessKeyId": access_key_id, "Status": "Deleted" }))
        }
        None => call(&at.target, Action::DeleteAccessKey, &[("UserAccessKeyId", access_key_id.clone())]).await,
    }
}

const UNCHANGED: &str = "nothing was changed\n";

/// Asks before this command disables or deletes the access key that it signs with, because later commands would be refused.
/// For a stopped instance it does not ask: the root key opens it whatever access keys exist.
fn confirm_own_key(one: &OneAccessKey, yes: bool) -> Result<bool, Failure> {
    let OneAccessKey { at, access_key_id } = one;
    if yes || at.is_stopped() || at.signs_with().as_ref() != Some(access_key_id) {
        return Ok(true);
    }
    let file = at.target.access_key_file();
    let why = format!(
        "{access_key_id} is the key that this command signs with ({}), and every later command with it is refused",
        file.display()
    );
    let instead = format!("{why}; put the new key there first, or give --yes");
    confirm(&format!("{why}. Continue? [yes/no] "), &instead)
}

impl AccessKeyStore {
    fn is_stopped(&self) -> bool {
        self.root_key_file.is_some() || self.config.is_some()
    }

    /// The id in `access-key.json` in the data directory, if there is one.
    fn signs_with(&self) -> Option<String> {
        let read = claviger_client::AccessKey::read(&self.target.access_key_file());
        read.ok().map(|key| key.id().to_owned())
    }

    /// The stopped instance if one is named; `None` means a running server.
    fn stopped(&self) -> Result<Option<StoppedInstance>, Failure> {
        let (data_dir, root_key_file) = match (&self.root_key_file, &self.config) {
            (Some(root_key_file), _) => (self.target.data_dir.clone(), root_key_file.clone()),
            (None, Some(path)) => {
                let options = config::read(path)?;
                (options.data_dir, options.root_key_file)
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(StoppedInstance::open(&data_dir, &root_key_file)?))
    }
}

/// The words of messages about an access key that could not be kept.
const ACCESS_KEY: CredentialKind = CredentialKind {
    noun: "access key",
    taken_back: "deleted",
    list: "claviger access-key list",
    take_back: "claviger access-key delete",
};

async fn create(at: &AccessKeyStore, out: Option<PathBuf>, print: bool) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    // Reserved first, so that no key is created that cannot be kept.
    let reserved = out.map(|path| NewFile::reserve(path, 0o600)).transpose()?;
    let stopped = at.stopped()?;
    let (id, content, is_interrupted) = match &stopped {
        Some(instance) => {
            let made = instance.create_access_key()?;
            let secret = std::str::from_utf8(made.secret.reveal()).unwrap_or_default();
            let content = content(&made.id, secret);
            let is_interrupted = signals.run_unless_received(std::future::ready(Ok(()))).await.is_err();
            (made.id, content, is_interrupted)
        }
        None => {
            let rpc = at.target.rpc()?;
            let asked = rpc.call::<CreateAccessKeyAnswer>(Action::CreateAccessKey, &[]);
            let answered = signals.run_to_answer(at.target.output, asked).await;
            let (made, is_interrupted) = answered.map_err(|failure| ACCESS_KEY.unanswered(failure))?;
            let made = made.access_key;
            let content = content(&made.access_key_id, &made.access_key_secret);
            (made.access_key_id.clone(), content, is_interrupted)
        }
    };
    let kept = match is_interrupted {
        true => Err(Failure::Interrupted),
        false if print => print_unstored(content.as_bytes()).map(|()| None),
        false => keep(reserved, &id, &content).map(Some),
    };
    match kept {
        Ok(Some(path)) => {
            at.target.output.print(&json!({ "AccessKeyId": id, "Status": "Active", "File": path }))?;
            at.target.output.print_next_step(&next_step(at, &path));
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(cause) => {
            let deleted = signals.run_unless_received(take_back(at, stopped.as_ref(), &id)).await;
            Err(ACCESS_KEY.undone(&id, cause, deleted))
        }
    }
}

/// The next step of a key exchange.
fn next_step(at: &AccessKeyStore, new: &Path) -> String {
    if at.is_stopped() {
        // Here, --data-dir is the server's own directory, which is no place for credentials.
        return format!(
            "next: {} is the access-key.json of a credentials directory; `claviger access-key delete OLD_ID` ends a lost one",
            new.display()
        );
    }
    let used = at.target.access_key_file();
    let old = at.signs_with();
    let old = old.as_deref().unwrap_or("OLD_ID");
    let is_there = |used| std::fs::canonicalize(new).is_ok_and(|new| new == used);
    if std::fs::canonicalize(&used).is_ok_and(is_there) {
        return "next: `claviger access-key list` shows the old one, `claviger access-key disable OLD_ID` ends it"
            .to_owned();
    }
    format!(
        "next: copy {} to {} and wherever else {old} is used, then `claviger access-key disable {old}`",
        new.display(),
        used.display()
    )
}

/// Writes the file, under its default name if none was reserved.
fn keep(reserved: Option<NewFile>, id: &str, content: &str) -> Result<PathBuf, Failure> {
    let usual = || NewFile::reserve(Path::new(".").join(format!("access-key-{id}.json")), 0o600);
    let mut file = reserved.map_or_else(usual, Ok)?;
    file.write(content.as_bytes())?;
    file.publish()
}

/// Deletes an access key that could not be kept.
async fn take_back(at: &AccessKeyStore, stopped: Option<&StoppedInstance>, id: &str) -> Result<(), Failure> {
    match stopped {
        Some(instance) => Ok(instance.delete_access_key(id)?),
        None => {
            let named = [("UserAccessKeyId", id.to_owned())];
            let _answer: Value = at.target.rpc()?.call(Action::DeleteAccessKey, &named).await?;
            Ok(())
        }
    }
}

/// The file in the form that every client reads. Both values are plain ASCII without quotes.
fn content(id: &str, secret: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{{\"AccessKeyId\":\"{id}\",\"AccessKeySecret\":\"{secret}\"}}\n"))
}

async fn list(at: &AccessKeyStore) -> Result<(), Failure> {
    let mut entries: Vec<Value> = match at.stopped()? {
        Some(instance) => instance.access_keys()?.iter().map(entry).collect(),
        None => {
            let listed: ListAccessKeysAnswer = at.target.rpc()?.call(Action::ListAccessKeys, &[]).await?;
            listed.access_keys.access_key.iter().map(|entry| json!(entry)).collect()
        }
    };
    let own = at.signs_with();
    for entry in &mut entries {
        let signs_here = own.as_deref().is_some_and(|own| entry.get("AccessKeyId").is_some_and(|id| id == own));
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("SignsHere".to_owned(), signs_here.into());
        }
    }
    at.target.output.print(&json!({ "AccessKeys": entries }))
}

fn entry(key: &ListedAccessKey) -> Value {
    json!({ "AccessKeyId": key.id, "Status": status(key.is_active), "CreateDate": key.created })
}

fn status(is_active: bool) -> &'static str {
    if is_active { "Active" } else { "Inactive" }
}

async fn set_active(one: &OneAccessKey, is_active: bool) -> Result<(), Failure> {
    let OneAccessKey { at, access_key_id } = one;
    match at.stopped()? {
        Some(instance) => {
            instance.set_access_key_active(access_key_id, is_active)?;
            at.target.output.print(&json!({ "AccessKeyId": access_key_id, "Status": status(is_active) }))
        }
        None => {
            let named = [("UserAccessKeyId", access_key_id.clone()), ("Status", status(is_active).to_owned())];
            call(&at.target, Action::UpdateAccessKey, &named).await
        }
    }
}
