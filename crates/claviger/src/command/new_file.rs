//! Files that a command writes for its caller. A file gets its final name only when its content is complete: a command
//! that is interrupted leaves at most an `.unfinished` file with a name of its own, which does not block the next
//! attempt.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;

/// A file that does not exist yet. It is created before the server is called, so that the server creates nothing
/// that cannot be kept.
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    unfinished: NamedTempFile,
}

impl NewFile {
    /// Creates the unfinished file next to `path`, with these permission bits.
    pub(crate) fn reserve(path: PathBuf, mode: u32) -> Result<Self, Failure> {
        if fs::symlink_metadata(&path).is_ok() {
            return Err(exists(path));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let made = Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(".unfinished")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory(&path));
        match made {
            Ok(unfinished) => Ok(Self { path, unfinished }),
            // The error itself names the unfinished file, which the user does not know.
            Err(error) => {
                let directory = directory(&path).display();
                let reason = match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        format!("there is no directory {directory}; make it, or choose another name")
                    }
                    kind => format!("no file can be made in the directory {directory}: {kind}"),
                };
                Err(Failure::File { path: path.clone(), reason })
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the content durably under the unfinished name.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), Failure> {
        let file = self.unfinished.as_file_mut();
        let written = file.write_all(content).and_then(|()| file.sync_all());
        written.map_err(|error| unwritable(&self.path, &error))
    }

    /// Gives the file its name unless another file has taken it.
    pub(crate) fn publish(self) -> Result<PathBuf, Failure> {
        let Self { path, unfinished } = self;
        unfinished.persist_noclobber(&path).map_err(|failed| match failed.error.kind() {
            std::io::ErrorKind::AlreadyExists => exists(path.clone()),
            _ => unwritable(&path, &failed.error),
        })?;
        let synced = File::open(directory(&path)).and_then(|directory| directory.sync_all());
        synced.map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }
}

/// Publishes all files or none: if one fails, those already published are removed again.
pub(crate) fn publish_all(files: Vec<NewFile>) -> Result<Vec<PathBuf>, Failure> {
    let mut published = Vec::new();
    for file in files {
        match file.publish() {
            Ok(path) => published.push(path),
            Err(failure) => {
                for path in published {
                    let _removed = fs::remove_file(path);
                }
                return Err(failure);
            }
        }
    }
    Ok(published)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn exists(path: PathBuf) -> Failure {
    Failure::File { path, reason: "exists already and is not overwritten; choose another name".to_owned() }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::File { path: path.to_owned(), reason: format!("cannot be written: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_whole_and_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let mut file = NewFile::reserve(path.clone(), 0o600).unwrap();
        assert!(!path.exists());
        let mut rival = NewFile::reserve(path.clone(), 0o600).unwrap();
        rival.write(b"rival").unwrap();
        file.write(b"content").unwrap();
        assert!(!path.exists());
        file.publish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let refusals = [NewFile::reserve(path.clone(), 0o600).unwrap_err(), rival.publish().unwrap_err()];
        for refusal in refusals {
            assert!(refusal.to_string().contains("choose another name"), "{refusal}");
        }
        assert_eq!(fs::read(&path).unwrap(), b"content");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_several_files_all_are_named_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let files = ["a", "b"].map(|name| NewFile::reserve(path(name), 0o600).unwrap()).into_iter().collect();
        fs::write(path("b"), "taken meanwhile").unwrap();
        publish_all(files).unwrap_err();
        assert!(!path("a").exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
