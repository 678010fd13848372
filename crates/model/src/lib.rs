//! The rules, pure: key specs and states, versions, aliases, rotation and deletion due dates.
//!
//! *Now* is always an argument. What may never live here: bytes, files, sockets, the clock, ciphers.

pub mod key;
pub mod rotation;
pub mod state;

pub use key::{Key, KeySpec, KeyUsage, KeyVersion};
pub use rotation::{AutomaticRotation, RotationInterval};
pub use state::{KeyAction, KeyState, StateRefusal};
