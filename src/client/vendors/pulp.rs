//! Pulp: docs/REGISTRIES.md §7.1, §9.2.

use super::vendor::{RefusalSign, Vendor, Wording};
use crate::model::server::{Cleanup, Cleanups};

/// Pulp.
pub(crate) const PULP: Vendor = Vendor {
    name: "Pulp",
    has_sign: |signs| signs.has_header("x-registry-supports-signatures"),
    cleanups: Cleanups { untagged: Cleanup::Unknown, deleted: Cleanup::AtOnce },
    unsupported: &[RefusalSign { statuses: &[400], wording: Wording::Text("deleted by digest") }],
    ..Vendor::UNKNOWN
};
