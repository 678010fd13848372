//! Client keys: issued, listed, revoked.

pub(crate) mod issue;
pub(crate) mod list;
mod revoke;
