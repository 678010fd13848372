//! Keys: created, found, listed, changed, repaired, destroyed. Their versions are in `versions`.

pub(crate) mod create;
mod deletion;
mod destroy;
mod due_dates;
mod edit;
pub(crate) mod list;
mod lookup;
mod rotation_policy;
mod state;
mod update_description;
