//! Keys: made, listed, changed, destroyed.

pub(crate) mod create;
mod due_dates;
pub(crate) mod edit;
pub(crate) mod list;
mod orphans;
mod state;
