//! Which of the two protocols a request speaks.

use claviger_audit::RequestPlane;
use claviger_wire::instance::header::{CONTENT_TYPE_VALUE, KMS_PREFIX};
use hyper::HeaderMap;

/// A protocol that the main listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    /// The Instance API: protobuf.
    Instance,
    /// The control plane: RPC.
    Rpc,
}

impl Protocol {
    /// As metrics and log lines name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Rpc => "rpc",
        }
    }

    /// As audit records name it.
    pub(crate) const fn plane(self) -> RequestPlane {
        match self {
            Self::Instance => RequestPlane::Instance,
            Self::Rpc => RequestPlane::Rpc,
        }
    }

    /// `x-kms-*` headers or a protobuf media type mean the Instance API, everything else RPC.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let speaks_instance = headers.iter().any(|(name, value)| {
            let name = name.as_str();
            name.starts_with(KMS_PREFIX)
                || (matches!(name, "content-type" | "accept")
                    && value.as_bytes().starts_with(CONTENT_TYPE_VALUE.as_bytes()))
        });
        if speaks_instance { Self::Instance } else { Self::Rpc }
    }
}
