//! Checks that no other user can change the files that this process relies on: data directory, root key, configuration.
//!
//! The rule is that of `ssh` for its keys: a file and every directory above it belong to this user or to root (or to the
//! owner of `/`, which is how root appears inside a user namespace), and nobody else may write to them. A group whose only
//! member is the owner counts as the owner. A directory with the sticky bit, such as `/tmp`, is accepted as an ancestor, because
//! others cannot remove our entries there. It is not accepted as a data directory.

use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const STICKY: u32 = 0o1000;
const GROUP_WRITES: u32 = 0o020;
const GROUP_READS: u32 = 0o040;
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

/// A file or directory that another user can change. Its text names the command that prevents it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted {
    /// The file or directory.
    pub path: PathBuf,
    /// Who can change it.
    pub who: Writer,
}

/// Who can change a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// Its owner: neither this user nor root.
    Owner(u32),
    /// Its group, which has other members; with the permission bits.
    Group(u32),
    /// Everybody; with the permission bits.
    Everybody(u32),
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let me = rustix::process::geteuid().as_raw();
        match self.who {
            Writer::Owner(uid) => write!(
                f,
                "{path} belongs to user {uid}, neither to this user ({me}) nor to root, so that user could replace what is kept there; run `chown {me} {path}`, or choose another place"
            ),
            Writer::Group(mode) => write!(
                f,
                "{path} may be written by its group (mode {mode:04o}), which has other members; run `chmod g-w {path}`, or choose another place"
            ),
            Writer::Everybody(mode) => write!(
                f,
                "{path} may be written by everybody (mode {mode:04o}); run `chmod go-w {path}`, or choose another place"
            ),
        }
    }
}

impl std::error::Error for Untrusted {}

/// Checks that only this user and root may change the file, or the directory's entries. Its ancestors are checked by
/// [`check_above`].
///
/// # Errors
/// [`Untrusted`]. A path that is missing or not accessible passes: opening it reports that.
pub fn check_trusted(path: &Path) -> Result<(), Untrusted> {
    look(path).map_or(Ok(()), |(path, found)| check(path, &found, false))
}

/// Whether users other than the owner may read the file, going by its own permissions. A missing file is not readable.
#[must_use]
pub fn is_readable_by_others(path: &Path) -> bool {
    look(path).is_some_and(|(_path, found)| {
        let mode = found.mode();
        mode & OTHERS_READ != 0 || mode & GROUP_READS != 0 && !is_private(found.gid(), found.uid())
    })
}

/// Checks the existing directories above `path`, up to `/`.
///
/// # Errors
/// [`Untrusted`] for the nearest directory that others can change.
pub fn check_above(path: &Path) -> Result<(), Untrusted> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_unresolved| path.to_owned());
    for above in absolute.ancestors().skip(1) {
        let Some((real, found)) = look(above) else { continue };
        check(real.clone(), &found, true)?;
        // Symbolic links were followed, so the ancestors of their target count.
        for above in real.ancestors().skip(1) {
            look(above).map_or(Ok(()), |(path, found)| check(path, &found, true))?;
        }
        return Ok(());
    }
    Ok(())
}

fn look(path: &Path) -> Option<(PathBuf, Metadata)> {
    let real = path.canonicalize().ok()?;
    let found = fs::metadata(&real).ok()?;
    Some((real, found))
}

fn check(path: PathBuf, found: &Metadata, may_be_sticky: bool) -> Result<(), Untrusted> {
    let (uid, mode) = (found.uid(), found.mode() & 0o7777);
    let root = fs::metadata("/").map_or(0, |root| root.uid());
    if uid != 0 && uid != root && uid != rustix::process::geteuid().as_raw() {
        return Err(Untrusted { path, who: Writer::Owner(uid) });
    }
    if may_be_sticky && mode & STICKY != 0 {
        return Ok(());
    }
    if mode & OTHERS_WRITE != 0 {
        return Err(Untrusted { path, who: Writer::Everybody(mode) });
    }
    if mode & GROUP_WRITES != 0 && !is_private(found.gid(), uid) {
        return Err(Untrusted { path, who: Writer::Group(mode) });
    }
    Ok(())
}

/// Whether the group is root's, or has no other member than the owner, according to the local user database. Systems on which
/// files are writable by their group (umask 0002) give each user a private group.
fn is_private(gid: u32, uid: u32) -> bool {
    if gid == 0 {
        return true;
    }
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    is_private_by(&read("/etc/passwd"), &read("/etc/group"), gid, uid)
}

fn is_private_by(users: &str, groups: &str, gid: u32, uid: u32) -> bool {
    let number = |field: Option<&str>| field.and_then(|text| text.parse::<u32>().ok());
    let user = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let (uid, gid) = (number(fields.nth(1))?, number(fields.next())?);
        Some((name, uid, gid))
    };
    let users: Vec<_> = users.lines().filter_map(user).collect();
    let Some((owner, ..)) = users.iter().find(|(_, other, _)| *other == uid) else { return false };
    let Some(group) = groups.lines().find(|line| number(line.split(':').nth(2)) == Some(gid)) else { return false };
    let members = group.split(':').nth(3).unwrap_or_default();
    let has_only_owner = members.split(',').all(|member| member.is_empty() || member == owner);
    has_only_owner && users.iter().all(|(_, other, primary)| *primary != gid || *other == uid)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_write_is_named_with_the_command_that_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        for mode in [0o700, 0o755, 0o750] {
            set(&data, mode);
            assert_eq!(check_trusted(&data), Ok(()), "{mode:o}");
        }
        for mode in [0o777, 0o702, 0o757, 0o1777] {
            set(&data, mode);
            let refused = check_trusted(&data).unwrap_err().to_string();
            assert!(refused.contains("chmod go-w") && refused.contains("data"), "{mode:o}: {refused}");
        }
        assert_eq!(check_above(&data.join("below")), Ok(()), "the sticky bit keeps our names ours");
        set(&data, 0o777);
        assert!(matches!(check_above(&data.join("below/deeper")).unwrap_err().who, Writer::Everybody(_)));
        assert_eq!(check_above(&data), Ok(()), "what is above it is fine");
    }

    #[test]
    fn who_else_may_read_a_file_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        assert!(!is_readable_by_others(&file), "it is not there");
        fs::write(&file, "x").unwrap();
        for (mode, is_readable) in [(0o600, false), (0o622, false), (0o604, true), (0o644, true), (0o606, true)] {
            set(&file, mode);
            assert_eq!(is_readable_by_others(&file), is_readable, "{mode:o}");
        }
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&file, None, Some(54_321)).unwrap();
            set(&file, 0o640);
            assert!(is_readable_by_others(&file), "a group that nobody describes");
        }
    }

    #[test]
    fn a_link_does_not_hide_where_things_lie() {
        let dir = tempfile::tempdir().unwrap();
        let (open, link) = (dir.path().join("open"), dir.path().join("link"));
        fs::create_dir_all(open.join("closed")).unwrap();
        std::os::unix::fs::symlink(open.join("closed"), &link).unwrap();
        set(&open, 0o777);
        assert!(check_above(&link.join("root.key")).is_err());
    }

    #[test]
    fn a_group_of_one_is_its_owner() {
        let users = "root:x:0:0::/:/bin/sh\nann:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:\neve:x:1002:2000::/:\n";
        let groups = "root:x:0:\nann:x:1000:\nbob:x:1001:bob\nstaff:x:2000:\nmix:x:3000:ann,bob\n";
        assert!(is_private_by(users, groups, 1000, 1000));
        assert!(is_private_by(users, groups, 1001, 1001));
        assert!(!is_private_by(users, groups, 3000, 1000), "another member");
        assert!(!is_private_by(users, groups, 2000, 1000), "another's primary group");
        assert!(!is_private_by(users, groups, 4000, 1000), "a group that nobody describes");
        assert!(!is_private_by(users, groups, 1000, 5000), "an owner that nobody describes");
        assert!(!is_private_by("", "", 1000, 1000));
    }
}
