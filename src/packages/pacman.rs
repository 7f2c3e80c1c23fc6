//! The database of pacman, a file for each package: <https://man.archlinux.org/man/alpm-db-desc.5>.

use super::package::{Ecosystem, Package, PackageError, ParsedPackages, number, optional_text};

/// The sections that are read.
const SECTIONS: [&[u8]; 6] = [b"%NAME%", b"%VERSION%", b"%ARCH%", b"%BASE%", b"%LICENSE%", b"%SIZE%"];

/// Parses `desc`: sections of a heading between percent signs and the lines below it, up to an empty one. Of several lines
/// the first counts.
pub(super) fn parse_desc(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    let mut values: [Option<&[u8]>; SECTIONS.len()] = [None; SECTIONS.len()];
    let mut section = None;
    for line in content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        match section {
            _ if line.is_empty() => section = None,
            None => section = SECTIONS.iter().position(|name| *name == line).or(Some(SECTIONS.len())),
            Some(at) => {
                if let Some(value) = values.get_mut(at) {
                    value.get_or_insert(line);
                }
            }
        }
    }
    let [name, version, architecture, base, licence, size] = values;
    let package = Package::new(Ecosystem::Alpm, name.unwrap_or_default(), version.unwrap_or_default());
    let mut parsed = ParsedPackages::default();
    parsed.add(package.map(|package| Package {
        architecture: architecture.and_then(optional_text),
        source: base.and_then(optional_text),
        licence: licence.and_then(optional_text),
        installed_size: size.and_then(number),
        ..package
    }))?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read_with_its_facts() {
        let desc = "%NAME%\nbash\n\n%VERSION%\n5.2.037-1\n\n%BASE%\nbash\n\n%DESC%\n%NAME%\n\n%ARCH%\nx86_64\n\n\
                    %LICENSE%\nGPL-3.0-or-later\nMIT\n\n%SIZE%\n9378923\n\n%NAME%\nother\n";
        let parsed = parse_desc(desc.as_bytes()).expect("a file");
        let [package] = parsed.packages.as_slice() else { panic!("one package: {parsed:?}") };
        assert_eq!((package.name.as_str(), package.version.as_str()), ("bash", "5.2.037-1"));
        assert_eq!(package.architecture.as_deref(), Some("x86_64"));
        assert_eq!(package.source.as_deref(), Some("bash"));
        assert_eq!(package.licence.as_deref(), Some("GPL-3.0-or-later"));
        assert_eq!(package.installed_size, Some(9_378_923));
        assert_eq!(package.ecosystem.name(), "alpm");
    }

    #[test]
    fn a_file_without_a_name_or_a_version_is_no_package() {
        for content in
            [&b""[..], b"%NAME%\na\n", b"%VERSION%\n1\n", b"%NAME%\n\na\n%VERSION%\n1\n", b"\xff\n%"]
        {
            let parsed = parse_desc(content).expect("a file");
            assert_eq!((parsed.packages.len(), parsed.left_out), (0, 1), "{content:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_content_makes_it_panic(content in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            parse_desc(&content).ok();
        }
    }
}
