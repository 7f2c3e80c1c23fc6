//! `package.json` of JavaScript packages: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json>.

use super::package::{Ecosystem, Package, PackageError, ParsedPackages, optional_text};
use crate::model::lenient::{self, Members};

const NAMES: &[&str] = &["name", "version", "license", "licenses"];
const LICENSE_NAMES: &[&str] = &["type"];

/// Parses `package.json`. Files without a name or a version mark folders of a package.
pub(super) fn parse_package_json(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    let text = lenient::decode(content);
    let damaged = || PackageError::Damaged("it is no JSON object".into());
    let members = Members::of(&text, NAMES).ok_or_else(damaged)?;
    let name = members.read("name", lenient::text).unwrap_or_default();
    let version = members.read("version", lenient::text).unwrap_or_default();
    let package = Package::new(Ecosystem::Npm, name.as_bytes(), version.as_bytes());
    let mut parsed = ParsedPackages::default();
    parsed.add(package.map(|package| Package { licence: licence(&members), ..package }))?;
    Ok(parsed)
}

/// Returns the licence: a text, or in old packages an object or a list of objects.
fn licence(members: &Members<'_>) -> Option<compact_str::CompactString> {
    let of_object = |object: &Members<'_>| object.read("type", lenient::text);
    let text = members
        .read("license", lenient::text)
        .or_else(|| of_object(&members.object("license", LICENSE_NAMES)))
        .or_else(|| {
            let all = members.objects("licenses", LICENSE_NAMES, of_object);
            let all: Vec<String> = all.iter().flatten().cloned().collect();
            Some(all.join(" OR "))
        });
    optional_text(text?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_version_and_licence_are_read() {
        for (content, expected) in [
            (
                r#"{"name":"@babel/core","version":"7.23.0","license":"MIT","dependencies":{"a":"1"}}"#,
                Some(("@babel/core", "7.23.0", Some("MIT"))),
            ),
            (
                "\u{feff}{\"Name\":\"x\",\"version\":\"1\",\"license\":{\"type\":\"BSD\"}}",
                Some(("x", "1", Some("BSD"))),
            ),
            (
                r#"{"name":"x","version":"1","licenses":[{"type":"MIT"},3,{"type":"GPL"}]}"#,
                Some(("x", "1", Some("MIT OR GPL"))),
            ),
            (r#"{"name":"old","name":"x","version":"1","license":7}"#, Some(("x", "1", None))),
            (r#"{"type":"module"}"#, None),
            (r#"{"name":"x","version":2}"#, None),
            (r#"{"name":"","version":"1"}"#, None),
        ] {
            let parsed = parse_package_json(content.as_bytes()).expect("a file");
            let found = parsed.packages.first();
            let found = found
                .map(|package| (package.name.as_str(), package.version.as_str(), package.licence.as_deref()));
            assert_eq!(found, expected, "{content}");
        }
    }

    #[test]
    fn a_file_that_is_no_json_object_is_damaged() {
        let deep = "[".repeat(1_000_000);
        let nested = format!("{{\"name\":{}", "[".repeat(1_000_000));
        for content in ["", "{", "[]", "\"x\"", "{}x", "<<<<<<< HEAD", &deep, &nested] {
            let parsed = parse_package_json(content.as_bytes());
            let start = &content[..content.len().min(20)];
            assert!(matches!(parsed, Err(PackageError::Damaged(_))), "{start}");
        }
    }
}
