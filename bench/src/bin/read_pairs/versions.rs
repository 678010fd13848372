//! The versions of the libraries according to `Cargo.lock`.

const LOCK: &str = include_str!("../../../../Cargo.lock");

/// `NAME VERSION`.
///
/// # Errors
/// The package is missing from the lock file, or is there twice.
pub(crate) fn locked(package: &str) -> Result<String, String> {
    let head = format!("name = \"{package}\"\nversion = \"");
    let mut versions = LOCK.split(&head).skip(1).filter_map(|rest| rest.split('"').next());
    match (versions.next(), versions.next()) {
        (Some(version), None) => Ok(format!("{package} {version}")),
        (None, _) => Err(format!("Cargo.lock has no {package}")),
        (Some(_), Some(_)) => Err(format!("Cargo.lock has several versions of {package}: say which one reads")),
    }
}
