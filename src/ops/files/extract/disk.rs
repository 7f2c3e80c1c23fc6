//! Files and directories as the system of this machine makes them.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

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
