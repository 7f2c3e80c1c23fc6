//! zot: docs/REGISTRIES.md §7.1.

use super::vendor::Vendor;

/// zot.
pub(crate) const ZOT: Vendor = Vendor {
    name: "zot",
    has_sign: |signs| {
        signs.header("server").contains("zot") || signs.header("distribution-api-version").contains("zot")
    },
    ..Vendor::UNKNOWN
};
