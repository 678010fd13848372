//! A pair on its way to a caller who may have gone away.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use claviger_base::SecretBytes;
use claviger_crypto::rsa::ModulusLength;

use crate::pair::Pair;

/// When and under which conditions a pair was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) length: ModulusLength,
    /// As time since boot.
    pub(crate) made_at: Duration,
    /// A pair is never handed out in a later epoch than the one it was made in.
    pub(crate) epoch: u64,
}

/// Accepts pairs that were handed out and not claimed.
pub(crate) trait TakeBack: fmt::Debug + Send + Sync {
    fn take_back(self: Arc<Self>, pair: Pair, origin: Origin);
}

/// A pair that was handed out and whose keys nobody has read yet.
///
/// Dropped unclaimed, it becomes available to another request; EC and extended pairs are wiped instead. Once
/// [`into_parts`](Self::into_parts) has claimed it, it is never handed out again.
#[derive(Debug)]
pub struct UnclaimedPair {
    pair: Pair,
    /// Where the pair goes unless it is claimed.
    owner: Option<(Arc<dyn TakeBack>, Origin)>,
}

impl UnclaimedPair {
    /// A pair that returns to `owner` unless it is claimed.
    pub(crate) fn owned(pair: Pair, owner: Arc<dyn TakeBack>, origin: Origin) -> Self {
        Self { pair, owner: Some((owner, origin)) }
    }

    /// A pair that is wiped unless it is claimed.
    pub(crate) const fn unowned(pair: Pair) -> Self {
        Self { pair, owner: None }
    }

    /// Claims the pair: SubjectPublicKeyInfo and PKCS#8, both DER.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, SecretBytes) {
        self.into_pair().into_parts()
    }

    /// The pair, which no longer returns to its owner.
    pub(crate) fn into_pair(mut self) -> Pair {
        self.owner = None;
        self.pair.take()
    }
}

impl Drop for UnclaimedPair {
    fn drop(&mut self) {
        if let Some((owner, origin)) = self.owner.take() {
            owner.take_back(self.pair.take(), origin);
        }
    }
}
