//! Commits that must succeed.

use crate::contract::{Batch, Commit, Engine, Revision};
use crate::error::StoreError;

pub(super) fn done(commit: Result<Commit, StoreError>) -> Revision {
    match commit.unwrap() {
        Commit::Done(revision) => revision,
        Commit::Conflict { key } => panic!("unexpected conflict on {key:?}"),
    }
}

pub(super) fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) -> Revision {
    done(engine.commit(Batch::new().put(key, value.to_vec())))
}
