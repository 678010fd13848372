//! `client-key`: client keys with their application access point and its policy, through the control plane.

use std::path::{Path, PathBuf};

use claviger_base::{Clock, Timestamp};
use claviger_crypto::client_key::generate_password;
use claviger_model::Resource;
use claviger_wire::rpc::Action;
use claviger_wire::rpc::client_keys::{CreateClientKeyAnswer, ListClientKeysAnswer};
use claviger_wire::rpc::keys::KeyAnswer;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::access_point::{AccessPoint, AccessPointOptions, networks_of, of_policies, policies_of};
use super::interrupt::Signals;
use super::issued::CredentialKind;
use super::keys::call;
use super::new_file::{NewFile, publish_all};
use crate::cli::{ClientKey, NewClientKey, Target};
use crate::failure::Failure;
use crate::output::{Output, print_text, table};

pub(crate) async fn client_key(command: ClientKey) -> Result<(), Failure> {
    match command {
        ClientKey::Create(new) => create(new).await,
        ClientKey::List { target } => list(&target).await,
        ClientKey::Revoke { target, client_key_id } => {
            call(&target, Action::DeleteClientKey, &[("ClientKeyId", client_key_id)]).await
        }
    }
}

/// The words of messages about a client key that could not be kept.
const CLIENT_KEY: CredentialKind = CredentialKind {
    noun: "client key",
    taken_back: "revoked",
    list: "claviger client-key list",
    take_back: "claviger client-key revoke",
};

async fn create(new: NewClientKey) -> Result<(), Failure> {
    let NewClientKey { target, name, permissions, resources, networks, out, not_before, not_after, quiet } = new;
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Err(Failure::Argument(format!("`{name}` is not a name of letters, digits, - and _")));
    }
    check_dates(not_before, not_after)?;
    let mut signals = Signals::listen()?;
    let resources = signals.run_unless_received(resolve_resources(&target, resources)).await?;
    let files = KeyFiles::reserve(&out, &name)?;
    let mut point = AccessPoint::new(target.rpc()?, &name);
    if let Err(cause) =
        signals.run_unless_received(point.make(&AccessPointOptions { permissions, resources, networks })).await
    {
        return Err(point.take_back(cause, &mut signals).await);
    }
    let password = generate_password().map_err(|_failed| Failure::Argument("no random bytes".to_owned()))?;
    let mut parameters = vec![("AapName", name.clone()), ("Password", password.reveal().to_owned())];
    parameters.extend(not_before.map(|date| ("NotBefore", date.to_string())));
    parameters.extend(not_after.map(|date| ("NotAfter", date.to_string())));
    let rpc = target.rpc()?;
    let asked = rpc.call::<CreateClientKeyAnswer>(Action::CreateClientKey, &parameters);
    let answered = signals.run_to_answer(target.output, asked).await;
    let (made, is_interrupted) = match answered.map_err(|failure| CLIENT_KEY.unanswered(failure)) {
        Ok(answered) => answered,
        // A client key may exist, and it needs the access point.
        Err(failure @ Failure::CredentialLost { .. }) => return Err(failure),
        Err(failure) => return Err(point.take_back(failure, &mut signals).await),
    };
    let kept = if is_interrupted { Err(Failure::Interrupted) } else { files.keep(&made, password.reveal()) };
    let [key_file, password_file] = match kept {
        Ok(paths) => paths,
        Err(cause) => {
            let id = [("ClientKeyId", made.client_key_id.clone())];
            let revoking = async { Ok(rpc.call::<Value>(Action::DeleteClientKey, &id).await.map(|_answer| ())?) };
            let revoked = signals.run_unless_received(revoking).await;
            let is_revoked = revoked.is_ok();
            let failure = CLIENT_KEY.undone(&made.client_key_id, cause, revoked);
            return Err(if is_revoked { point.take_back(failure, &mut signals).await } else { failure });
        }
    };
    if quiet {
        return print_text(&format!("{}\n", made.client_key_id));
    }
    // By now the client key is issued and stored, whatever this call returns.
    let policies = signals.run_unless_received(policies_of(&rpc, &name)).await.ok();
    let mut answer = json!({ "ClientKeyId": made.client_key_id, "AapName": name });
    let more = match (target.output, policies) {
        (Output::Json, policies) => json!({ "Policies": policies }),
        (Output::Text, Some(policies)) => json!({
            "Permissions": of_policies(&policies, "Permissions"),
            "Resources": of_policies(&policies, "Resources"),
            "Networks": networks_of(&policies),
        }),
        (Output::Text, None) => json!({}),
    };
    let files = json!({
        "NotBefore": made.not_before,
        "NotAfter": made.not_after,
        "KeyFile": key_file,
        "PasswordFile": password_file,
    });
    if let Some(fields) = answer.as_object_mut() {
        fields.extend([more, files].into_iter().filter_map(|part| part.as_object().cloned()).flatten());
    }
    target.output.print(&answer)
}

/// Checks the dates before anything is created. The server checks them again by its own clock.
fn check_dates(not_before: Option<Timestamp>, not_after: Option<Timestamp>) -> Result<(), Failure> {
    let (Some(begin), Some(end)) = (not_before, not_after) else { return Ok(()) };
    if end <= Clock::default().real_now() {
        return Err(Failure::Argument(format!("--not-after {end} has passed: the client key would be refused")));
    }
    if end <= begin {
        return Err(Failure::Argument(format!("--not-after {end} is not after --not-before {begin}")));
    }
    Ok(())
}

/// The two files of a client key.
struct KeyFiles {
    key: NewFile,
    password: NewFile,
}

impl KeyFiles {
    fn reserve(out: &Path, name: &str) -> Result<Self, Failure> {
        let key = NewFile::reserve(out.join(format!("{name}.json")), 0o600)?;
        let password = NewFile::reserve(out.join(format!("{name}-password.txt")), 0o600)?;
        Ok(Self { key, password })
    }

    /// Creates both files or none. Returns the paths of key and password.
    fn keep(mut self, made: &CreateClientKeyAnswer, password: &str) -> Result<[PathBuf; 2], Failure> {
        let content = Zeroizing::new(format!(
            "{{\"KeyId\":\"{}\",\"PrivateKeyData\":\"{}\"}}\n",
            made.client_key_id, made.private_key_data
        ));
        let paths = [self.key.path().to_owned(), self.password.path().to_owned()];
        self.password.write(password.as_bytes())?;
        self.key.write(content.as_bytes())?;
        publish_all(vec![self.password, self.key])?;
        Ok(paths)
    }
}

async fn list(target: &Target) -> Result<(), Failure> {
    let rpc = target.rpc()?;
    let listed: ListClientKeysAnswer = rpc.call(Action::ListClientKeys, &[]).await?;
    let mut entries = Vec::new();
    let mut rows = Vec::new();
    for key in listed.client_keys {
        let policies = policies_of(&rpc, &key.aap_name).await?;
        let cell = |field| of_policies(&policies, field).join(", ");
        let (permissions, resources) = (cell("Permissions"), cell("Resources"));
        let networks = networks_of(&policies).join(", ");
        let (id, name) = (key.client_key_id.clone(), key.aap_name.clone());
        rows.push(vec![id, name, key.not_before.clone(), key.not_after.clone(), permissions, resources, networks]);
        let mut entry = json!(key);
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("Policies".to_owned(), json!(policies));
        }
        entries.push(entry);
    }
    if target.output == Output::Text {
        let titles = ["CLIENT KEY", "ACCESS POINT", "NOT BEFORE", "NOT AFTER", "PERMISSIONS", "RESOURCES", "NETWORKS"];
        return print_text(&table(&titles, rows));
    }
    target.output.print(&json!({ "RequestId": listed.request_id, "ClientKeys": entries }))
}

/// Resolves an alias to its key, since policies take only `key/<id>`, and refuses other resources before anything is
/// created.
async fn resolve_resources(target: &Target, resources: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut resolved = Vec::new();
    for resource in resources {
        if Resource::parse(&resource).is_some() {
            resolved.push(resource);
            continue;
        }
        let name = resource.strip_prefix("key/").unwrap_or(&resource);
        if !name.starts_with("alias/") {
            return Err(Failure::Argument(format!(
                "--resource {resource}: give key/* or key/ID with an id that `claviger key list` shows, alias/NAME, secret/* or secret/NAME"
            )));
        }
        let described = target.rpc()?.call::<KeyAnswer>(Action::DescribeKey, &[("KeyId", name.to_owned())]).await;
        let described = described.map_err(|error| Failure::for_key(error, name))?;
        resolved.push(format!("key/{}", described.key_metadata.key_id));
    }
    Ok(resolved)
}
