//! The limit of open files: each connection needs one, and at the limit neither the store nor the audit log could open
//! theirs.

use claviger_server::Options;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::Failure;

/// Files besides the connections: two for each of the 512 threads that may read the store at once, 64 of the loopback
/// listener, and those of the store, the audit log and the runtime, with a margin.
const OTHER_FILES: usize = 2 * 512 + 128;

/// Raises the limit as far as possible: the usual 1024 is below `connections_max`.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // If this is refused, `fit` reports it before the server starts.
    let _refused = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Ensures that all accepted connections can be open.
///
/// # Errors
/// [`Failure::OpenFiles`], but not for `dev`: it has few clients and no such setting, so it accepts fewer connections.
pub(crate) fn check_limit(options: &mut Options) -> Result<(), Failure> {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    let files = usize::try_from(limit).unwrap_or(usize::MAX);
    let fitting = files.saturating_sub(OTHER_FILES);
    if options.connections_max <= fitting {
        return Ok(());
    }
    if options.is_dev {
        options.connections_max = fitting.max(files / 4);
        let connections_max = options.connections_max;
        tracing::warn!(
            limit,
            connections_max,
            "the limit of open files is low, so fewer connections are accepted; raise it (ulimit -n)"
        );
        return Ok(());
    }
    Err(Failure::OpenFiles { limit, wanted: options.connections_max.saturating_add(OTHER_FILES), fitting })
}
