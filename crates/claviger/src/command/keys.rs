//! `key` and `alias`: calls of the control plane.

use serde_json::Value;

use crate::cli::{Alias, Key, Listing, OnOff, OneKey, Target};
use crate::failure::Failure;

/// Calls an action and prints its answer.
pub(super) async fn call(target: &Target, action: &str, parameters: &[(&str, String)]) -> Result<(), Failure> {
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
