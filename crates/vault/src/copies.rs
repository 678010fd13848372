//! Copies of the few records without which the server cannot start. Losing any other record loses that record alone; losing
//! one of these loses every key. Copies sort after all other records, so that one damaged page does not destroy both.
//!
//! **Rule:** a copy is the same bytes at another path. Sealed records stay bound to the path of the original, so that a copy
//! opens as the original and as nothing else.

use claviger_model::Instance;
use claviger_store::Engine;

use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::path;
use crate::record::Record;
use crate::record::audit::AuditSigningKey;
use crate::record::tls_authority::TlsAuthority;
use crate::seal::Seal;

/// The paths of the records that have a copy.
pub(crate) const ESSENTIAL: [&str; 4] =
    [path::KEYRING, Instance::PREFIX, AuditSigningKey::PREFIX, TlsAuthority::PREFIX];

/// Where the record of `path` is written: to `path` and, if it is essential, to its copy, so that no copy is outdated.
pub(crate) fn places(path: &str) -> Vec<String> {
    let copy = ESSENTIAL.contains(&path).then(|| path::copy_of(path));
    std::iter::once(path.to_owned()).chain(copy).collect()
}

/// The keyring, as stored and opened, from its copy if the original is damaged or missing.
///
/// # Errors
/// [`VaultError::Empty`] when there is neither; otherwise the error of the original.
pub(crate) fn open_keyring(engine: &dyn Engine, seal: &dyn Seal) -> Result<(Vec<u8>, Keyring), VaultError> {
    let read = |path: &str| {
        let stored = engine.get(path.as_bytes())?.ok_or(VaultError::Empty)?.value;
        let keyring = Keyring::from_stored(&stored, seal)?;
        Ok((stored, keyring))
    };
    read(path::KEYRING)
        .or_else(|error: VaultError| read(&path::copy_of(path::KEYRING)).map_err(|_also_damaged: VaultError| error))
}
