//! Metadata of Python distributions: <https://packaging.python.org/en/latest/specifications/core-metadata/>.

use compact_str::CompactString;

use super::fields::{FieldLine, Fields, field_lines};
use super::package::{Ecosystem, Package, PackageError, ParsedPackages, optional_text};

const NAMES: &[&str; 4] = &["Name", "Version", "License-Expression", "License"];

/// Parses `METADATA` of a wheel or `PKG-INFO` of an egg. The description behind the first empty line is not read.
pub(super) fn parse_metadata(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut fields = Fields::new(NAMES);
    for line in field_lines(content) {
        match line {
            FieldLine::Empty if fields.is_empty() => {}
            FieldLine::Empty => break,
            line => fields.take(&line),
        }
    }
    let [name, version, expression, licence] = fields.values();
    let is_stated = |licence: &CompactString| !licence.eq_ignore_ascii_case("unknown");
    let licence = expression.or(licence).and_then(optional_text).filter(is_stated);
    let package = Package::new(Ecosystem::Pypi, name.unwrap_or_default(), version.unwrap_or_default());
    let mut parsed = ParsedPackages::default();
    parsed.add(package.map(|package| Package { licence, ..package }))?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = "\
Metadata-Version: 2.1
Name: PyYAML
Version: 6.0.1
Summary: YAML parser and emitter for Python
License: MIT
Classifier: License :: OSI Approved :: MIT License
Requires-Python: >=3.6
License-File: LICENSE

Name: not-this
Version: 0
";

    #[test]
    fn name_version_and_licence_are_read() {
        for (content, expected) in [
            (METADATA, Some(("PyYAML", "6.0.1", Some("MIT")))),
            (
                "\n\nName: a.b\r\nVersion: 1!2.0.dev3+x\r\nLicense: UNKNOWN\r\n\r\nLicense: no",
                Some(("a.b", "1!2.0.dev3+x", None)),
            ),
            (
                "Name: x\nVersion: 1\nLicense-Expression: MIT OR Apache-2.0\nLicense: old",
                Some(("x", "1", Some("MIT OR Apache-2.0"))),
            ),
            (
                "Name: x\nVersion: 1\nLicense: The first line\n        and the second",
                Some(("x", "1", Some("The first line"))),
            ),
            ("\u{feff}Name: x\nVersion: 1\n", Some(("x", "1", None))),
            ("Name: x\n\nVersion: 1", None),
            ("Version: 1", None),
            ("", None),
        ] {
            let parsed = parse_metadata(content.as_bytes()).expect("a file");
            let found = parsed.packages.first();
            let found = found
                .map(|package| (package.name.as_str(), package.version.as_str(), package.licence.as_deref()));
            assert_eq!(found, expected, "{content}");
            assert_eq!(parsed.left_out, usize::from(expected.is_none()), "{content}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_content_makes_it_panic(content in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            parse_metadata(&content).ok();
        }
    }
}
