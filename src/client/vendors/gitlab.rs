//! GitLab: docs/REGISTRIES.md §9.1, §9.2. It takes the fallback tag of a digest for the digest itself, which
//! `distribution/referrers.rs` notices.

use super::vendor::{RefusalSign, Vendor, Wording};

/// GitLab, its service and its installations.
pub(crate) const GITLAB: Vendor = Vendor {
    name: "GitLab",
    domains: &["registry.gitlab.com"],
    has_sign: |signs| {
        signs.has_header("gitlab-container-registry-version")
            || signs.service.contains("/jwt/auth")
            || signs.service.ends_with(" container_registry")
    },
    protected: &[RefusalSign { statuses: &[], wording: Wording::Text("protected tag") }],
    ..Vendor::UNKNOWN
};
