//! Which store an instance has: the only place in this crate that chooses.

use std::path::Path;

use claviger_store::StoreConfig;

/// The store of the instance in this data directory.
pub(crate) fn store_in(data_dir: &Path) -> StoreConfig {
    StoreConfig::embedded(data_dir)
}
