//! distribution, the reference implementation, and the many registries with the same API: docs/REGISTRIES.md §9.2.

use super::vendor::{Proof, RefusalSign, Signs, Vendor, Wording};
use crate::client::http::error_body::ErrorBody;
use crate::model::server::{Cleanup, Cleanups};
use crate::model::text::SafeText;

/// The API of distribution. Only a registry with its answers word for word is said to clean up as distribution does.
pub(crate) const DISTRIBUTION: Vendor = Vendor {
    name: "distribution API",
    has_sign: |signs| signs.header("docker-distribution-api-version").contains("registry/2.0"),
    cleanups: Cleanups { untagged: Cleanup::Later, deleted: Cleanup::Later },
    proof: Some(Proof { ping: is_distribution, missing: is_distribution_error }),
    // Version 2 takes the tag in the address for a malformed digest.
    unsupported: &[
        RefusalSign { statuses: &[400], wording: Wording::Code("DIGEST_INVALID") },
        RefusalSign { statuses: &[400], wording: Wording::Code("TAG_INVALID") },
    ],
    ..Vendor::UNKNOWN
};

/// How deletes are enabled.
pub(crate) const ENABLE_DELETES: &str = "on distribution `REGISTRY_STORAGE_DELETE_ENABLED=true` allows deleting images, and single tags from \
                                  version 3 on";

/// Returns whether the product is distribution itself, and not only its API: its response to a ping word for word, and
/// no server's name. A distribution behind a proxy that adds its name is not recognized.
fn is_distribution(signs: &Signs<'_>) -> bool {
    let media_type = signs.header("content-type");
    let is_json = ["application/json", "application/json; charset=utf-8"].contains(&media_type.as_str());
    let is_named = ["server", "via", "x-powered-by"].iter().any(|name| signs.has_header(name));
    is_json && !is_named && *signs.body == *b"{}"
}

/// Returns whether the response to a request for a missing manifest has the words of distribution
/// (`registry/api/errcode`). olareg and others answer a ping in the same way as distribution, and have words of their
/// own here.
fn is_distribution_error(body: &ErrorBody) -> bool {
    let message = body.message.as_ref().map(SafeText::as_str);
    body.has_code("MANIFEST_UNKNOWN") && message == Some("manifest unknown")
        || body.has_code("NAME_UNKNOWN") && message == Some("repository name not known to registry")
}
