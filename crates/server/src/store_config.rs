//! Which store an instance has: the only place in this crate that chooses.

use std::path::Path;

use claviger_store::StoreConfig;

/// The store of the instance whose data directory this is.
pub(crate) fn store_in(data_dir: &Path) -> StoreConfig {
    StoreConfig::embedded(data_dir)
}
