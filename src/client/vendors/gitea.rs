//! Gitea, and Forgejo, which shares its code: docs/REGISTRIES.md §7.4. It counts one byte of an upload more than other
//! servers, which `blob/push.rs` accepts.

use super::vendor::{Signs, Vendor};
use crate::model::server::{Cleanup, Cleanups};

/// Gitea and Forgejo. The token service has the same name as GitLab's and a path that no other has. Logins are taken for
/// a realm with a name of its own.
pub(crate) const GITEA: Vendor = Vendor {
    name: "Gitea",
    has_sign: is_gitea,
    cleanups: Cleanups { untagged: Cleanup::AtOnce, deleted: Cleanup::AtOnce },
    ..Vendor::UNKNOWN
};

fn is_gitea(signs: &Signs<'_>) -> bool {
    let (address, service) = signs.service.split_once(' ').unwrap_or((signs.service, ""));
    let is_its_token = address.ends_with("/v2/token") && service == "container_registry";
    is_its_token || ["Gitea Container Registry", "Forgejo Container Registry"].contains(&signs.realm)
}
