//! Aliases: CreateAlias, DeleteAlias, ListAliases (rpc-api 7).

use claviger_base::id::AliasName;
use serde::{Deserialize, Serialize};

use super::error::RpcError;
use super::json::Acknowledged;
use super::page::{PAGE_SIZE_MAX, page_answer, page_request};
use super::parameters::Parameters;
use super::request::Documented::{self, Served};
use super::request::{KEY_ID, Request, one_parameter};

/// Default page size (rpc-api 7.2).
const PAGE_SIZE_DEFAULT: u32 = 10;

/// Adds an alias to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAlias {
    /// `AliasName`.
    pub alias_name: AliasName,
    /// `KeyId`.
    pub key_id: String,
}

impl Request for CreateAlias {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[KEY_ID, Served("AliasName")];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let alias_name = AliasName::parse(parameters.required("AliasName")?);
        let alias_name = alias_name.ok_or_else(|| RpcError::invalid("AliasName"))?;
        Ok(Self { alias_name, key_id: parameters.required("KeyId")?.to_owned() })
    }
}

one_parameter! {
    /// Removes an alias from its key.
    DeleteAlias {
        alias_name: AliasName = "AliasName", |name| AliasName::parse(name).ok_or(RpcError::AliasNotFound)
    } -> Acknowledged
}

page_request! {
    /// Lists the aliases of all keys.
    ListAliases, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX => ListAliasesAnswer
}

page_answer! {
    /// The answer of ListAliases.
    ListAliasesAnswer, aliases: Aliases, alias: AliasEntry
}

/// An alias in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasEntry {
    /// `alias/<name>`.
    pub alias_name: String,
    /// Its ARN.
    pub alias_arn: String,
    /// The key it stands for.
    pub key_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::json::encode;

    #[test]
    fn an_empty_list_is_encoded() {
        let written = String::from_utf8(encode(&ListAliasesAnswer::default()).unwrap()).unwrap();
        assert!(written.contains("\"Aliases\":{\"Alias\":[]}"), "{written}");
    }
}
