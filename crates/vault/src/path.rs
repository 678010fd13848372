//! Paths of what is not a [`crate::Record`]: the keyring, and the copies of essential records.

/// Where the sealed keyring is stored.
pub(crate) const KEYRING: &str = "meta/keyring";

/// The prefix of the paths of copies. They sort after all others.
const COPIES: &str = "~spare/";

/// Where the copy of what is stored at `path` is stored.
pub(crate) fn copy_of(path: &str) -> String {
    format!("{COPIES}{path}")
}

/// The path of what is copied at `path`, if a copy is stored there.
pub(crate) fn original_of(path: &str) -> Option<&str> {
    path.strip_prefix(COPIES)
}
