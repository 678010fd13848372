//! Reading a request's body within the limits of size, time and memory.
//!
//! The rule it keeps: of a body that is not small nothing is kept before its caller's signature, which covers the
//! body's hash, was verified over the headers; and all large bodies together stay below one bound.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use claviger_base::limits::BODY_BYTES_MAX;
use claviger_crypto::digest::Sha256;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Longest wait for a whole body.
const BODY_MAX: Duration = Duration::from_secs(30);
/// Longest wait while [`ARRIVING_MAX`] others are waited for: enough for one that was sent together with its headers.
const BODY_MAX_IN_A_CROWD: Duration = Duration::from_secs(1);
/// Requests whose bodies are waited for with patience, so that half requests and their headers cannot take all memory: so many
/// of verified callers, and so many of others.
const ARRIVING_MAX: usize = 16 * 1024;
/// How much of a body over the limit is read and thrown away, so that its sender gets the answer instead of a broken
/// connection: clients read only once they have sent everything.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A body announced to be no longer is kept from anybody: less than the headers that came with it may hold. The main
/// job's messages fit: Aad of 8192 bytes and a wrapped RSA_4096 key.
pub(crate) const SMALL_BYTES_MAX: usize = 16 * 1024;
/// All larger bodies that are in memory at once: some 80 of the largest.
const LARGE_BYTES_IN_ALL_MAX: usize = 256 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// More than 3 MiB.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// The connection broke.
    Broken,
    /// Others take all the memory there is for bodies that are not here yet.
    NoRoom,
}

/// Whose body it is, as far as its head told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A caller whose signature over the head holds.
    Verified,
    /// Anybody else.
    Unverified,
}

/// What of a body is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// All of it; it is small.
    Small,
    /// All of it, as long as there is room.
    Large,
    /// Its length and its hash.
    Nothing,
}

/// A body that arrived.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// Its bytes; none where [`Keep::Nothing`] was asked for.
    pub(crate) bytes: Bytes,
    /// Its length.
    pub(crate) length: usize,
    /// Its SHA-256.
    pub(crate) sha256: [u8; 32],
    _room: Option<OwnedSemaphorePermit>,
}

impl Arrived {
    /// Whether all of it is here.
    #[cfg(test)]
    pub(crate) fn is_kept(&self) -> bool {
        self.bytes.len() == self.length
    }
}

/// Reads bodies, and knows how much of them is in memory.
#[derive(Debug)]
pub(crate) struct Bodies {
    room: Arc<Semaphore>,
    arriving_verified: Semaphore,
    arriving_unverified: Semaphore,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::with(LARGE_BYTES_IN_ALL_MAX, ARRIVING_MAX)
    }
}

/// Whether the body is announced to be small.
pub(crate) fn is_small(body: &impl Body) -> bool {
    body.size_hint().upper().is_some_and(|bytes| bytes <= SMALL_BYTES_MAX as u64)
}

impl Bodies {
    fn with(room: usize, arriving: usize) -> Self {
        let arriving = || Semaphore::new(arriving);
        Self { room: Arc::new(Semaphore::new(room)), arriving_verified: arriving(), arriving_unverified: arriving() }
    }

    /// The whole body.
    pub(crate) async fn read<B>(&self, body: B, keep: Keep, sender: Sender) -> Result<Arrived, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let collecting = self.collect(body, keep);
        let arriving = match sender {
            Sender::Verified => &self.arriving_verified,
            Sender::Unverified => &self.arriving_unverified,
        };
        match arriving.try_acquire() {
            Ok(_place) => timeout(BODY_MAX, collecting).await.unwrap_or(Err(BodyError::TooSlow)),
            Err(_none) => timeout(BODY_MAX_IN_A_CROWD, collecting).await.unwrap_or(Err(BodyError::NoRoom)),
        }
    }

    async fn collect<B: Body<Data = Bytes> + Unpin>(&self, mut body: B, mut keep: Keep) -> Result<Arrived, BodyError> {
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if expected > BODY_BYTES_MAX + DISCARDED_BYTES_MAX {
            return Err(BodyError::TooLarge);
        }
        // The declared length is only a claim: nothing is set aside for it.
        let (mut kept, mut length, mut hash) = (BytesMut::new(), 0_usize, Sha256::new());
        let (mut room, mut has_room): (Option<OwnedSemaphorePermit>, _) = (None, true);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_broken| BodyError::Broken)?.into_data() else { continue };
            length = length.saturating_add(data.len());
            if length > BODY_BYTES_MAX + DISCARDED_BYTES_MAX {
                break;
            }
            if length > BODY_BYTES_MAX {
                (kept, room) = (BytesMut::new(), None);
                continue;
            }
            hash.update(&data);
            if keep == Keep::Large {
                match (self.take_room(data.len()), &mut room) {
                    (Some(taken), Some(room)) => room.merge(taken),
                    (Some(taken), None) => room = Some(taken),
                    // The rest is read and thrown away, for the same reason as above.
                    (None, _) => (kept, room, keep, has_room) = (BytesMut::new(), None, Keep::Nothing, false),
                }
            }
            if keep != Keep::Nothing {
                kept.extend_from_slice(&data);
            }
        }
        if length > BODY_BYTES_MAX {
            return Err(BodyError::TooLarge);
        }
        if !has_room {
            return Err(BodyError::NoRoom);
        }
        Ok(Arrived { bytes: kept.freeze(), length, sha256: hash.finish(), _room: room })
    }

    fn take_room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
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

    fn with_room(bytes: usize) -> Bodies {
        Bodies::with(bytes, 1)
    }

    #[tokio::test]
    async fn what_is_not_kept_is_still_counted_and_hashed() {
        let arrived = with_room(0).collect(body(100_000), Keep::Nothing).await.unwrap();
        assert_eq!((arrived.bytes.len(), arrived.length), (0, 100_000));
        assert_eq!(arrived.sha256, sha256(&[7; 100_000]));
        assert!(!arrived.is_kept());
        let empty = with_room(0).collect(body(0), Keep::Nothing).await.unwrap();
        assert!(empty.is_kept(), "there is nothing of it to miss");
    }

    #[tokio::test]
    async fn large_bodies_share_one_room_and_give_it_back() {
        let bodies = with_room(150_000);
        let first = bodies.collect(body(100_000), Keep::Large).await.unwrap();
        assert!(first.is_kept());
        assert_eq!(bodies.collect(body(100_000), Keep::Large).await.unwrap_err(), BodyError::NoRoom);
        let small = bodies.collect(body(100), Keep::Small).await.unwrap();
        assert!(small.is_kept(), "small ones need no room");
        drop(first);
        assert!(bodies.collect(body(150_000), Keep::Large).await.is_ok());
        assert_eq!(bodies.room.available_permits(), 150_000);
    }

    #[tokio::test]
    async fn the_limit_of_one_body_holds_whatever_is_kept() {
        for keep in [Keep::Small, Keep::Large, Keep::Nothing] {
            let bodies = Bodies::default();
            let refused = bodies.collect(body(BODY_BYTES_MAX + 1), keep).await.unwrap_err();
            assert_eq!(refused, BodyError::TooLarge, "{keep:?}");
            assert!(bodies.collect(body(BODY_BYTES_MAX), keep).await.is_ok(), "{keep:?}");
        }
    }

    #[test]
    fn only_an_announced_length_is_small() {
        assert!(is_small(&body(0)) && is_small(&body(SMALL_BYTES_MAX)));
        assert!(!is_small(&body(SMALL_BYTES_MAX + 1)));
        assert!(!is_small(&Unannounced));
    }

    // Paused time: tokio moves its own clock on.
    #[tokio::test(start_paused = true)]
    async fn in_a_crowd_only_what_is_already_here_is_read() {
        let bodies = Arc::new(with_room(0));
        let half = tokio::spawn({
            let bodies = Arc::clone(&bodies);
            async move { bodies.read(Silence, Keep::Small, Sender::Unverified).await.unwrap_err() }
        });
        tokio::task::yield_now().await;
        let another = bodies.read(Silence, Keep::Small, Sender::Unverified).await;
        assert_eq!(another.unwrap_err(), BodyError::NoRoom);
        assert!(bodies.read(body(100), Keep::Small, Sender::Unverified).await.unwrap().is_kept());
        assert!(!half.is_finished(), "the one before is waited for with patience");
        let of_known = bodies.read(Silence, Keep::Small, Sender::Verified).await;
        assert_eq!(of_known.unwrap_err(), BodyError::TooSlow, "strangers do not take the patience for known callers");
        assert_eq!(half.await.unwrap(), BodyError::TooSlow);
    }

    /// Half a request, and then nothing.
    struct Silence;

    impl Body for Silence {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }

    /// As a chunked body: nobody knows how long it will be.
    struct Unannounced;

    impl Body for Unannounced {
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
