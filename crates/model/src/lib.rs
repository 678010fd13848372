//! The entities of an instance and their rules: keys, versions, aliases, policies, client keys and access keys.
//!
//! The current time is always an argument. Nothing here knows stored bytes, files, sockets, clocks or ciphers.

mod access_key;
mod access_point;
mod algorithm;
mod alias;
mod client_key;
mod grant;
mod instance;
mod key;
mod key_spec;
mod key_state;
mod key_usage;
mod key_version;
mod network;
mod network_rule;
mod permission;
mod policy;
mod resource;
mod rotation;
mod trusted_time;

pub use access_key::AccessKey;
pub use access_point::{AccessPoint, PER_ACCESS_POINT_MAX};
pub use algorithm::Algorithm;
pub use alias::Alias;
pub use client_key::{ClientKey, RevokedClientKey};
pub use grant::{Grant, Target};
pub use instance::Instance;
pub use key::Key;
pub use key_spec::KeySpec;
pub use key_state::{KeyAction, KeyState, StateRefusal};
pub use key_usage::KeyUsage;
pub use key_version::{KeyMaterial, KeyVersion};
pub use network::Network;
pub use network_rule::NetworkRule;
pub use permission::Permission;
pub use policy::Policy;
pub use resource::{Resource, is_secret_name};
pub use rotation::{AutomaticRotation, RotationInterval};
pub use trusted_time::{Hold, TrustedTime};
