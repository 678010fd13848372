//! Ordered bytes with transactions: one small contract, several engines, one exam they all sit.
//!
//! What may never live here: what the bytes mean, ciphers, names of records. Values arrive sealed and leave sealed.

mod contract;
mod error;
pub mod exam;
mod faulty;
mod memory;
mod sqlite;

pub use contract::{Batch, Change, Commit, Condition, Engine, Entry, Precondition, Record, Recovered, Revision, Watch};
pub use error::StoreError;
pub use faulty::{Fault, Faulty};
pub use memory::MemoryEngine;
pub use sqlite::SqliteEngine;
