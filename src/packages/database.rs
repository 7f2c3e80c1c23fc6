//! The paths at which package managers keep their data, and the kinds of these files.
//!
//! The paths are those at which syft looks: <https://github.com/anchore/syft/tree/main/syft/pkg/cataloger>. They are looked
//! for in every directory, because an image may hold the root of another system.

use super::package::Ecosystem;

/// A file that lists packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PackageFileKind {
    /// The database of dpkg: `var/lib/dpkg/status`.
    Dpkg,
    /// A file for one package, as distroless images have them: `var/lib/dpkg/status.d/NAME`.
    DpkgFile,
    /// The database of apk: `lib/apk/db/installed`.
    Apk,
}

/// A database whose format is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnreadFormat {
    /// The database of rpm up to version 4.15: `var/lib/rpm/Packages`.
    RpmBerkeley,
    /// The database of rpm on SUSE: `usr/lib/sysimage/rpm/Packages.db`.
    RpmNdb,
    /// The database of pacman: `var/lib/pacman/local/ALPM_DB_VERSION`.
    Pacman,
}

impl PackageFileKind {
    /// Returns the ecosystem of the packages.
    pub fn ecosystem(self) -> Ecosystem {
        match self {
            PackageFileKind::Dpkg | PackageFileKind::DpkgFile => Ecosystem::Deb,
            PackageFileKind::Apk => Ecosystem::Apk,
        }
    }

    /// Returns the kind of the file at a path, or `None` if it lists no packages.
    pub fn of_path(path: &[u8]) -> Option<PackageFileKind> {
        let (directory, name) = split(path);
        match name {
            b"status" if is_below(directory, b"lib/dpkg") => Some(PackageFileKind::Dpkg),
            b"installed" if is_below(directory, b"lib/apk/db") => Some(PackageFileKind::Apk),
            _ if is_below(directory, b"lib/dpkg/status.d") => {
                (!name.ends_with(b".md5sums")).then_some(PackageFileKind::DpkgFile)
            }
            _ => None,
        }
    }
}

impl UnreadFormat {
    /// Returns the kind of the file at a path, or `None` if it is no such database.
    pub fn of_path(path: &[u8]) -> Option<UnreadFormat> {
        let (directory, name) = split(path);
        match name {
            b"Packages" if is_rpm(directory) => Some(UnreadFormat::RpmBerkeley),
            b"Packages.db" if is_rpm(directory) => Some(UnreadFormat::RpmNdb),
            b"ALPM_DB_VERSION" if is_below(directory, b"var/lib/pacman/local") => Some(UnreadFormat::Pacman),
            _ => None,
        }
    }

    /// Returns the format in words.
    pub fn name(self) -> &'static str {
        match self {
            UnreadFormat::RpmBerkeley => "rpm database in the Berkeley DB format",
            UnreadFormat::RpmNdb => "rpm database in the ndb format",
            UnreadFormat::Pacman => "pacman database",
        }
    }
}

/// Returns the directory and the last component of a path.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// Returns whether a directory is `end`, or ends with it after a slash.
fn is_below(directory: &[u8], end: &[u8]) -> bool {
    directory.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
}

/// Returns whether rpm keeps its database in a directory.
fn is_rpm(directory: &[u8]) -> bool {
    let places: [&[u8]; 3] = [b"var/lib/rpm", b"usr/share/rpm", b"usr/lib/sysimage/rpm"];
    places.iter().any(|place| is_below(directory, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_package_managers_are_recognized_by_their_paths() {
        for (path, expected) in [
            ("var/lib/dpkg/status", Some(PackageFileKind::Dpkg)),
            ("srv/root/var/lib/dpkg/status", Some(PackageFileKind::Dpkg)),
            ("var/lib/dpkg/status-old", None),
            ("var/lib/notdpkg/status", None),
            ("var/mylib/dpkg/status", None),
            ("var/lib/dpkg/status.d/base", Some(PackageFileKind::DpkgFile)),
            ("var/lib/dpkg/status.d/base.md5sums", None),
            ("var/lib/dpkg/status.d/more/base", None),
            ("lib/apk/db/installed", Some(PackageFileKind::Apk)),
            ("usr/lib/apk/db/installed", Some(PackageFileKind::Apk)),
            ("lib/apk/db/scripts.tar", None),
            ("status", None),
            ("", None),
        ] {
            assert_eq!(PackageFileKind::of_path(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn databases_in_other_formats_are_recognized_too() {
        for (path, expected) in [
            ("var/lib/rpm/Packages", Some(UnreadFormat::RpmBerkeley)),
            ("usr/lib/sysimage/rpm/Packages.db", Some(UnreadFormat::RpmNdb)),
            ("usr/share/rpm/Packages.db", Some(UnreadFormat::RpmNdb)),
            ("var/lib/rpm/rpmdb.sqlite", None),
            ("srv/apt/Packages", None),
            ("var/lib/pacman/local/ALPM_DB_VERSION", Some(UnreadFormat::Pacman)),
        ] {
            assert_eq!(UnreadFormat::of_path(path.as_bytes()), expected, "{path}");
        }
    }
}
