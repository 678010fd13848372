//! One file per operation, or per noun where the operations are a line each.

pub(crate) mod access_keys;
pub(crate) mod access_points;
pub(crate) mod aliases;
pub(crate) mod asymmetric;
pub(crate) mod client_keys;
pub(crate) mod create_key;
pub(crate) mod decrypt;
pub(crate) mod encrypt;
pub(crate) mod generate_data_key;
pub(crate) mod generate_data_key_pair;
pub(crate) mod generate_random;
pub(crate) mod grants;
pub(crate) mod hmac;
pub(crate) mod key_state;
pub(crate) mod key_versions;
pub(crate) mod list_keys;
pub(crate) mod network_rules;
pub(crate) mod policies;
pub(crate) mod public_key;
pub(crate) mod secret_value;
pub(crate) mod sign;
