//! Opens the log's files for reading.
//!
//! Rule: only regular files are read, and opening never blocks. A FIFO in place of a file would otherwise hang a start
//! or a verification without any message.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens the file at `path` for reading.
///
/// # Errors
/// Errors of the file system; `InvalidInput`, naming what is there, if it is not a regular file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Checked before opening, because a socket cannot be opened and opening a device may have side effects.
    check(std::fs::metadata(path)?.file_type())?;
    let file = options(OFlags::empty()).open(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// Opens a directory so that it can be locked.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    options(OFlags::DIRECTORY).open(path)
}

/// Reads at most `bytes_max` bytes of the file at `path`.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether this error of [`open`] means that the path does not lead to a regular file.
pub(crate) fn is_not_regular(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
}

fn options(flags: OFlags) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags((flags | OFlags::NONBLOCK).bits().cast_signed());
    options
}

fn check(kind: FileType) -> io::Result<()> {
    let what = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("is {what}, not a regular file")))
}
