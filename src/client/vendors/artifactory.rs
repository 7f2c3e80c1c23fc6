//! Artifactory: docs/REGISTRIES.md §9.1. It lists digests among its tags, which `distribution/tags.rs` leaves
//! out.

use super::vendor::Vendor;

/// Artifactory.
pub(crate) const ARTIFACTORY: Vendor = Vendor {
    name: "Artifactory",
    has_sign: |signs| signs.has_header("x-jfrog-version") || signs.header("server").contains("artifactory"),
    ..Vendor::UNKNOWN
};
