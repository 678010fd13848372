//! `key` and `alias`: calls of the control plane.

use claviger_wire::rpc::Action;
use serde_json::{Value, json};

use super::listing::{list_aliases, list_keys};
use crate::cli::{Alias, Key, OnOff, OneKey, Target};
use crate::failure::Failure;
use crate::output::print_text;

/// Calls an action and prints its answer.
pub(super) async fn call(target: &Target, action: Action, parameters: &[(&str, String)]) -> Result<(), Failure> {
    let answer: Value = target.rpc()?.call(action, parameters).await?;
    target.output.print(&answer)
}

async fn on_key(key: OneKey, action: Action, more: &[(&str, String)]) -> Result<(), Failure> {
    let parameters = [&[("KeyId", key.key_id.clone())], more].concat();
    let answered = key.target.rpc()?.call::<Value>(action, &parameters).await;
    key.target.output.print(&answered.map_err(|error| Failure::for_key(error, &key.key_id))?)
}

pub(crate) async fn key(command: Key) -> Result<(), Failure> {
    match command {
        Key::Create { target, spec, usage, description, rotation_interval, quiet } => {
            let mut parameters = vec![("KeySpec", spec), ("Description", description)];
            parameters.extend(usage.map(|usage| ("KeyUsage", usage)));
            if let Some(interval) = rotation_interval {
                parameters.push(("EnableAutomaticRotation", true.to_string()));
                parameters.push(("RotationInterval", interval));
            }
            let answer: Value = target.rpc()?.call(Action::CreateKey, &parameters).await?;
            if quiet {
                let id = answer.pointer("/KeyMetadata/KeyId").and_then(Value::as_str).unwrap_or_default();
                return print_text(&format!("{id}\n"));
            }
            target.output.print(&answer)
        }
        Key::Describe(key) => on_key(key, Action::DescribeKey, &[]).await,
        Key::List(listing) => list_keys(&listing).await,
        Key::Versions(key) => on_key(key, Action::ListKeyVersions, &[]).await,
        Key::Rotate(key) => on_key(key, Action::CreateKeyVersion, &[]).await,
        Key::Enable(key) => on_key(key, Action::EnableKey, &[]).await,
        Key::Disable(key) => on_key(key, Action::DisableKey, &[]).await,
        Key::Delete { key, pending_days } => {
            let parameters = [("KeyId", key.key_id.clone()), ("PendingWindowInDays", pending_days.to_string())];
            let rpc = key.target.rpc()?;
            let answered = rpc.call::<Value>(Action::ScheduleKeyDeletion, &parameters).await;
            let deleted = answered.map_err(|error| Failure::for_key(error, &key.key_id))?;
            // The user will want to know the date. The deletion is scheduled even if this call fails.
            let described: Value =
                rpc.call(Action::DescribeKey, &[("KeyId", key.key_id.clone())]).await.unwrap_or_default();
            let field = |name: &str| described.pointer(&format!("/KeyMetadata/{name}")).cloned();
            key.target.output.print(&json!({
                "RequestId": deleted.get("RequestId"),
                "KeyId": field("KeyId"),
                "KeyState": field("KeyState"),
                "DeleteDate": field("DeleteDate"),
            }))?;
            let until = field("DeleteDate").and_then(|date| Some(format!(" until {}", date.as_str()?)));
            let until = until.unwrap_or_default();
            let undo = format!("to keep it{until}: claviger key cancel-deletion {}", key.key_id);
            key.target.output.print_next_step(&undo);
            Ok(())
        }
        Key::CancelDeletion(key) => on_key(key, Action::CancelKeyDeletion, &[]).await,
        Key::Rotation { key, state, interval } => rotation(key, state == OnOff::On, interval).await,
    }
}

async fn rotation(key: OneKey, is_on: bool, interval: Option<String>) -> Result<(), Failure> {
    let mut parameters = vec![("EnableAutomaticRotation", is_on.to_string())];
    match interval {
        Some(interval) => parameters.push(("RotationInterval", interval)),
        None if is_on => {
            return Err(Failure::Argument("`rotation on` needs --interval, for example 365d".to_owned()));
        }
        None => {}
    }
    on_key(key, Action::UpdateRotationPolicy, &parameters).await
}

pub(crate) async fn alias(command: Alias) -> Result<(), Failure> {
    match command {
        Alias::Create { target, name, key_id, quiet } => {
            let parameters = [("AliasName", name.clone()), ("KeyId", key_id.clone())];
            let answered = target.rpc()?.call::<Value>(Action::CreateAlias, &parameters).await;
            let answer = answered.map_err(|error| Failure::for_key(error, &key_id))?;
            if quiet { print_text(&format!("{name}\n")) } else { target.output.print(&answer) }
        }
        Alias::List(listing) => list_aliases(&listing).await,
        Alias::Delete { target, name } => call(&target, Action::DeleteAlias, &[("AliasName", name)]).await,
    }
}
