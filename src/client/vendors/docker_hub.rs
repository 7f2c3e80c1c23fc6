//! Docker Hub: docs/REGISTRIES.md §9.1. Its pull limit answers 429, which is not a quota.

use super::vendor::Vendor;

/// Docker Hub.
pub(crate) const DOCKER_HUB: Vendor = Vendor {
    name: "Docker Hub",
    domains: &["docker.io"],
    delete_hint: Some("Docker Hub deletes tags on its web pages and by its own API"),
    ..Vendor::UNKNOWN
};
