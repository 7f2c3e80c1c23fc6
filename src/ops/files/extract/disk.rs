//! Files and directories as the system of this machine makes them.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// The reason for a name that this machine never has.
pub(super) const NO_SUCH_NAME: &str = "this machine has no such names";
/// The reason for a part of a directory that could not be made.
pub(super) const BELOW: &str = "its directory is left out";

/// Returns the reason why the file system cannot have a new file or directory, or `None` if that is a failure of the
/// whole extraction.
pub(super) fn reason(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::InvalidFilename => Some("its name or path is longer than this file system allows"),
        ErrorKind::InvalidInput => Some(NO_SUCH_NAME),
        // The directory was empty: the file system takes two names of the image for one.
        ErrorKind::AlreadyExists => Some("this file system takes its name for that of another file"),
        #[cfg(unix)]
        _ if error.raw_os_error() == Some(rustix::io::Errno::ILSEQ.raw_os_error()) => Some(NO_SUCH_NAME),
        _ => None,
    }
}

/// Returns the reason why the file system cannot have a symbolic link, likewise.
pub(super) fn link_reason(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::Unsupported | ErrorKind::PermissionDenied => Some("this file system has no such links"),
        _ => reason(error),
    }
}

/// Returns the bytes that are free on the disk of a path that does not exist yet, if its system tells.
#[cfg(unix)]
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let disk = rustix::fs::statvfs(folder.unwrap_or_else(|| Path::new("."))).ok()?;
    // Some file systems that other programs provide tell nothing.
    (disk.f_blocks > 0).then(|| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Returns nothing: std does not ask the system.
#[cfg(not(unix))]
pub(super) fn free_bytes(_path: &Path) -> Option<u64> {
    None
}

/// Returns a name of the image as a name of this machine, or `None` if it cannot be one.
#[cfg(unix)]
pub(super) fn name(name: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(name.to_vec()))
}

/// Returns a name of the image as a name of this machine, or `None` if it cannot be one: characters that have a meaning
/// in paths of Windows are not among those that are allowed.
#[cfg(not(unix))]
pub(super) fn name(name: &[u8]) -> Option<OsString> {
    let name = std::str::from_utf8(name).ok()?;
    let is_plain = !name.contains(['\\', ':', '*', '?', '"', '<', '>', '|']) && !name.ends_with(['.', ' ']);
    is_plain.then(|| name.into())
}

/// Creates a directory that only its owner can use, which must not exist.
pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates a file that only its owner can use, which must not exist.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Sets permissions, if the system has them.
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    let _ = (path, mode);
    Ok(())
}

/// Creates a symbolic link, which must not exist.
#[cfg(unix)]
pub(super) fn create_link(target: &[u8], path: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path)
}

/// Creates no symbolic link, because the system wants to know whether it leads to a directory.
#[cfg(not(unix))]
pub(super) fn create_link(_target: &[u8], _path: &Path) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
