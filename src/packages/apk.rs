//! The database of apk: <https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2>.

use super::package::{Ecosystem, Package, PackageError, ParsedPackages, number, optional_text};

/// The keys that are read: name, version, architecture, origin, licence, installed size in bytes.
const KEYS: &[u8; 6] = b"PVAoLI";

/// Parses `installed`: a group of lines `K:value` for each package.
pub(super) fn parse_installed(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    let mut parsed = ParsedPackages::default();
    let mut values: [Option<&[u8]>; KEYS.len()] = [None; KEYS.len()];
    // The last group may end without an empty line.
    for line in content.split(|byte| *byte == b'\n').chain([&b""[..]]) {
        if !line.trim_ascii().is_empty() {
            if let [key, b':', value @ ..] = line
                && let Some(at) = KEYS.iter().position(|other| other == key)
            {
                values[at].get_or_insert(value);
            }
            continue;
        }
        let [name, version, architecture, origin, licence, size] = std::mem::take(&mut values);
        if name.is_none() && version.is_none() {
            continue;
        }
        let package = Package::new(Ecosystem::Apk, name.unwrap_or_default(), version.unwrap_or_default());
        parsed.add(package.map(|package| Package {
            architecture: architecture.and_then(optional_text),
            source: origin.and_then(optional_text),
            licence: licence.and_then(optional_text),
            installed_size: size.and_then(number),
            ..package
        }))?;
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLED: &str = "\
C:Q1/se1PjO94hYXbfpNR1/61hVORIc=
P:alpine-baselayout
V:3.4.3-r2
A:x86_64
S:8911
I:331776
T:Alpine base dir structure and init scripts
U:https://git.alpinelinux.org/cgit/aports/tree/main/alpine-baselayout
L:GPL-2.0-only
o:alpine-baselayout
m:Someone <a@b.test>
F:dev
F:etc
R:motd
Z:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=
a:0:0:644

P:libcrypto3
V:3.1.4-r5
A:aarch64
o:openssl
I:not a number

P:no-version

V:1.0
F:usr

F:only/files";

    #[test]
    fn packages_are_listed_with_their_facts() {
        let parsed = parse_installed(INSTALLED.as_bytes()).expect("a database");
        assert_eq!(parsed.left_out, 2);
        let [first, second] = parsed.packages.as_slice() else { panic!("two packages: {parsed:?}") };
        assert_eq!((first.name.as_str(), first.version.as_str()), ("alpine-baselayout", "3.4.3-r2"));
        assert_eq!(first.architecture.as_deref(), Some("x86_64"));
        assert_eq!(first.licence.as_deref(), Some("GPL-2.0-only"));
        assert_eq!(first.installed_size, Some(331_776));
        assert_eq!((second.name.as_str(), second.source.as_deref()), ("libcrypto3", Some("openssl")));
        assert_eq!(second.installed_size, None);
    }

    #[test]
    fn hostile_databases_yield_nothing_and_no_panic() {
        for content in [&b""[..], b"\n\n", b":", b"P", b"P:", b"P\nV", b"\xff\x00", b"P:\nV:\n\n"] {
            assert_eq!(parse_installed(content).expect("a database").packages, [], "{content:?}");
        }
        let parsed = parse_installed(b"P:a\xff\nP:b\nV:1\r\n").expect("a database");
        let package = &parsed.packages[0];
        assert_eq!((package.name.as_str(), package.version.as_str()), ("a\u{fffd}", "1"));
    }

    proptest::proptest! {
        #[test]
        fn no_content_makes_it_panic(content in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            parse_installed(&content).ok();
        }
    }
}
