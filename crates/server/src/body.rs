//! Reading a request's body within the limits of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use claviger_base::limits::BODY_BYTES_MAX;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// Longest wait for a whole body.
const BODY_MAX: Duration = Duration::from_secs(30);
/// How much of a body over the limit is read and thrown away, so that its sender gets the answer instead of a broken
/// connection: clients read only once they have sent everything.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// More than 3 MiB.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// The connection broke.
    Broken,
}

/// The whole body.
pub(crate) async fn read(body: Incoming) -> Result<Bytes, BodyError> {
    timeout(BODY_MAX, collect(body)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(mut body: Incoming) -> Result<Bytes, BodyError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > BODY_BYTES_MAX + DISCARDED_BYTES_MAX {
        return Err(BodyError::TooLarge);
    }
    // The declared length is only a claim: nothing is set aside for it.
    let (mut kept, mut received) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_broken| BodyError::Broken)?.into_data() else { continue };
        received = received.saturating_add(data.len());
        if received > BODY_BYTES_MAX + DISCARDED_BYTES_MAX {
            break;
        }
        if received <= BODY_BYTES_MAX {
            kept.extend_from_slice(&data);
        }
    }
    if received > BODY_BYTES_MAX { Err(BodyError::TooLarge) } else { Ok(kept.freeze()) }
}
