//! Seals: holders of the root key. The root key is never stored; it wraps the keyring and nothing else.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use claviger_base::SecretBytes;
use claviger_crypto::aead::Aes256GcmKey;
use claviger_crypto::digest::sha256;
use zeroize::Zeroizing;

use crate::files::{Existing, place_file};
use crate::permissions::{Untrusted, check_trusted};

/// The first word of a root key file, with the number of its format.
const FILE_MAGIC: &str = "claviger-root-key-v1";
/// The longest root key file that is read, bytes.
const FILE_BYTES_MAX: u64 = 512;
const ROOT_KEY_BYTES: usize = 32;

/// Identifies a root key without revealing it: 8 bytes of SHA-256 over a fixed label and the key, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealId(pub(crate) [u8; 8]);

impl fmt::Display for SealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Something that holds the root key, or reaches the device that does.
pub trait Seal: Send + Sync + fmt::Debug {
    /// The id of the root key.
    fn id(&self) -> SealId;

    /// Wraps `plaintext`, bound to `context`.
    ///
    /// # Errors
    /// [`SealError::Refused`] when the holder of the root key refuses.
    fn wrap(&self, context: &[u8], plaintext: &SecretBytes) -> Result<Vec<u8>, SealError>;

    /// Unwraps what [`Seal::wrap`] returned for the same context.
    ///
    /// # Errors
    /// [`SealError::Refused`] when it was altered, or wrapped with another root key or context.
    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretBytes, SealError>;
}

/// Why a seal failed.
#[derive(Debug)]
pub enum SealError {
    /// The root key file is missing.
    Missing(PathBuf),
    /// The file exists; a root key is never overwritten.
    Exists(PathBuf),
    /// Users other than the owner can read the root key file.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another user could replace the root key file.
    Untrusted(Untrusted),
    /// The file is not a root key file.
    Malformed(PathBuf),
    /// The file could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The holder of the root key refused to wrap or unwrap.
    Refused,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "there is no root key file {}; without it the store cannot be opened: restore it from where you keep it",
                path.display()
            ),
            Self::Exists(path) => {
                write!(f, "the root key file {} exists already and is never overwritten", path.display())
            }
            Self::Exposed { path, mode } => write!(
                f,
                "others can read the root key file {} (mode {:03o}); run `chmod 600 {0}` and consider who may have read it",
                path.display(),
                mode & 0o777
            ),
            Self::Untrusted(found) => write!(f, "{found}"),
            Self::Malformed(path) => write!(
                f,
                "{} is not a root key file: it must hold one line, `{FILE_MAGIC}` and 64 hexadecimal digits",
                path.display()
            ),
            Self::Io { path, source } => write!(
                f,
                "the root key file {} cannot be used: {source}; check that its directory exists and that this user may use it",
                path.display()
            ),
            Self::Refused => f.write_str("the root key does not open what it should; the stored keyring was altered"),
        }
    }
}

impl std::error::Error for SealError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Untrusted(found) => Some(found),
            Self::Missing(_) | Self::Exists(_) | Self::Exposed { .. } | Self::Malformed(_) | Self::Refused => None,
        }
    }
}

/// The root key in a file of its own that only its owner can read (mode 0600).
///
/// Format: one line, `claviger-root-key-v1`, a space, 64 lower-case hexadecimal digits (docs/formats/records.md).
pub struct FileSeal {
    id: SealId,
    root: Aes256GcmKey,
}

impl fmt::Debug for FileSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSeal").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whether the file begins like a root key file, whatever its permissions.
#[must_use]
pub fn is_root_key(path: &Path) -> bool {
    let mut begins = [0; FILE_MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    read.is_ok() && begins == *FILE_MAGIC.as_bytes()
}

impl FileSeal {
    /// Creates a root key and writes it to `path`, durably, before it is used.
    ///
    /// # Errors
    /// [`SealError::Exists`], [`SealError::Io`].
    pub fn create(path: &Path) -> Result<Self, SealError> {
        let io_error = |source| SealError::Io { path: path.to_owned(), source };
        let root = SecretBytes::random(ROOT_KEY_BYTES).map_err(|error| io_error(io::Error::other(error)))?;
        let digits = Zeroizing::new(hex::encode(root.reveal()));
        let line = Zeroizing::new(format!("{FILE_MAGIC} {}\n", digits.as_str()));
        place_file(path, line.as_bytes(), 0o600, Existing::Keep).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => SealError::Exists(path.to_owned()),
            _ => io_error(error),
        })?;
        Self::from_root(&root).ok_or_else(|| SealError::Malformed(path.to_owned()))
    }

    /// Reads the root key from `path`.
    ///
    /// # Errors
    /// [`SealError::Missing`], [`SealError::Exposed`] when others can read the file, [`SealError::Malformed`],
    /// [`SealError::Io`].
    pub fn open(path: &Path) -> Result<Self, SealError> {
        let io_error = |source| SealError::Io { path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SealError::Missing(path.to_owned())),
            Err(error) => return Err(io_error(error)),
        };
        let mode = file.metadata().map_err(io_error)?.mode();
        if mode & 0o077 != 0 {
            return Err(SealError::Exposed { path: path.to_owned(), mode });
        }
        check_trusted(path).map_err(SealError::Untrusted)?;
        // One allocation of the largest size, so that reading never leaves a smaller copy behind.
        let mut text = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX as usize));
        file.take(FILE_BYTES_MAX).read_to_end(&mut text).map_err(io_error)?;
        parse_root(&text).and_then(|root| Self::from_root(&root)).ok_or_else(|| SealError::Malformed(path.to_owned()))
    }

    fn from_root(root: &SecretBytes) -> Option<Self> {
        let labelled = Zeroizing::new([b"claviger root key id v1", root.reveal()].concat());
        let digest = sha256(&labelled);
        let id = SealId(*digest.first_chunk::<8>()?);
        Some(Self { id, root: Aes256GcmKey::new(root).ok()? })
    }
}

fn parse_root(text: &[u8]) -> Option<SecretBytes> {
    let digits = text.strip_prefix(FILE_MAGIC.as_bytes())?.strip_prefix(b" ")?.trim_ascii_end();
    let mut root = Zeroizing::new([0; ROOT_KEY_BYTES]);
    hex::decode_to_slice(digits, root.as_mut_slice()).ok()?;
    Some(SecretBytes::copy_from(root.as_slice()))
}

impl Seal for FileSeal {
    fn id(&self) -> SealId {
        self.id
    }

    fn wrap(&self, context: &[u8], plaintext: &SecretBytes) -> Result<Vec<u8>, SealError> {
        let (iv, sealed) =
            self.root.seal_random(context, plaintext.reveal()).map_err(|_sealing_failed| SealError::Refused)?;
        Ok([iv.as_slice(), &sealed].concat())
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<SecretBytes, SealError> {
        let (iv, sealed) = wrapped.split_first_chunk::<12>().ok_or(SealError::Refused)?;
        self.root.open(iv, context, sealed).map_err(|_does_not_open| SealError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn opens_what_it_made_and_only_with_the_same_context() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let made = FileSeal::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let wrapped = made.wrap(b"context", &SecretBytes::copy_from(b"keyring")).unwrap();
        let opened = FileSeal::open(&path).unwrap();
        assert_eq!(opened.id(), made.id());
        assert_eq!(opened.unwrap(b"context", &wrapped).unwrap().reveal(), b"keyring");
        assert!(opened.unwrap(b"other", &wrapped).is_err());
        for length in 0..wrapped.len() {
            assert!(opened.unwrap(b"context", &wrapped[..length]).is_err());
        }
        let other = FileSeal::create(&dir.path().join("other.key")).unwrap();
        assert_ne!(other.id(), made.id());
        assert!(other.unwrap(b"context", &wrapped).is_err());
    }

    #[test]
    fn refuses_a_file_that_others_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        FileSeal::create(&path).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o620, 0o666, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(FileSeal::open(&path), Err(SealError::Exposed { .. })), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(FileSeal::open(&path).is_ok());
    }

    #[test]
    fn a_root_key_may_have_any_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["root.unfinished", "root", "root.key"] {
            let path = dir.path().join(name);
            let made = FileSeal::create(&path).unwrap();
            assert_eq!(FileSeal::open(&path).unwrap().id(), made.id(), "{name}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing unfinished is left");
    }

    #[test]
    fn refuses_missing_existing_and_malformed_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        assert!(matches!(FileSeal::open(&path), Err(SealError::Missing(_))));
        FileSeal::create(&path).unwrap();
        assert!(matches!(FileSeal::create(&path), Err(SealError::Exists(_))));
        let good = fs::read_to_string(&path).unwrap();
        for bad in [
            "",
            "claviger-root-key-v1",
            &good[1..],
            &good[..good.len() - 2],
            &good.replace("v1", "v2"),
            &format!("{}00\n", good.trim()),
        ] {
            fs::write(&path, bad).unwrap();
            assert!(matches!(FileSeal::open(&path), Err(SealError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn errors_and_debug_hold_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let seal = FileSeal::create(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let digits = text.trim().rsplit(' ').next().unwrap();
        fs::write(&path, format!("x{text}")).unwrap();
        let shown = format!("{seal:?} {:?} {}", FileSeal::open(&path), FileSeal::open(&path).unwrap_err());
        assert!(!shown.contains(digits));
    }
}
