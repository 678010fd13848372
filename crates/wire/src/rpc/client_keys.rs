//! Client keys: CreateClientKey, GetClientKey, ListClientKeys, DeleteClientKey (rpc-api 13.3).

use std::fmt;

use claviger_base::Timestamp;
use claviger_base::id::{ClientKeyId, RuleName};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::RpcError;
use super::json::Acknowledged;
use super::parameters::Parameters;
use super::request::Documented::{self, Served};
use super::request::{Request, one_parameter, rule_name};

/// Creates a client key of an application access point.
#[derive(Clone, PartialEq, Eq)]
pub struct CreateClientKey {
    /// `AapName`: the application access point.
    pub aap_name: RuleName,
    /// `Password`, which encrypts the private key in the answer.
    pub password: Zeroizing<String>,
    /// `NotBefore` and `NotAfter`; by default the server chooses.
    pub validity: Option<(Timestamp, Timestamp)>,
}

impl fmt::Debug for CreateClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateClientKey").field("aap_name", &self.aap_name).finish_non_exhaustive()
    }
}

impl Request for CreateClientKey {
    type Answer = CreateClientKeyAnswer;

    const PARAMETERS: &'static [Documented] =
        &[Served("AapName"), Served("Password"), Served("NotBefore"), Served("NotAfter")];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let aap_name = rule_name(parameters.required("AapName")?)?;
        let password = Zeroizing::new(parameters.required("Password")?.to_owned());
        let validity = match (date(parameters, "NotBefore")?, date(parameters, "NotAfter")?) {
            (None, None) => None,
            (Some(not_before), Some(not_after)) => Some((not_before, not_after)),
            (None, Some(_)) => return Err(RpcError::MissingParameter("NotBefore")),
            (Some(_), None) => return Err(RpcError::MissingParameter("NotAfter")),
        };
        Ok(Self { aap_name, password, validity })
    }
}

fn date(parameters: &Parameters, name: &'static str) -> Result<Option<Timestamp>, RpcError> {
    let Some(text) = parameters.optional(name) else { return Ok(None) };
    Timestamp::parse_iso8601(text).map(Some).ok_or_else(|| RpcError::invalid(name))
}

/// The answer of CreateClientKey, the only one that contains the private key. The encoder wipes the bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateClientKeyAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// `KAAP.<uuid>`.
    pub client_key_id: String,
    /// `RSA_2048`.
    pub key_algorithm: String,
    /// Base64 of a PKCS#12 file, encrypted with the caller's password.
    pub private_key_data: String,
    /// Date.
    pub not_before: String,
    /// Date.
    pub not_after: String,
}

impl fmt::Debug for CreateClientKeyAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateClientKeyAnswer").field("client_key_id", &self.client_key_id).finish_non_exhaustive()
    }
}

one_parameter! {
    /// Shows a client key.
    GetClientKey { client_key_id: ClientKeyId = "ClientKeyId", client_key_id } -> ClientKeyAnswer
}

one_parameter! {
    /// Revokes a client key.
    DeleteClientKey { client_key_id: ClientKeyId = "ClientKeyId", client_key_id } -> Acknowledged
}

fn client_key_id(text: &str) -> Result<ClientKeyId, RpcError> {
    ClientKeyId::parse(text).ok_or(RpcError::ResourceNotFound)
}

/// The answer of GetClientKey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientKeyAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The client key.
    #[serde(flatten)]
    pub client_key: ClientKeyEntry,
}

/// Lists client keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListClientKeys {
    /// `AapName`: only those of this application access point, if given.
    pub aap_name: Option<String>,
}

impl Request for ListClientKeys {
    type Answer = ListClientKeysAnswer;

    const PARAMETERS: &'static [Documented] = &[Served("AapName")];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        Ok(Self { aap_name: parameters.optional("AapName").map(str::to_owned) })
    }
}

/// The answer of ListClientKeys: a flat array without pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListClientKeysAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The list.
    pub client_keys: Vec<ClientKeyEntry>,
}

/// A client key, in a list and alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientKeyEntry {
    /// The application access point.
    pub aap_name: String,
    /// `KAAP.<uuid>`.
    pub client_key_id: String,
    /// Date.
    pub create_time: String,
    /// `RSA_2048`.
    pub key_algorithm: String,
    /// `KMS_PROVIDED`.
    pub key_origin: String,
    /// Date.
    pub not_before: String,
    /// Date.
    pub not_after: String,
    /// The certificate, PEM.
    pub public_key_data: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        let parameters = Parameters::decode("AapName=a&Password=hunter2", b"").unwrap();
        let printed = format!("{:?}", CreateClientKey::read(&parameters).unwrap());
        assert!(printed.contains("aap_name") && !printed.contains("hunter"), "{printed}");
    }

    #[test]
    fn a_validity_has_both_ends_or_none() {
        let read = |query: &str| CreateClientKey::read(&Parameters::decode(query, b"").unwrap());
        let missing = |query: &str| read(query).unwrap_err();
        let (start, end) = ("NotBefore=2026-01-01T00:00:00Z", "NotAfter=2027-01-01T00:00:00Z");
        assert_eq!(missing(&format!("AapName=a&Password=b&{start}")), RpcError::MissingParameter("NotAfter"));
        assert_eq!(missing(&format!("AapName=a&Password=b&{end}")), RpcError::MissingParameter("NotBefore"));
        assert!(read(&format!("AapName=a&Password=b&{start}&{end}")).unwrap().validity.is_some());
    }
}
