//! `key`, `alias` and `client-key`: calls of the control plane.

use claviger_crypto::client_key::generate_password;
use claviger_wire::rpc::answer::CreateClientKeyAnswer;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::data_key_pair::write_new;
use crate::cli::{Alias, ClientKey, Key, Listing, OnOff, OneKey, Target};
use crate::failure::Failure;

/// Calls an action and prints its answer.
async fn call(target: &Target, action: &str, parameters: &[(&str, String)]) -> Result<(), Failure> {
    let answer: Value = target.rpc()?.call(action, parameters).await?;
    target.output.print(&answer)
}

async fn on_key(key: OneKey, action: &str) -> Result<(), Failure> {
    call(&key.target, action, &[("KeyId", key.key_id)]).await
}

async fn list(listing: Listing, action: &str) -> Result<(), Failure> {
    let page = [("PageNumber", listing.page.to_string()), ("PageSize", listing.page_size.to_string())];
    call(&listing.target, action, &page).await
}

pub(crate) async fn key(command: Key) -> Result<(), Failure> {
    match command {
        Key::Create { target, spec, usage, description, rotation_interval } => {
            let mut parameters = vec![("KeySpec", spec), ("Description", description)];
            parameters.extend(usage.map(|usage| ("KeyUsage", usage)));
            if let Some(interval) = rotation_interval {
                parameters.push(("EnableAutomaticRotation", true.to_string()));
                parameters.push(("RotationInterval", interval));
            }
            call(&target, "CreateKey", &parameters).await
        }
        Key::Describe(key) => on_key(key, "DescribeKey").await,
        Key::List(listing) => list(listing, "ListKeys").await,
        Key::Rotate(key) => on_key(key, "CreateKeyVersion").await,
        Key::Enable(key) => on_key(key, "EnableKey").await,
        Key::Disable(key) => on_key(key, "DisableKey").await,
        Key::Rotation { key, state, interval } => {
            let is_on = state == OnOff::On;
            let mut parameters = vec![("KeyId", key.key_id), ("EnableAutomaticRotation", is_on.to_string())];
            match interval {
                Some(interval) => parameters.push(("RotationInterval", interval)),
                None if is_on => {
                    return Err(Failure::Argument("`rotation on` needs --interval, for example 365d".to_owned()));
                }
                None => {}
            }
            call(&key.target, "UpdateRotationPolicy", &parameters).await
        }
    }
}

pub(crate) async fn alias(command: Alias) -> Result<(), Failure> {
    match command {
        Alias::Create { target, name, key_id } => {
            call(&target, "CreateAlias", &[("AliasName", name), ("KeyId", key_id)]).await
        }
        Alias::List(listing) => list(listing, "ListAliases").await,
        Alias::Delete { target, name } => call(&target, "DeleteAlias", &[("AliasName", name)]).await,
    }
}

pub(crate) async fn client_key(command: ClientKey) -> Result<(), Failure> {
    match command {
        ClientKey::Create { target, name, out, not_before, not_after } => {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
                return Err(Failure::Argument(format!("`{name}` is not a name of letters, digits, - and _")));
            }
            let password = generate_password().map_err(|_failed| Failure::Argument("no random bytes".to_owned()))?;
            let mut parameters = vec![("AapName", name.clone()), ("Password", password.reveal().to_owned())];
            parameters.extend(not_before.map(|date| ("NotBefore", date)));
            parameters.extend(not_after.map(|date| ("NotAfter", date)));
            let made: CreateClientKeyAnswer = target.rpc()?.call("CreateClientKey", &parameters).await?;
            let file = Zeroizing::new(format!(
                "{{\"KeyId\":\"{}\",\"PrivateKeyData\":\"{}\"}}\n",
                made.client_key_id, made.private_key_data
            ));
            let (key_file, password_file) =
                (out.join(format!("{name}.json")), out.join(format!("{name}-password.txt")));
            write_new(&key_file, file.as_bytes(), 0o600)?;
            write_new(&password_file, password.reveal().as_bytes(), 0o600)?;
            target.output.print(&json!({
                "ClientKeyId": made.client_key_id,
                "NotBefore": made.not_before,
                "NotAfter": made.not_after,
                "KeyFile": key_file,
                "PasswordFile": password_file,
            }))
        }
        ClientKey::List { target } => call(&target, "ListClientKeys", &[]).await,
        ClientKey::Revoke { target, client_key_id } => {
            call(&target, "DeleteClientKey", &[("ClientKeyId", client_key_id)]).await
        }
    }
}
