//! The platform that an image is for.

use serde::Serialize;

/// Operating system and processor, normalised: `linux/amd64`, `linux/arm/v7`, `windows/amd64 10.0.20348`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Platform {
    /// Operating system; `unknown` on attestations.
    pub os: String,
    /// Processor architecture in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// `v6`, `v7`, `v3`; none where it is the usual one.
    pub variant: Option<String>,
    /// Windows build: `10.0.20348.2582`.
    pub os_version: Option<String>,
}
