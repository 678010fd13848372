//! GetSecretValue (instance-api 5.7).

use super::secret_fields::secret_fields;

/// Asks for one version of a secret.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct GetSecretValueRequest {
    /// Name of the secret.
    #[prost(string, tag = "1")]
    pub secret_name: String,
    /// Default `ACSCurrent`.
    #[prost(string, tag = "2")]
    pub version_stage: String,
    /// Version of the secret.
    #[prost(string, tag = "3")]
    pub version_id: String,
    /// Whether to return the extended configuration.
    #[prost(bool, tag = "4")]
    pub fetch_extended_config: bool,
}

/// One version of a secret.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GetSecretValueResponse {
    /// Name of the secret.
    #[prost(string, tag = "1")]
    pub secret_name: String,
    /// For example `Generic`.
    #[prost(string, tag = "2")]
    pub secret_type: String,
    /// The value. Secret.
    #[prost(string, tag = "3")]
    pub secret_data: String,
    /// `text` or `binary` (base64 text).
    #[prost(string, tag = "4")]
    pub secret_data_type: String,
    /// Stage labels of the version.
    #[prost(string, repeated, tag = "5")]
    pub version_stages: Vec<String>,
    /// Version of the secret.
    #[prost(string, tag = "6")]
    pub version_id: String,
    /// `yyyy-MM-ddTHH:mm:ssZ`.
    #[prost(string, tag = "7")]
    pub create_time: String,
    /// Lower-case UUID.
    #[prost(string, tag = "8")]
    pub request_id: String,
    /// Managed types only.
    #[prost(string, tag = "9")]
    pub last_rotation_date: String,
    /// Managed types only.
    #[prost(string, tag = "10")]
    pub next_rotation_date: String,
    /// JSON, when requested.
    #[prost(string, tag = "11")]
    pub extended_config: String,
    /// `Enabled`, `Disabled` or `Invalid`.
    #[prost(string, tag = "12")]
    pub automatic_rotation: String,
    /// For example `604800s`.
    #[prost(string, tag = "13")]
    pub rotation_interval: String,
}

secret_fields!(GetSecretValueResponse {
    shown: [
        secret_name,
        secret_type,
        secret_data_type,
        version_stages,
        version_id,
        create_time,
        request_id,
        last_rotation_date,
        next_rotation_date,
        automatic_rotation,
        rotation_interval
    ],
    secret: [secret_data, extended_config]
});
