//! `client-key`: client keys with their application access point and its policy, by calls of the control plane.

use std::path::{Path, PathBuf};

use claviger_client::{ClientError, RpcClient};
use claviger_crypto::client_key::generate_password;
use claviger_model::{Permission, Resource};
use claviger_wire::rpc::answer::access::{AccessPointAnswer, PolicyAnswer};
use claviger_wire::rpc::answer::{CreateClientKeyAnswer, KeyAnswer, ListClientKeysAnswer};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::interrupt::Signals;
use super::issued::Issued;
use super::keys::call;
use super::new_file::{NewFile, publish_all};
use crate::cli::{ClientKey, NewClientKey, PermissionName, Target};
use crate::failure::Failure;
use crate::output::{Output, say, table};

/// What a new application access point may do.
struct Wanted {
    permissions: Vec<PermissionName>,
    resources: Vec<String>,
    networks: Vec<String>,
}

pub(crate) async fn client_key(command: ClientKey) -> Result<(), Failure> {
    match command {
        ClientKey::Create(new) => create(new).await,
        ClientKey::List { target } => list(&target).await,
        ClientKey::Revoke { target, client_key_id } => {
            call(&target, "DeleteClientKey", &[("ClientKeyId", client_key_id)]).await
        }
    }
}

/// What is said of a client key that could not be kept.
const CLIENT_KEY: Issued = Issued {
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
    let mut signals = Signals::listen()?;
    let resources = signals.or(resolve_resources(&target, resources)).await?;
    let files = KeyFiles::reserve(&out, &name)?;
    signals.or(make_access_point(&target, &name, &Wanted { permissions, resources, networks })).await?;
    let password = generate_password().map_err(|_failed| Failure::Argument("no random bytes".to_owned()))?;
    let mut parameters = vec![("AapName", name.clone()), ("Password", password.reveal().to_owned())];
    parameters.extend(not_before.map(|date| ("NotBefore", date)));
    parameters.extend(not_after.map(|date| ("NotAfter", date)));
    let rpc = target.rpc()?;
    let asked = rpc.call::<CreateClientKeyAnswer>("CreateClientKey", &parameters);
    let answered = signals.through(target.output, asked).await;
    let (made, is_interrupted) = answered.map_err(|failure| CLIENT_KEY.not_answered(failure))?;
    let kept = if is_interrupted { Err(Failure::Interrupted) } else { files.keep(&made, password.reveal()) };
    let [key_file, password_file] = match kept {
        Ok(paths) => paths,
        Err(cause) => {
            let id = [("ClientKeyId", made.client_key_id.clone())];
            let revoking = async { Ok(rpc.call::<Value>("DeleteClientKey", &id).await.map(|_answer| ())?) };
            return Err(CLIENT_KEY.not_kept(&made.client_key_id, cause, signals.or(revoking).await));
        }
    };
    if quiet {
        return say(&format!("{}\n", made.client_key_id));
    }
    target.output.print(&json!({
        "ClientKeyId": made.client_key_id,
        "AapName": name,
        // The client key is issued and kept, whatever becomes of this question.
        "Policies": signals.or(policies_of(&rpc, &name)).await.ok(),
        "NotBefore": made.not_before,
        "NotAfter": made.not_after,
        "KeyFile": key_file,
        "PasswordFile": password_file,
    }))
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

    /// Both or none: the paths of key and password.
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

/// Makes network rule, policy and access point of that name, unless the access point exists.
async fn make_access_point(target: &Target, name: &str, wanted: &Wanted) -> Result<(), Failure> {
    let rpc = target.rpc()?;
    let named = |more: &[(&'static str, String)]| [&[("Name", name.to_owned())], more].concat();
    let described = rpc.call::<AccessPointAnswer>("DescribeApplicationAccessPoint", &named(&[])).await;
    let is_plain = wanted.permissions.is_empty() && wanted.resources.is_empty() && wanted.networks.is_empty();
    match described {
        Ok(_) if is_plain => return Ok(()),
        Ok(_) => {
            return Err(Failure::Argument(format!(
                "the application access point `{name}` exists; choose another name, or leave --permission, --resource and --network out to make one more key of it"
            )));
        }
        Err(ClientError::Api { status: 404, .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let has_networks = !wanted.networks.is_empty();
    if has_networks {
        let rule = [("Type", "Private".to_owned()), ("SourcePrivateIp", json!(wanted.networks).to_string())];
        rpc.call::<Value>("CreateNetworkRule", &named(&rule)).await?;
    }
    let rules = if has_networks { vec![name] } else { Vec::new() };
    let permission = |name: &PermissionName| match name {
        PermissionName::KeyUser => Permission::KeyUser.name(),
        PermissionName::SecretUser => Permission::SecretUser.name(),
    };
    let permissions: Vec<_> = match wanted.permissions.as_slice() {
        [] => vec![Permission::KeyUser.name()],
        given => given.iter().map(permission).collect(),
    };
    let resources = if wanted.resources.is_empty() { json!(["key/*"]) } else { json!(wanted.resources) };
    let policy = [
        ("Permissions", json!(permissions).to_string()),
        ("Resources", resources.to_string()),
        ("AccessControlRules", json!({ "NetworkRules": rules }).to_string()),
    ];
    if let Err(error) = rpc.call::<Value>("CreatePolicy", &named(&policy)).await {
        if has_networks {
            // The rule was for this policy alone; if it stays, `claviger` says so when it is asked again.
            let _either = rpc.call::<Value>("DeleteNetworkRule", &named(&[])).await;
        }
        return Err(error.into());
    }
    let point = [("AuthenticationMethod", "ClientKey".to_owned()), ("Policies", json!([name]).to_string())];
    rpc.call::<Value>("CreateApplicationAccessPoint", &named(&point)).await?;
    Ok(())
}

/// The policies of an access point, each as the API describes it; none for a key that no access point governs.
async fn policies_of(rpc: &RpcClient, name: &str) -> Result<Vec<Value>, Failure> {
    let by_name = |name: &str| [("Name", name.to_owned())];
    let point = match rpc.call::<AccessPointAnswer>("DescribeApplicationAccessPoint", &by_name(name)).await {
        Ok(point) => point,
        Err(ClientError::Api { status: 404, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let names: Vec<String> = serde_json::from_str(&point.policies).unwrap_or_default();
    let mut policies = Vec::new();
    for name in names {
        let policy: PolicyAnswer<Vec<String>> = rpc.call("DescribePolicy", &by_name(&name)).await?;
        policies.push(json!({
            "Name": policy.name,
            "Permissions": policy.permissions,
            "Resources": policy.resources,
            "AccessControlRules": policy.access_control_rules,
        }));
    }
    Ok(policies)
}

async fn list(target: &Target) -> Result<(), Failure> {
    let rpc = target.rpc()?;
    let listed: ListClientKeysAnswer = rpc.call("ListClientKeys", &[]).await?;
    let mut entries = Vec::new();
    let mut rows = Vec::new();
    for key in listed.client_keys {
        let policies = policies_of(&rpc, &key.aap_name).await?;
        let of_policies = |field: &str| {
            let lists = policies.iter().filter_map(|policy| policy.get(field)?.as_array());
            lists.flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        };
        let (permissions, resources) = (of_policies("Permissions"), of_policies("Resources"));
        let (id, name) = (key.client_key_id.clone(), key.aap_name.clone());
        rows.push(vec![id, name, key.not_before.clone(), key.not_after.clone(), permissions, resources]);
        let mut entry = json!(key);
        if let Some(fields) = entry.as_object_mut() {
            fields.insert("Policies".to_owned(), json!(policies));
        }
        entries.push(entry);
    }
    if target.output == Output::Text {
        let titles = ["CLIENT KEY", "ACCESS POINT", "NOT BEFORE", "NOT AFTER", "PERMISSIONS", "RESOURCES"];
        return say(&table(&titles, rows));
    }
    target.output.print(&json!({ "RequestId": listed.request_id, "ClientKeys": entries }))
}

/// Policies take `key/<id>` alone: an alias is resolved now, and anything else is named before a file or rule is made.
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
        let described: KeyAnswer = target.rpc()?.call("DescribeKey", &[("KeyId", name.to_owned())]).await?;
        resolved.push(format!("key/{}", described.key_metadata.key_id));
    }
    Ok(resolved)
}
