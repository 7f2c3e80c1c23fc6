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
    /// The SQLite database of rpm: `usr/lib/sysimage/rpm/rpmdb.sqlite`.
    Rpm,
    /// The database of rpm on SUSE: `usr/lib/sysimage/rpm/Packages.db`.
    RpmNdb,
    /// A file of pacman for one package: `var/lib/pacman/local/NAME-VERSION/desc`.
    Pacman,
    /// The metadata of a Python distribution: `NAME.dist-info/METADATA`, `NAME.egg-info/PKG-INFO` or `NAME.egg-info`.
    Pip,
    /// A file of a JavaScript package: `node_modules/NAME/package.json`, or one in a folder below it.
    Npm,
}

/// A database whose format is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnreadFormat {
    /// The database of rpm up to version 4.15: `var/lib/rpm/Packages`.
    RpmBerkeley,
    /// Changes that rpm has not written into its SQLite database yet: `usr/lib/sysimage/rpm/rpmdb.sqlite-wal`.
    RpmLog,
}

impl PackageFileKind {
    /// Returns the ecosystem of the packages.
    pub fn ecosystem(self) -> Ecosystem {
        match self {
            PackageFileKind::Dpkg | PackageFileKind::DpkgFile => Ecosystem::Deb,
            PackageFileKind::Apk => Ecosystem::Apk,
            PackageFileKind::Rpm | PackageFileKind::RpmNdb => Ecosystem::Rpm,
            PackageFileKind::Pacman => Ecosystem::Alpm,
            PackageFileKind::Pip => Ecosystem::Pypi,
            PackageFileKind::Npm => Ecosystem::Npm,
        }
    }

    /// Returns whether the file at a path stands for its package, so that a damaged one is a package that is missing.
    /// Folders of JavaScript packages hold further files of the name, such as examples that are damaged on purpose.
    pub fn is_certain(self, path: &[u8]) -> bool {
        let PackageFileKind::Npm = self else { return true };
        let mut names = path.rsplit(|byte| *byte == b'/').skip(2);
        match names.next() {
            Some(b"node_modules") => true,
            Some(scope) => scope.starts_with(b"@") && names.next() == Some(b"node_modules"),
            None => false,
        }
    }

    /// Returns the kind of the file at a path, or `None` if it lists no packages.
    pub fn of_path(path: &[u8]) -> Option<PackageFileKind> {
        let (directory, name) = split(path);
        match name {
            b"status" if is_below(directory, b"lib/dpkg") => Some(PackageFileKind::Dpkg),
            b"installed" if is_below(directory, b"lib/apk/db") => Some(PackageFileKind::Apk),
            b"rpmdb.sqlite" if is_rpm(directory) => Some(PackageFileKind::Rpm),
            b"Packages.db" if is_rpm(directory) => Some(PackageFileKind::RpmNdb),
            b"desc" if is_below(split(directory).0, b"var/lib/pacman/local") => Some(PackageFileKind::Pacman),
            b"METADATA" if ends_with_any(directory, &[b".dist-info", b"DIST-INFO"]) => {
                Some(PackageFileKind::Pip)
            }
            b"PKG-INFO" if ends_with_any(directory, &[b".egg-info", b"EGG-INFO"]) => {
                Some(PackageFileKind::Pip)
            }
            b"package.json" if has_component(directory, b"node_modules") => Some(PackageFileKind::Npm),
            _ if name.ends_with(b".egg-info") => Some(PackageFileKind::Pip),
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
            b"rpmdb.sqlite-wal" if is_rpm(directory) => Some(UnreadFormat::RpmLog),
            _ => None,
        }
    }

    /// Returns the format in words, in the plural.
    pub fn name(self) -> &'static str {
        match self {
            UnreadFormat::RpmBerkeley => "rpm databases in the Berkeley DB format",
            UnreadFormat::RpmLog => "write-ahead logs of rpm databases",
        }
    }
}

/// Returns whether a file may be one of a package manager, by its name and that of its directory. It saves building
/// the paths of all other files.
pub fn is_candidate(directory: &[u8], name: &[u8]) -> bool {
    let names: [&[u8]; 10] = [
        b"status",
        b"installed",
        b"METADATA",
        b"PKG-INFO",
        b"package.json",
        b"Packages",
        b"Packages.db",
        b"desc",
        b"rpmdb.sqlite",
        b"rpmdb.sqlite-wal",
    ];
    names.contains(&name) || directory == b"status.d" || name.ends_with(b".egg-info")
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

/// Returns whether a name ends with one of these.
fn ends_with_any(name: &[u8], ends: &[&[u8]]) -> bool {
    ends.iter().any(|end| name.ends_with(end))
}

/// Returns whether a path has a component of this name.
fn has_component(path: &[u8], wanted: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|name| name == wanted)
}

/// Returns whether rpm keeps its database in a directory.
fn is_rpm(directory: &[u8]) -> bool {
    let places: [&[u8]; 3] = [b"var/lib/rpm", b"usr/share/rpm", b"usr/lib/sysimage/rpm"];
    places.iter().any(|place| is_below(directory, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(path: &str) -> bool {
        let (directory, name) = split(path.as_bytes());
        is_candidate(split(directory).1, name)
    }

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
            ("usr/lib/sysimage/rpm/rpmdb.sqlite", Some(PackageFileKind::Rpm)),
            ("var/lib/rpm/rpmdb.sqlite", Some(PackageFileKind::Rpm)),
            ("var/lib/rpm/rpmdb.sqlite-wal", None),
            ("usr/lib/sysimage/rpm/Packages.db", Some(PackageFileKind::RpmNdb)),
            ("usr/share/rpm/Packages.db", Some(PackageFileKind::RpmNdb)),
            ("var/lib/pacman/local/bash-5.2.037-1/desc", Some(PackageFileKind::Pacman)),
            ("var/lib/pacman/local/bash-5.2.037-1/files", None),
            ("var/lib/pacman/local/desc", None),
            ("var/lib/pacman/sync/a/desc", None),
            ("home/me/rpmdb.sqlite", None),
            ("usr/lib/python3/dist-packages/six-1.16.0.egg-info", Some(PackageFileKind::Pip)),
            ("usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO", Some(PackageFileKind::Pip)),
            ("usr/lib/python3/dist-packages/six-1.16.0.egg-info/top_level.txt", None),
            ("opt/six.egg/EGG-INFO/PKG-INFO", Some(PackageFileKind::Pip)),
            ("venv/lib/python3.12/site-packages/pip-24.0.dist-info/METADATA", Some(PackageFileKind::Pip)),
            ("venv/lib/python3.12/site-packages/pip-24.0.dist-info/RECORD", None),
            ("METADATA", None),
            ("app/node_modules/a/package.json", Some(PackageFileKind::Npm)),
            ("app/node_modules/@s/a/package.json", Some(PackageFileKind::Npm)),
            ("app/node_modules/a/node_modules/b/package.json", Some(PackageFileKind::Npm)),
            ("app/node_modules/a/test/package.json", Some(PackageFileKind::Npm)),
            ("app/node_modules/a/package-lock.json", None),
            ("app/package.json", None),
            ("status", None),
            ("", None),
        ] {
            assert_eq!(PackageFileKind::of_path(path.as_bytes()), expected, "{path}");
            assert!(expected.is_none() || is_found(path), "{path}");
        }
    }

    #[test]
    fn only_the_file_of_a_javascript_package_itself_stands_for_it() {
        for (path, expected) in [
            ("node_modules/a/package.json", true),
            ("usr/lib/node_modules/npm/node_modules/@npmcli/fs/package.json", true),
            ("app/node_modules/resolve/test/malformed/package.json", false),
            ("app/node_modules/a/dist/package.json", false),
            ("app/node_modules/@a/b/c/package.json", false),
            ("node_modules/package.json", false),
        ] {
            assert_eq!(PackageFileKind::Npm.is_certain(path.as_bytes()), expected, "{path}");
        }
        assert!(PackageFileKind::Dpkg.is_certain(b"var/lib/dpkg/status"));
    }

    #[test]
    fn databases_in_other_formats_are_recognized_too() {
        for (path, expected) in [
            ("var/lib/rpm/Packages", Some(UnreadFormat::RpmBerkeley)),
            ("usr/lib/sysimage/rpm/Packages.db", None),
            ("var/lib/rpm/rpmdb.sqlite", None),
            ("var/lib/rpm/rpmdb.sqlite-wal", Some(UnreadFormat::RpmLog)),
            ("srv/apt/Packages", None),
        ] {
            assert_eq!(UnreadFormat::of_path(path.as_bytes()), expected, "{path}");
            assert!(expected.is_none() || is_found(path), "{path}");
        }
    }
}
