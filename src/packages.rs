//! The packages that an image has, read from the databases of its package managers.
//!
//! | module | purpose |
//! |---|---|
//! | [`paths`] | the paths at which package managers keep their data, and the kinds of these files |
//! | [`package`] | a package: its ecosystem, name, version and more |
//! | [`dpkg`], [`apk`], [`rpm`], [`rpm_ndb`], [`pacman`], [`pip`], [`npm`] | parsers of one kind of file each |
//! | [`os_release`] | the name of the operating system |
//!
//! Everything here is computed from bytes that come from a server. Each parser keeps to limits, replaces bytes that are
//! not UTF-8, and leaves out entries that name no package. Names and versions are those that syft reports.

mod apk;
mod dpkg;
mod fields;
mod npm;
pub mod os_release;
pub mod package;
mod pacman;
pub mod paths;
mod pip;
mod rpm;
mod rpm_header;
mod rpm_ndb;

pub use package::{Ecosystem, Package, PackageError, ParsedPackages};
pub use paths::{PackageFileKind, UnreadFormat};

/// Parses a file of a kind. Fails if the file is damaged as a whole or holds more packages than allowed.
pub fn parse(kind: PackageFileKind, content: &[u8]) -> Result<ParsedPackages, PackageError> {
    match kind {
        PackageFileKind::Dpkg => dpkg::parse_status(content),
        PackageFileKind::DpkgFile => dpkg::parse_status_file(content),
        PackageFileKind::Apk => apk::parse_installed(content),
        PackageFileKind::Rpm => rpm::parse_sqlite(content),
        PackageFileKind::RpmNdb => rpm_ndb::parse_ndb(content),
        PackageFileKind::Pacman => pacman::parse_desc(content),
        PackageFileKind::Pip => pip::parse_metadata(content),
        PackageFileKind::Npm => npm::parse_package_json(content),
    }
}
