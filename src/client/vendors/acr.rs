//! The registry of Azure: docs/REGISTRIES.md §9.1.

use super::vendor::{RefusalSign, Vendor, Wording};

/// Azure Container Registry.
pub(crate) const ACR: Vendor = Vendor {
    name: "ACR",
    domains: &["azurecr.io"],
    // https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
    protected: &[RefusalSign { statuses: &[], wording: Wording::Code("REGISTRY_DISALLOWED_OPERATION") }],
    ..Vendor::UNKNOWN
};
