//! A package: its ecosystem, name, version and more.

use compact_str::CompactString;
use serde::Serialize;

/// Most packages in one file. Debian and Fedora have fewer packages to choose from.
const MOST_PACKAGES: usize = 100_000;
/// The longest name or version in bytes. Package managers allow fewer.
const LONGEST_NAME: usize = 512;
/// Most bytes of another field that are kept.
const LONGEST_FIELD: usize = 1_024;

/// The system that a package belongs to, by its type in package URLs:
/// <https://github.com/package-url/purl-spec/blob/main/purl-types-index.json>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Packages of Debian and its relatives.
    Deb,
    /// Packages of Alpine and its relatives.
    Apk,
    /// Packages of Red Hat, SUSE and their relatives.
    Rpm,
    /// Packages of Arch Linux and its relatives.
    Alpm,
    /// Distributions of Python.
    Pypi,
    /// Packages of JavaScript.
    Npm,
}

impl Ecosystem {
    /// Returns its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Ecosystem::Deb => "deb",
            Ecosystem::Apk => "apk",
            Ecosystem::Rpm => "rpm",
            Ecosystem::Alpm => "alpm",
            Ecosystem::Pypi => "pypi",
            Ecosystem::Npm => "npm",
        }
    }
}

/// An installed package. All of its texts are untrusted, and not yet safe to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The system that it belongs to.
    pub ecosystem: Ecosystem,
    /// Its name, with the scope if it has one.
    pub name: CompactString,
    /// Its version, with epoch and release if there are any.
    pub version: CompactString,
    /// The architecture that it was built for.
    pub architecture: Option<CompactString>,
    /// The source package that it was built from.
    pub source: Option<CompactString>,
    /// The licence as the package states it, at most the first line.
    pub licence: Option<CompactString>,
    /// The size of its files in bytes, as the package states it.
    pub installed_size: Option<u64>,
}

impl Package {
    /// Creates a package that states nothing else. Returns `None` if name or version is empty or too long.
    pub(super) fn new(ecosystem: Ecosystem, name: &[u8], version: &[u8]) -> Option<Package> {
        let required = |text: &[u8]| {
            let text = text.trim_ascii();
            let is_fine = !text.is_empty() && text.len() <= LONGEST_NAME;
            is_fine.then(|| CompactString::from_utf8_lossy(text))
        };
        Some(Package {
            ecosystem,
            name: required(name)?,
            version: required(version)?,
            architecture: None,
            source: None,
            licence: None,
            installed_size: None,
        })
    }

    /// Returns the facts by which versions of a database are compared.
    pub fn key(&self) -> (Ecosystem, &str, &str, Option<&str>) {
        (self.ecosystem, &self.name, &self.version, self.architecture.as_deref())
    }
}

/// Returns the first line of an optional field, at most 1 KiB of it. Returns `None` if it is empty.
pub(super) fn optional_text(field: &[u8]) -> Option<CompactString> {
    let line = field.trim_ascii().split(|byte| *byte == b'\n').next()?.trim_ascii();
    let kept = line.get(..LONGEST_FIELD).unwrap_or(line);
    (!kept.is_empty()).then(|| CompactString::from_utf8_lossy(kept))
}

/// Returns a number that stands alone in a field.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

/// The packages of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedPackages {
    /// The packages in the order of the file.
    pub packages: Vec<Package>,
    /// The number of entries that were left out because they have no name or no version.
    pub left_out: usize,
}

impl ParsedPackages {
    /// Adds a package, or counts an entry that names none.
    pub(super) fn add(&mut self, package: Option<Package>) -> Result<(), PackageError> {
        match package {
            Some(_) if self.packages.len() >= MOST_PACKAGES => return Err(PackageError::ManyPackages),
            Some(package) => self.packages.push(package),
            None => self.left_out += 1,
        }
        Ok(())
    }
}

/// The reason why a file of a package manager cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// More packages than allowed.
    #[error("it lists more than {MOST_PACKAGES} packages")]
    ManyPackages,
    /// The bytes are not those of its format.
    #[error("it is damaged: {0}")]
    Damaged(String),
}
