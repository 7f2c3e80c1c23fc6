//! The registries of Google: docs/REGISTRIES.md §7.1.

use super::vendor::{RefusalSign, Vendor, Wording};

/// Artifact Registry.
pub(crate) const ARTIFACT_REGISTRY: Vendor = Vendor {
    name: "Artifact Registry",
    domains: &["pkg.dev"],
    blocked_by_tags: &[RefusalSign { statuses: &[], wording: Wording::Text("dangling_tag") }],
    ..Vendor::UNKNOWN
};

/// Its predecessor.
pub(crate) const GCR: Vendor = Vendor { name: "GCR", domains: &["gcr.io"], ..Vendor::UNKNOWN };
