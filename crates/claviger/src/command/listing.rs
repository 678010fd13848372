//! `key list` and `alias list`: all pages, as a table for users and in the API's own form for programs.

use std::collections::BTreeMap;

use claviger_client::{ClientError, RpcClient};
use claviger_wire::rpc::Action;
use claviger_wire::rpc::aliases::{AliasEntry, ListAliasesAnswer};
use claviger_wire::rpc::keys::{KeyAnswer, KeyEntry, ListKeysAnswer};

use crate::cli::Listing;
use crate::failure::Failure;
use crate::output::{Output, print_text, table};

/// The limit of the API.
const PAGE_SIZE_MAX: u32 = 100;

fn page(number: u32, size: u32) -> [(&'static str, String); 2] {
    [("PageNumber", number.to_string()), ("PageSize", size.to_string())]
}

/// One page if one was requested, otherwise all pages in one answer.
async fn keys(rpc: &RpcClient, listing: &Listing) -> Result<ListKeysAnswer, Failure> {
    let first = listing.page.unwrap_or(1);
    let mut all: ListKeysAnswer = rpc.call(Action::ListKeys, &page(first, listing.page_size)).await?;
    let mut number = first;
    let mut got = all.keys.key.len();
    while listing.page.is_none() && got == listing.page_size as usize {
        number += 1;
        let more: ListKeysAnswer = rpc.call(Action::ListKeys, &page(number, listing.page_size)).await?;
        got = more.keys.key.len();
        all.keys.key.extend(more.keys.key);
    }
    Ok(all)
}

async fn aliases(rpc: &RpcClient, first: Option<u32>, size: u32) -> Result<ListAliasesAnswer, Failure> {
    let mut number = first.unwrap_or(1);
    let mut all: ListAliasesAnswer = rpc.call(Action::ListAliases, &page(number, size)).await?;
    let mut got = all.aliases.alias.len();
    while first.is_none() && got == size as usize {
        number += 1;
        let more: ListAliasesAnswer = rpc.call(Action::ListAliases, &page(number, size)).await?;
        got = more.aliases.alias.len();
        all.aliases.alias.extend(more.aliases.alias);
    }
    Ok(all)
}

pub(super) async fn list_aliases(listing: &Listing) -> Result<(), Failure> {
    let listed = aliases(&listing.target.rpc()?, listing.page, listing.page_size).await?;
    if listing.target.output == Output::Json {
        return listing.target.output.print(&listed);
    }
    let row = |alias: AliasEntry| vec![alias.alias_name, alias.key_id];
    print_text(&table(&["ALIAS", "KEY"], listed.aliases.alias.into_iter().map(row).collect()))
}

pub(super) async fn list_keys(listing: &Listing) -> Result<(), Failure> {
    let rpc = listing.target.rpc()?;
    let listed = keys(&rpc, listing).await?;
    if listing.target.output == Output::Json {
        return listing.target.output.print(&listed);
    }
    let mut names = BTreeMap::<String, Vec<String>>::new();
    for alias in aliases(&rpc, None, PAGE_SIZE_MAX).await?.aliases.alias {
        names.entry(alias.key_id).or_default().push(alias.alias_name);
    }
    let mut rows = Vec::new();
    for KeyEntry { key_id, .. } in listed.keys.key {
        let described = rpc.call::<KeyAnswer>(Action::DescribeKey, &[("KeyId", key_id.clone())]).await;
        let key = match described {
            Ok(answer) => answer.key_metadata,
            // The key was destroyed after it was listed.
            Err(ClientError::Api { status: 404, .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let rotation = match key.next_rotation_date {
            Some(next) => format!("{}, next {next}", key.automatic_rotation),
            None => key.automatic_rotation,
        };
        let alias = names.get(&key_id).map(|names| names.join(", "));
        let version = key.primary_key_version.unwrap_or_else(none);
        rows.push(vec![alias.unwrap_or_else(none), key_id, key.key_spec, key.key_state, version, rotation]);
    }
    print_text(&table(&["ALIAS", "KEY", "SPEC", "STATE", "PRIMARY VERSION", "ROTATION"], rows))
}

fn none() -> String {
    "-".to_owned()
}
