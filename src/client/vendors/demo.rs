//! The registry in memory of `--demo`.

use super::vendor::Vendor;
use crate::model::server::{Cleanup, Cleanups};

/// The registry of `src/demo/`.
pub(crate) const DEMO: Vendor = Vendor {
    name: "regtui",
    has_sign: |signs| signs.header("server") == DEMO.name,
    cleanups: Cleanups { untagged: Cleanup::Later, deleted: Cleanup::Later },
    ..Vendor::UNKNOWN
};
