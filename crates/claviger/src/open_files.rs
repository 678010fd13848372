//! How many files this process may have open: each connection is one, and at the limit neither the store nor the audit log
//! could open theirs.

use claviger_server::Options;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::Failure;

/// Files beside the connections: two for each of 512 threads that may read the store at once; the loopback listener's 64; and
/// the store's, the audit log's and the runtime's own, with room to spare.
const OTHERS: usize = 2 * 512 + 128;

/// Raises the limit as far as it goes: the usual 1024 is below `connections_max`.
pub(crate) fn allow_many() {
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, `fit` says so before anything is served.
    let _refused = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Sees to it that as many connections as are accepted can be open.
///
/// # Errors
/// [`Failure::OpenFiles`]. `dev`, which has no setting for it and few clients, takes fewer connections instead.
pub(crate) fn fit(options: &mut Options) -> Result<(), Failure> {
    let Some(limit) = getrlimit(Resource::Nofile).current else { return Ok(()) };
    let files = usize::try_from(limit).unwrap_or(usize::MAX);
    let fitting = files.saturating_sub(OTHERS);
    if options.connections_max <= fitting {
        return Ok(());
    }
    if options.is_dev {
        options.connections_max = fitting.max(files / 4);
        let connections_max = options.connections_max;
        tracing::warn!(
            limit,
            connections_max,
            "few files may be open, so few connections are; raise the limit (ulimit -n)"
        );
        return Ok(());
    }
    Err(Failure::OpenFiles { limit, wanted: options.connections_max.saturating_add(OTHERS), fitting })
}
