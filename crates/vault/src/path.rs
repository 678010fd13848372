//! Paths that do not belong to a [`crate::Record`]: that of the keyring, and those of the copies of essential records.

/// Where the sealed keyring is stored.
pub(crate) const KEYRING: &str = "meta/keyring";

/// The prefix of the paths of copies. They sort after all others.
const COPIES: &str = "~spare/";

/// The path of the copy of the value at `path`.
pub(crate) fn copy_of(path: &str) -> String {
    format!("{COPIES}{path}")
}

/// The path of the original, if `path` is that of a copy.
pub(crate) fn original_of(path: &str) -> Option<&str> {
    path.strip_prefix(COPIES)
}
