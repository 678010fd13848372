//! Reads request bodies within limits of size, time and memory.
//!
//! A body that is not small is kept only after the signature of its caller was verified; the signature covers the headers and
//! the hash of the body. All large bodies in memory share one limit.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use claviger_base::limits::BODY_BYTES_MAX;
use claviger_crypto::digest::Sha256;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Timeout for a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Timeout while [`PENDING_MAX`] other bodies are pending: enough for a body that was sent together with its head.
const BODY_TIMEOUT_UNDER_LOAD: Duration = Duration::from_secs(1);
/// Bodies that may be pending with the full timeout, for verified and for unverified callers each. The limit bounds the memory
/// that incomplete requests take.
const PENDING_MAX: usize = 16 * 1024;
/// How much of a body over the limit is read and discarded. Clients read the answer only after they have sent the whole body;
/// without the discard they would see a broken connection.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Limit of a small body. Such a body is kept even for an unverified caller, because the head of the request may be larger.
/// Messages of the usual size fit, for example an Aad of 8192 bytes together with a wrapped RSA_4096 key.
pub(crate) const SMALL_BYTES_MAX: usize = 16 * 1024;
/// Limit of all large bodies in memory: about 80 of the largest.
const LARGE_BYTES_TOTAL_MAX: usize = 256 * 1024 * 1024;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// More than 3 MiB.
    TooLarge,
    /// The timeout passed.
    TooSlow,
    /// The connection broke.
    Broken,
    /// The memory for bodies, or the number of pending bodies, is exhausted.
    BudgetExhausted,
}

/// Whether the caller was verified by the head of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerTrust {
    /// The signature over the head is valid.
    Verified,
    /// Every other caller.
    Unverified,
}

/// Which part of a body stays in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyRetention {
    /// The bytes of a small body.
    Small,
    /// The bytes, within the limit for large bodies.
    Large,
    /// Only the length and the hash.
    Discard,
}

/// A body that was read to its end.
#[derive(Debug)]
pub(crate) struct ReceivedBody {
    /// The bytes; empty for [`BodyRetention::Discard`].
    pub(crate) bytes: Bytes,
    /// The length.
    pub(crate) length: usize,
    /// The SHA-256 hash.
    pub(crate) sha256: [u8; 32],
    _memory: Option<OwnedSemaphorePermit>,
}

impl ReceivedBody {
    #[cfg(test)]
    pub(crate) fn is_kept(&self) -> bool {
        self.bytes.len() == self.length
    }
}

/// Reads the bodies of one listener and limits their memory.
#[derive(Debug)]
pub(crate) struct BodyReader {
    /// Bytes left for large bodies.
    large_bytes: Arc<Semaphore>,
    pending_verified: Semaphore,
    pending_unverified: Semaphore,
}

impl Default for BodyReader {
    fn default() -> Self {
        Self::with_limits(LARGE_BYTES_TOTAL_MAX, PENDING_MAX)
    }
}

/// Whether the declared length is small.
pub(crate) fn is_small(body: &impl Body) -> bool {
    body.size_hint().upper().is_some_and(|bytes| bytes <= SMALL_BYTES_MAX as u64)
}

impl BodyReader {
    fn with_limits(large_bytes: usize, pending: usize) -> Self {
        Self {
            large_bytes: Arc::new(Semaphore::new(large_bytes)),
            pending_verified: Semaphore::new(pending),
            pending_unverified: Semaphore::new(pending),
        }
    }

    /// Reads `body` to its end.
    pub(crate) async fn read<B>(
        &self,
        body: B,
        retention: BodyRetention,
        trust: CallerTrust,
    ) -> Result<ReceivedBody, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let collecting = self.collect(body, retention);
        let pending = match trust {
            CallerTrust::Verified => &self.pending_verified,
            CallerTrust::Unverified => &self.pending_unverified,
        };
        match pending.try_acquire() {
            Ok(_permit) => timeout(BODY_TIMEOUT, collecting).await.unwrap_or(Err(BodyError::TooSlow)),
            Err(_exhausted) => {
                timeout(BODY_TIMEOUT_UNDER_LOAD, collecting).await.unwrap_or(Err(BodyError::BudgetExhausted))
            }
        }
    }

    async fn collect<B: Body<Data = Bytes> + Unpin>(
        &self,
        mut body: B,
        mut retention: BodyRetention,
    ) -> Result<ReceivedBody, BodyError> {
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if expected > BODY_BYTES_MAX + DISCARDED_BYTES_MAX {
            return Err(BodyError::TooLarge);
        }
        // Memory is reserved as bytes arrive, not by the declared length, which may be a lie.
        let (mut kept, mut length, mut hash) = (BytesMut::new(), 0_usize, Sha256::new());
        let (mut reserved, mut has_memory): (Option<OwnedSemaphorePermit>, _) = (None, true);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_broken| BodyError::Broken)?.into_data() else { continue };
            length = length.saturating_add(data.len());
            if length > BODY_BYTES_MAX + DISCARDED_BYTES_MAX {
                break;
            }
            if length > BODY_BYTES_MAX {
                (kept, reserved) = (BytesMut::new(), None);
                continue;
            }
            hash.update(&data);
            if retention == BodyRetention::Large {
                match (self.reserve(data.len()), &mut reserved) {
                    (Some(more), Some(reserved)) => reserved.merge(more),
                    (Some(more), None) => reserved = Some(more),
                    // The rest is still read and discarded, see `DISCARDED_BYTES_MAX`.
                    (None, _) => {
                        (kept, reserved, retention, has_memory) =
                            (BytesMut::new(), None, BodyRetention::Discard, false);
                    }
                }
            }
            if retention != BodyRetention::Discard {
                kept.extend_from_slice(&data);
            }
        }
        if length > BODY_BYTES_MAX {
            return Err(BodyError::TooLarge);
        }
        if !has_memory {
            return Err(BodyError::BudgetExhausted);
        }
        Ok(ReceivedBody { bytes: kept.freeze(), length, sha256: hash.finish(), _memory: reserved })
    }

    fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.large_bytes).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use claviger_crypto::digest::sha256;
    use http_body_util::Full;

    use super::*;

    fn body(bytes: usize) -> Full<Bytes> {
        Full::new(Bytes::from(vec![7; bytes]))
    }

    fn reader(large_bytes: usize) -> BodyReader {
        BodyReader::with_limits(large_bytes, 1)
    }

    #[tokio::test]
    async fn a_body_that_is_not_kept_is_counted_and_hashed() {
        let received = reader(0).collect(body(100_000), BodyRetention::Discard).await.unwrap();
        assert_eq!((received.bytes.len(), received.length), (0, 100_000));
        assert_eq!(received.sha256, sha256(&[7; 100_000]));
        assert!(!received.is_kept());
        let empty = reader(0).collect(body(0), BodyRetention::Discard).await.unwrap();
        assert!(empty.is_kept(), "an empty body is complete");
    }

    #[tokio::test]
    async fn large_bodies_share_one_limit_and_release_it() {
        let bodies = reader(150_000);
        let first = bodies.collect(body(100_000), BodyRetention::Large).await.unwrap();
        assert!(first.is_kept());
        assert_eq!(bodies.collect(body(100_000), BodyRetention::Large).await.unwrap_err(), BodyError::BudgetExhausted);
        let small = bodies.collect(body(100), BodyRetention::Small).await.unwrap();
        assert!(small.is_kept(), "small bodies do not count");
        drop(first);
        assert!(bodies.collect(body(150_000), BodyRetention::Large).await.is_ok());
        assert_eq!(bodies.large_bytes.available_permits(), 150_000);
    }

    #[tokio::test]
    async fn the_limit_of_one_body_applies_to_every_kind() {
        for retention in [BodyRetention::Small, BodyRetention::Large, BodyRetention::Discard] {
            let bodies = BodyReader::default();
            let refused = bodies.collect(body(BODY_BYTES_MAX + 1), retention).await.unwrap_err();
            assert_eq!(refused, BodyError::TooLarge, "{retention:?}");
            assert!(bodies.collect(body(BODY_BYTES_MAX), retention).await.is_ok(), "{retention:?}");
        }
    }

    #[test]
    fn only_a_declared_length_is_small() {
        assert!(is_small(&body(0)) && is_small(&body(SMALL_BYTES_MAX)));
        assert!(!is_small(&body(SMALL_BYTES_MAX + 1)));
        assert!(!is_small(&UndeclaredLength));
    }

    // Time is paused: tokio advances its clock whenever every task waits.
    #[tokio::test(start_paused = true)]
    async fn under_load_only_bodies_that_have_arrived_are_read() {
        let bodies = Arc::new(reader(0));
        let half = tokio::spawn({
            let bodies = Arc::clone(&bodies);
            async move { bodies.read(NeverArrives, BodyRetention::Small, CallerTrust::Unverified).await.unwrap_err() }
        });
        tokio::task::yield_now().await;
        let another = bodies.read(NeverArrives, BodyRetention::Small, CallerTrust::Unverified).await;
        assert_eq!(another.unwrap_err(), BodyError::BudgetExhausted);
        assert!(bodies.read(body(100), BodyRetention::Small, CallerTrust::Unverified).await.unwrap().is_kept());
        assert!(!half.is_finished(), "the first one has the full timeout");
        let of_verified = bodies.read(NeverArrives, BodyRetention::Small, CallerTrust::Verified).await;
        assert_eq!(
            of_verified.unwrap_err(),
            BodyError::TooSlow,
            "unverified callers do not use up the limit of verified ones"
        );
        assert_eq!(half.await.unwrap(), BodyError::TooSlow);
    }

    /// A body that never arrives.
    struct NeverArrives;

    impl Body for NeverArrives {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }

    /// A chunked body.
    struct UndeclaredLength;

    impl Body for UndeclaredLength {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            Poll::Ready(None)
        }
    }
}
