//! GitLab: docs/REGISTRIES.md §9.1. It takes the fallback tag of a digest for the digest itself, which
//! `distribution/referrers.rs` notices.

use super::vendor::{RefusalSign, Vendor, Wording};

/// GitLab, its service and its installations.
pub(crate) const GITLAB: Vendor = Vendor {
    name: "GitLab",
    domains: &["registry.gitlab.com"],
    has_sign: |signs| signs.service.contains("container_registry") || signs.service.contains("/jwt/auth"),
    protected: &[RefusalSign { statuses: &[], wording: Wording::Text("protected tag") }],
    ..Vendor::UNKNOWN
};
