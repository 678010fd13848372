//! What commands read: files, standard input, Base64, additional authenticated data.

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::cli::AadArgs;
use crate::failure::Failure;

/// Reason for refusing an empty file.
pub(super) const EMPTY: &str = "is empty; was it written whole?";

/// The bytes of a file, or of standard input if the path is `-`.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let read = if path == Path::new("-") {
        let mut content = Vec::new();
        std::io::stdin().read_to_end(&mut content).map(|_length| content)
    } else {
        std::fs::read(path)
    };
    let failed = |error| Failure::File { path: path.to_owned(), reason: format!("cannot be read: {error}") };
    read.map(Zeroizing::new).map_err(failed)
}

/// Reads the bytes to be processed; fails if there are none. `what` is the verb for the message, such as `encrypt`.
pub(super) fn read_some(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let content = read(path)?;
    match content.is_empty() {
        true if path == Path::new("-") => Err(Failure::Argument(format!("nothing to {what} on standard input"))),
        true => Err(Failure::File { path: path.to_owned(), reason: format!("is empty; there is nothing to {what}") }),
        false => Ok(content),
    }
}

/// Reads a file that contains Base64, or raw bytes if `is_raw`.
pub(super) fn read_encoded(path: &Path, is_raw: bool) -> Result<Vec<u8>, Failure> {
    let content = read(path)?;
    if content.is_empty() || !is_raw && content.trim_ascii().is_empty() {
        return Err(Failure::File { path: path.to_owned(), reason: EMPTY.to_owned() });
    }
    if is_raw {
        return Ok(content.to_vec());
    }
    let compact: Vec<u8> = content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).map_err(|_malformed| Failure::File {
        path: path.to_owned(),
        reason: "is not Base64; give --raw if it has the bytes themselves".to_owned(),
    })
}

impl AadArgs {
    /// The additional authenticated data; empty if none was given.
    pub(super) fn bytes(self) -> Result<Vec<u8>, Failure> {
        match (self.aad, self.aad_file, self.aad_base64) {
            (Some(text), _, _) => Ok(text.into_bytes()),
            (None, Some(file), _) => Ok(read(&file)?.to_vec()),
            (None, None, Some(text)) => STANDARD
                .decode(text)
                .map_err(|_malformed| Failure::Argument("--aad-base64 is not Base64 with padding".to_owned())),
            (None, None, None) => Ok(Vec::new()),
        }
    }
}
