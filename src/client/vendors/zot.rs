//! zot: docs/REGISTRIES.md §7.1, §8.1.

use super::vendor::Vendor;

/// zot.
pub(crate) const ZOT: Vendor = Vendor {
    name: "zot",
    has_sign: |signs| {
        signs.header("server").contains("zot") || signs.header("distribution-api-version").contains("zot")
    },
    docker_condition: Some("zot accepts Docker's manifests only if its `http.compat` contains `docker2s2`"),
    ..Vendor::UNKNOWN
};
