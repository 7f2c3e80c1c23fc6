//! The platform of an image.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lenient::{self, Members};

/// Operating system and processor, in normal form: `linux/amd64`, `linux/arm/v7`, `windows/amd64 10.0.20348`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system; `unknown` for attestations.
    pub(crate) os: String,
    /// The processor architecture in Go's words: `amd64`, `arm64`.
    pub(crate) architecture: String,
    /// The variant: `v6`, `v7`, `v3`; `None` for the usual variant.
    pub(crate) variant: Option<String>,
    /// The Windows build: `10.0.20348.2582`.
    pub(crate) os_version: Option<String>,
}

/// The longest part of a platform that is kept, in bytes: each row of a list has some.
const LONGEST: usize = 128;

/// The fields as manifests and configs write them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct RawPlatform {
    #[serde(default, deserialize_with = "lenient::text")]
    os: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    architecture: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    variant: Option<String>,
    #[serde(default, rename = "os.version", deserialize_with = "lenient::text")]
    os_version: Option<String>,
}

impl RawPlatform {
    /// Reads the fields among the members of a config.
    pub(super) fn of(members: &Members<'_>) -> RawPlatform {
        RawPlatform {
            os: members.read("os", lenient::text),
            architecture: members.read("architecture", lenient::text),
            variant: members.read("variant", lenient::text),
            os_version: members.read("os.version", lenient::text),
        }
    }

    /// Returns the platform, if an operating system or an architecture is named.
    pub(super) fn into_platform(self) -> Option<Platform> {
        if self.os.is_none() && self.architecture.is_none() {
            return None;
        }
        let short = |text: &Option<String>| {
            text.as_ref().map(|text| text[..text.floor_char_boundary(LONGEST)].to_string())
        };
        let os = short(&self.os).unwrap_or_else(|| "unknown".into());
        let architecture = short(&self.architecture).unwrap_or_else(|| "unknown".into());
        Some(Platform::normal(&os, &architecture, short(&self.variant).as_deref(), short(&self.os_version)))
    }
}

impl Platform {
    /// Parses `os/architecture[/variant]`.
    pub fn parse(text: &str) -> Option<Platform> {
        let mut parts = text.split('/');
        let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next());
        let is_complete = !os.is_empty() && !architecture.is_empty() && parts.next().is_none();
        is_complete.then(|| Platform::normal(os, architecture, variant, None))
    }

    /// Parses a platform as users type it. `linux/` may be left out, as lists of platforms leave it out.
    pub(crate) fn parse_typed(text: &str) -> Option<Platform> {
        let is_of_linux = matches!(text.split('/').next(), Some("amd64" | "arm64" | "arm"));
        if is_of_linux || !text.contains('/') {
            Platform::parse(&format!("linux/{text}"))
        } else {
            Platform::parse(text)
        }
    }

    /// Returns the platform by its usual name: `aarch64` is `arm64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`.
    fn normal(os: &str, architecture: &str, variant: Option<&str>, os_version: Option<String>) -> Platform {
        let os = os.to_ascii_lowercase();
        let architecture = architecture.to_ascii_lowercase();
        let (architecture, variant) = match (architecture.as_str(), variant.filter(|text| !text.is_empty())) {
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) => ("arm", Some("v7")),
            ("armel", _) => ("arm", Some("v6")),
            ("arm", None) => ("arm", Some("v7")),
            ("i386" | "i686", variant) => ("386", variant),
            (other, variant) => (other, variant),
        };
        let is_usual = matches!((architecture, variant), ("arm64", Some("v8" | "8")) | ("amd64", Some("v1")));
        let variant = variant.filter(|_| !is_usual).map(with_v);
        Platform { os, architecture: architecture.into(), variant, os_version }
    }

    /// Returns whether both name the same machine, apart from the build of the operating system.
    pub(crate) fn is_same_machine(&self, other: &Platform) -> bool {
        (&self.os, &self.architecture, &self.variant) == (&other.os, &other.architecture, &other.variant)
    }

    /// Returns whether this names no platform: attestations in an index say `unknown/unknown`.
    pub(crate) fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

fn with_v(variant: &str) -> String {
    if variant.starts_with(|first: char| first.is_ascii_digit()) {
        format!("v{variant}")
    } else {
        variant.to_ascii_lowercase()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        match &self.os_version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_have_one_name_each() {
        let table = [
            ("linux/amd64", "linux/amd64"),
            ("Linux/x86_64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("unknown/unknown", "unknown/unknown"),
        ];
        for (written, normal) in table {
            assert_eq!(
                Platform::parse(written).map(|platform| platform.to_string()).as_deref(),
                Some(normal)
            );
        }
    }

    #[test]
    fn a_platform_has_two_or_three_words() {
        for text in ["", "linux", "linux/", "/amd64", "a/b/c/d"] {
            assert_eq!(Platform::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_architecture_alone_is_of_linux() {
        let table = [
            ("amd64", Some("linux/amd64")),
            ("s390x", Some("linux/s390x")),
            ("arm/v7", Some("linux/arm/v7")),
            ("windows/amd64", Some("windows/amd64")),
            ("linux/arm64", Some("linux/arm64")),
            ("", None),
            ("/", None),
        ];
        for (typed, platform) in table {
            let read = Platform::parse_typed(typed).map(|platform| platform.to_string());
            assert_eq!(read.as_deref(), platform, "{typed}");
        }
    }
}
