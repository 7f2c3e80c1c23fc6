//! Nexus: docs/REGISTRIES.md §9.1.

use super::vendor::Vendor;

/// Nexus.
pub(crate) const NEXUS: Vendor =
    Vendor { name: "Nexus", has_sign: |signs| signs.header("server").contains("nexus"), ..Vendor::UNKNOWN };
