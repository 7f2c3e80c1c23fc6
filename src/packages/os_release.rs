//! The name of the operating system: <https://www.freedesktop.org/software/systemd/man/latest/os-release.html>.

use compact_str::CompactString;
use serde::Serialize;

use super::package::optional_text;

/// The places of the file, the first that exists counts.
pub const PATHS: [&[u8]; 2] = [b"etc/os-release", b"usr/lib/os-release"];

/// The facts of an operating system. All texts are untrusted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OsRelease {
    /// The name for people: `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: Option<CompactString>,
    /// The name for programs: `debian`.
    pub id: Option<CompactString>,
    /// The version for programs: `12`.
    pub version_id: Option<CompactString>,
}

impl OsRelease {
    /// Parses the file. Lines that are no assignment are skipped; of several to one variable the last counts, as in a
    /// shell.
    pub fn parse(content: &[u8]) -> OsRelease {
        let mut release = OsRelease::default();
        for line in content.split(|byte| *byte == b'\n') {
            let Some(at) = line.iter().position(|byte| *byte == b'=') else { continue };
            let variable = match line[..at].trim_ascii() {
                b"PRETTY_NAME" => &mut release.pretty_name,
                b"ID" => &mut release.id,
                b"VERSION_ID" => &mut release.version_id,
                _ => continue,
            };
            *variable = optional_text(&unquote(line[at + 1..].trim_ascii()));
        }
        release
    }

    /// Returns the name for people, else that for programs with its version.
    pub fn name(&self) -> Option<String> {
        let with_version = |id: &CompactString| match &self.version_id {
            Some(version) => format!("{id} {version}"),
            None => id.to_string(),
        };
        self.pretty_name.as_ref().map(ToString::to_string).or_else(|| self.id.as_ref().map(with_version))
    }
}

/// Removes the quotes of a shell around a value, and the backslashes in it.
fn unquote(value: &[u8]) -> Vec<u8> {
    let inner = match value {
        [b'"', inner @ .., b'"'] => inner,
        [b'\'', inner @ .., b'\''] => return inner.to_vec(),
        other => other,
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        out.extend(if *byte == b'\\' { bytes.next() } else { Some(byte) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_their_quotes() {
        for (content, name) in [
            (
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n",
                Some("Debian GNU/Linux 12 (bookworm)"),
            ),
            ("ID=alpine\r\nVERSION_ID=3.19.1\r\n", Some("alpine 3.19.1")),
            ("ID='wolfi'", Some("wolfi")),
            ("# ID=x\nPRETTY_NAME=\"a \\\"b\\\" \\\\\"", Some("a \"b\" \\")),
            ("PRETTY_NAME=\"", Some("\"")),
            ("PRETTY_NAME=\\", None),
            ("ID=", None),
            ("=", None),
            ("", None),
        ] {
            assert_eq!(OsRelease::parse(content.as_bytes()).name().as_deref(), name, "{content}");
        }
    }
}
