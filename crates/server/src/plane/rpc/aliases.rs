//! The actions on aliases (rpc-api 7).

use claviger_wire::rpc::aliases::{AliasEntry, Aliases, CreateAlias, DeleteAlias, ListAliases, ListAliasesAnswer};
use claviger_wire::rpc::json::Acknowledged;

use super::call::{Call, page_request, total};
use super::errors::Result;
use crate::plane::outcome::Outcome;

pub(super) fn create(call: &Call<'_>, request: CreateAlias) -> Result<Acknowledged> {
    let key = call.key(&request.key_id)?;
    let alias = call.service.create_alias(&request.alias_name, &key, &call.intent)?;
    Ok(Outcome::of_key(alias.key, call.acknowledged()))
}

pub(super) fn delete(call: &Call<'_>, request: DeleteAlias) -> Result<Acknowledged> {
    let alias = call.service.delete_alias(&request.alias_name, &call.intent)?;
    Ok(Outcome::of_key(alias.key, call.acknowledged()))
}

pub(super) fn list(call: &Call<'_>, request: ListAliases) -> Result<ListAliasesAnswer> {
    let listing = call.service.list_aliases(page_request(request.page))?;
    let entries = listing.aliases.iter().map(|alias| AliasEntry {
        alias_name: alias.name.to_string(),
        alias_arn: call.arn("", alias.name.as_str()),
        key_id: alias.key.to_string(),
    });
    let answer = ListAliasesAnswer {
        request_id: call.request_id.clone(),
        aliases: Aliases { alias: entries.collect() },
        page_number: request.page.number,
        page_size: request.page.size,
        total_count: total(listing.total),
    };
    Ok(answer.into())
}
