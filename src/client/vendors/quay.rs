//! Quay: docs/REGISTRIES.md §9.1. It deletes with the right to push; `Scope::fallback` asks for that.

use super::vendor::Vendor;

/// Red Hat's service.
pub(crate) const QUAY: Vendor = Vendor { name: "Quay", domains: &["quay.io"], ..Vendor::UNKNOWN };
