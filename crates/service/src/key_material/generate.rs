//! Fresh key material for a new version.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use claviger_base::SecretBytes;
use claviger_crypto::asymmetric::PrivateKey;
use claviger_crypto::mac::HmacSha256Key;
use claviger_keygen::{Generator, PairSpec};
use claviger_model::KeySpec;

use super::{Implementation, implementation};
use crate::error::ServiceError;

/// The control plane's number among the clients of the pair generator.
const CONTROL_PLANE: u64 = u64::MAX;

/// Material for a key of `spec`. RSA keys come from the pair generator, which is faster than the crypto library. Blocks.
pub(crate) fn material(spec: KeySpec, generator: &Generator) -> Result<SecretBytes, ServiceError> {
    let pair_spec = match spec {
        KeySpec::Rsa2048 => PairSpec::Rsa2048,
        KeySpec::Rsa3072 => PairSpec::Rsa3072,
        KeySpec::Rsa4096 => PairSpec::Rsa4096,
        _ => return by_crypto_library(spec),
    };
    let (_public_key, private_key) = block_on(generator.pair(pair_spec, CONTROL_PLANE))?.into_parts();
    Ok(private_key)
}

fn by_crypto_library(spec: KeySpec) -> Result<SecretBytes, ServiceError> {
    match implementation(spec) {
        Implementation::Aead(algorithm) => algorithm.generate_key().map_err(|_unavailable| ServiceError::Random),
        Implementation::Asymmetric(spec) => PrivateKey::generate_pkcs8_der(spec)
            .map_err(|_failed| ServiceError::Bug("the crypto library could not generate a key")),
        Implementation::Mac => HmacSha256Key::generate().map_err(|_unavailable| ServiceError::Random),
        Implementation::None => Err(ServiceError::Unsupported),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for `future` on this thread, whether it belongs to a runtime or not. The generator completes it from threads of its
/// own, so that the wait cannot deadlock.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
