//! Ordered bytes with transactions: one small contract, several engines, one conformance suite for all of them.
//!
//! Values arrive sealed and leave sealed: nothing here knows what they mean.

mod config;
pub mod conformance;
mod contract;
mod error;
mod faulty_engine;
mod memory;
mod sqlite;

pub use config::{StoreConfig, open, open_for_inspection};
pub use contract::{
    Batch, Commit, Condition, Engine, Entry, Precondition, Recovered, Revision, VersionedValue, Watch, WatchEvent,
};
pub use error::StoreError;
pub use faulty_engine::{Fault, FaultyEngine};
pub use memory::MemoryEngine;
