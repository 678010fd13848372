//! The rules, pure: key specs, algorithms and states, versions, aliases, rotation and deletion due dates, policies.
//!
//! *Now* is always an argument. What may never live here: bytes, files, sockets, the clock, ciphers.

pub mod algorithm;
pub mod key;
pub mod policy;
pub mod rotation;
pub mod state;
pub mod trusted_time;

pub use algorithm::Algorithm;
pub use key::{Key, KeySpec, KeyUsage, KeyVersion};
pub use policy::{Grant, Network, Permission, Resource, Target};
pub use rotation::{AutomaticRotation, RotationInterval};
pub use state::{KeyAction, KeyState, StateRefusal};
pub use trusted_time::{Hold, TrustedTime};
