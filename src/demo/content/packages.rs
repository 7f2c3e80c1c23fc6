//! The databases of installed packages.

use std::fmt::Write;

/// A Debian package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DebianPackage {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The size of its files in KiB.
    pub(super) size: u64,
    pub(super) description: &'static str,
}

impl DebianPackage {
    pub(super) const fn new(
        name: &'static str,
        version: &'static str,
        size: u64,
        description: &'static str,
    ) -> DebianPackage {
        DebianPackage { name, version, size, description }
    }

    /// Returns its part of dpkg's `status`.
    pub(super) fn stanza(&self, architecture: &str) -> String {
        format!(
            "Package: {}\nStatus: install ok installed\nPriority: optional\nSection: admin\nInstalled-Size: {}\n\
             Maintainer: Debian <packages@example.com>\nArchitecture: {architecture}\nVersion: {}\nDescription: {}\n",
            self.name, self.size, self.version, self.description
        )
    }
}

/// Returns dpkg's `status`: deb822 stanzas, sorted by name.
pub(super) fn status(packages: &[DebianPackage], architecture: &str) -> String {
    let mut sorted: Vec<&DebianPackage> = packages.iter().collect();
    sorted.sort_by_key(|package| package.name);
    sorted.iter().fold(String::new(), |mut all, package| {
        let _ = writeln!(all, "{}", package.stanza(architecture));
        all
    })
}

/// An Alpine package: its name, its version, the size of its files in bytes, its licence, and its description.
pub(super) type AlpinePackage = (&'static str, &'static str, u64, &'static str, &'static str);

/// Returns apk's `installed`: fields of one letter, and an empty line after each package.
pub(super) fn installed(packages: &[AlpinePackage], architecture: &str) -> String {
    packages.iter().fold(String::new(), |mut all, (name, version, size, licence, description)| {
        let _ = writeln!(
            all,
            "P:{name}\nV:{version}\nA:{architecture}\nS:{}\nI:{size}\nT:{description}\nL:{licence}\no:{name}\n",
            size / 2
        );
        all
    })
}
