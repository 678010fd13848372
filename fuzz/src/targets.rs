//! The targets by name, each with its budget.

mod instance;
mod keys;
mod rpc;
mod sealed;

pub use instance::MESSAGES;
pub use keys::PASSWORD as CLIENT_KEY_PASSWORD;
pub use sealed::KEYS;

use crate::target::{Budget, Target};

/// A few small structures and copies of the input. docs/limits.md promises this limit for unverified callers.
const PARSER: Budget = Budget { fixed: 16 * 1024, per_byte: 64 };
/// Forms: a pair of two strings can be as short as two bytes. The number of pairs is limited.
const FORM: Budget = Budget { fixed: 16 * 1024, per_byte: 256 };
/// Additional big-number arithmetic, proportional to the size of the key.
const CRYPTO: Budget = Budget { fixed: 256 * 1024, per_byte: 64 };

/// Every target.
pub const ALL: &[Target] = &[
    Target { name: "instance_headers", run: instance::headers, budget: PARSER },
    Target { name: "instance_message", run: instance::message, budget: PARSER },
    // Unauthenticated input: 64 bytes per byte, as docs/limits.md promises.
    Target { name: "rpc_unverified", run: rpc::unverified, budget: PARSER },
    Target { name: "rpc_request", run: rpc::request, budget: FORM },
    Target { name: "texts", run: rpc::texts, budget: FORM },
    Target { name: "blob", run: sealed::blob, budget: PARSER },
    Target { name: "asymmetric_blob", run: sealed::asymmetric, budget: CRYPTO },
    Target { name: "signature", run: sealed::signature, budget: CRYPTO },
    Target { name: "client_key", run: keys::client_key, budget: CRYPTO },
    Target { name: "pem", run: keys::pem, budget: PARSER },
    Target { name: "der", run: keys::der, budget: CRYPTO },
];

impl Target {
    /// The target with that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|target| target.name == name)
    }
}
