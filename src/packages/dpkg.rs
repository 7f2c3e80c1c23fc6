//! The database of dpkg: <https://man7.org/linux/man-pages/man1/dpkg-query.1.html>,
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html>.

use super::fields::{FieldLine, Fields, field_lines};
use super::package::{Ecosystem, Package, PackageError, ParsedPackages, number, optional_text};

const NAMES: &[&str; 6] = &["Package", "Version", "Architecture", "Source", "Status", "Installed-Size"];

/// Parses `status`, which also lists packages that are not installed any more.
pub(super) fn parse_status(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    parse(content, false)
}

/// Parses a file of `status.d`. Its package has no status, because nothing can remove it.
pub(super) fn parse_status_file(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    parse(content, true)
}

fn parse(content: &[u8], is_installed: bool) -> Result<ParsedPackages, PackageError> {
    let mut parsed = ParsedPackages::default();
    let mut fields = Fields::new(NAMES);
    // The last group may end without an empty line.
    for line in field_lines(content).chain([FieldLine::Empty]) {
        if line != FieldLine::Empty {
            fields.take(&line);
            continue;
        }
        let group = std::mem::replace(&mut fields, Fields::new(NAMES));
        let [name, version, architecture, source, status, size] = group.values();
        if group.is_empty() || !status.map_or(is_installed, is_installed_status) {
            continue;
        }
        let package = Package::new(Ecosystem::Deb, name.unwrap_or_default(), version.unwrap_or_default());
        parsed.add(package.map(|package| Package {
            architecture: architecture.and_then(optional_text),
            source: source.and_then(|source| {
                // `name (version)` if its version is another one.
                optional_text(source.split(|byte| *byte == b'(').next().unwrap_or_default())
            }),
            // The unit is KiB.
            installed_size: size.and_then(number).and_then(|size| size.checked_mul(1_024)),
            ..package
        }))?;
    }
    Ok(parsed)
}

/// Returns whether a status (`hold ok installed`) is that of a package that is there and complete.
fn is_installed_status(status: &[u8]) -> bool {
    let mut words = status.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1);
    words.next() == Some(b"ok") && words.next() == Some(b"installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: adduser
Status: install ok installed
Priority: important
Section: admin
Installed-Size: 686
Maintainer: Debian Adduser Developers <adduser@packages.debian.org>
Architecture: all
Multi-Arch: foreign
Version: 3.134
Depends: passwd
Conffiles:
 /etc/adduser.conf 4c8b4b8b5c8e0c9f
 /etc/deluser.conf 4c8b4b8b5c8e0c9e
Description: add and remove users and groups
 This package includes the 'adduser' and 'deluser' commands.
 .
 Version: 9.9 is not the version

Package: libgcc-s1
Status: hold ok installed
Architecture: amd64
Source: gcc-12 (12.2.0-14+deb12u1)
Version: 12.2.0-14+deb12u1
Installed-Size: 140

Package: removed
Status: deinstall ok config-files
Version: 1.0

Package: half
Status: install reinstreq half-installed
Version: 1.0

Package: without-version
Status: install ok installed

package: lower-case
STATUS: install ok installed
version: 1:2.0~rc1-3
";

    fn names(parsed: &ParsedPackages) -> Vec<(&str, &str)> {
        parsed.packages.iter().map(|package| (package.name.as_str(), package.version.as_str())).collect()
    }

    #[test]
    fn installed_packages_are_listed_with_their_facts() {
        let parsed = parse_status(STATUS.as_bytes()).expect("a database");
        let expected =
            [("adduser", "3.134"), ("libgcc-s1", "12.2.0-14+deb12u1"), ("lower-case", "1:2.0~rc1-3")];
        assert_eq!(names(&parsed), expected);
        assert_eq!(parsed.left_out, 1);
        let [first, second, _] = parsed.packages.as_slice() else { panic!("three packages") };
        assert_eq!(first.architecture.as_deref(), Some("all"));
        assert_eq!(first.installed_size, Some(686 * 1_024));
        assert_eq!(first.source, None);
        assert_eq!(second.source.as_deref(), Some("gcc-12"));
    }

    #[test]
    fn a_package_of_a_distroless_image_needs_no_status() {
        let content = b"Package: tzdata\r\nVersion: 2024a-0+deb12u1\r\nArchitecture: all\r\n";
        assert_eq!(names(&parse_status_file(content).expect("a file")), [("tzdata", "2024a-0+deb12u1")]);
        assert_eq!(names(&parse_status(content).expect("a database")), []);
        let removed = b"Package: x\nVersion: 1\nStatus: deinstall ok config-files\n";
        assert_eq!(names(&parse_status_file(removed).expect("a file")), []);
    }

    #[test]
    fn hostile_databases_yield_nothing_and_no_panic() {
        let long = format!("Package: {}\nVersion: 1\nStatus: install ok installed\n", "a".repeat(10_000));
        for (content, left_out) in [
            (&b""[..], 0),
            (b"\n\n\n", 0),
            (b":", 0),
            (b": x\n:\n", 0),
            (b" Package: x", 0),
            (b"\xff\xfe\x00\x01", 0),
            (b"Package:\nVersion:\nStatus: install ok installed", 1),
            (b"Status: ok installed", 0),
            (long.as_bytes(), 1),
        ] {
            let parsed = parse_status(content).expect("a database");
            assert_eq!((parsed.packages.len(), parsed.left_out), (0, left_out), "{content:?}");
        }
        let odd = b"Package: a\xffb\nVersion: 1\nVersion: 2\nInstalled-Size: 99999999999999999999\nStatus: a ok installed";
        let parsed = parse_status(odd).expect("a database");
        assert_eq!(names(&parsed), [("a\u{fffd}b", "1")]);
        assert_eq!(parsed.packages[0].installed_size, None);
    }

    #[test]
    fn a_database_with_too_many_packages_is_refused() {
        let content = "Package: a\nVersion: 1\n\n".repeat(100_001);
        assert_eq!(parse_status_file(content.as_bytes()), Err(PackageError::ManyPackages));
    }

    proptest::proptest! {
        #[test]
        fn no_content_makes_it_panic(content in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            parse_status(&content).ok();
            parse_status_file(&content).ok();
        }
    }
}
