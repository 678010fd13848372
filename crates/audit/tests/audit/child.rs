//! Runs a test of this program again, in another process.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DIR: &str = "CLAVIGER_AUDIT_CHILD_DIR";

/// A process that runs the ignored test `name` on `dir`. It ignores SIGXFSZ, so that a file size limit shows as a write
/// error.
pub(crate) fn command(name: &str, dir: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "--test-threads=1", name]);
    command.env(DIR, dir).stdout(Stdio::piped()).stdin(Stdio::null());
    command
}

/// The directory that [`command`] passed to this process; `None` in any other process.
pub(crate) fn dir() -> Option<PathBuf> {
    env::var_os(DIR).map(PathBuf::from)
}
