//! The registry of OpenShift: docs/REGISTRIES.md §9.2. It is built on distribution, and has a header that Pulp has as well.

use super::vendor::Vendor;

/// OpenShift.
pub(crate) const OPENSHIFT: Vendor = Vendor {
    name: "OpenShift",
    has_sign: |signs| signs.service.contains("/openshift/token"),
    ..Vendor::UNKNOWN
};
