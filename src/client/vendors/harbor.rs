//! Harbor: docs/REGISTRIES.md §9.1.

use super::vendor::{RefusalSign, Vendor, Wording};

/// Harbor.
pub(crate) const HARBOR: Vendor = Vendor {
    name: "Harbor",
    has_sign: |signs| signs.service.contains("harbor-registry") || signs.service.contains("/service/token"),
    // https://goharbor.io/docs/main/working-with-projects/working-with-images/create-tag-immutability-rules/
    protected: &[RefusalSign { statuses: &[], wording: Wording::Text("configured as immutable") }],
    quota: &[RefusalSign { statuses: &[403, 412], wording: Wording::Word("exceed") }],
    ..Vendor::UNKNOWN
};
