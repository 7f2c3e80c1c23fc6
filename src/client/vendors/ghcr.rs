//! The registry of GitHub: docs/REGISTRIES.md §9.1.

use super::vendor::Vendor;

/// GitHub's registry.
pub(crate) const GHCR: Vendor = Vendor {
    name: "GHCR",
    domains: &["ghcr.io"],
    delete_hint: Some("GitHub deletes versions of packages on its web pages and by its own API"),
    ..Vendor::UNKNOWN
};
