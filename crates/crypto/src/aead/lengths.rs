//! The lengths that every cipher of [`aead`](super) shares.

use claviger_base::limits::{GCM_IV_BYTES, GCM_TAG_BYTES};

/// Length of an initialization vector, bytes.
pub const IV_LEN: usize = GCM_IV_BYTES;
/// Length of an authentication tag, bytes.
pub const TAG_LEN: usize = GCM_TAG_BYTES;
