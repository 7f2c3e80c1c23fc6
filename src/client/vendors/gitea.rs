//! Gitea and Forgejo, which share their code: docs/REGISTRIES.md §7.4, §9.2. They count one byte of an upload more than
//! other servers, which `blob/push.rs` accepts.

use super::vendor::{Signs, Vendor};
use crate::model::server::{Cleanup, Cleanups};

/// Gitea, by the name of the realm for which it takes passwords.
pub(crate) const GITEA: Vendor =
    Vendor { name: "Gitea", has_sign: |signs| signs.realm == "Gitea Container Registry", ..GITEA_OR_FORGEJO };

/// Forgejo, by the hosts of its makers or by its name.
pub(crate) const FORGEJO: Vendor = Vendor {
    name: "Forgejo",
    domains: &["codeberg.org", "code.forgejo.org"],
    has_sign: |signs| signs.realm == "Forgejo Container Registry",
    ..GITEA_OR_FORGEJO
};

/// One of the two. The token service has the same name as GitLab's, and a path that no other has.
pub(crate) const GITEA_OR_FORGEJO: Vendor = Vendor {
    name: "Gitea or Forgejo",
    has_sign: has_token_service,
    cleanups: Cleanups { untagged: Cleanup::AtOnce, deleted: Cleanup::AtOnce },
    ..Vendor::UNKNOWN
};

fn has_token_service(signs: &Signs<'_>) -> bool {
    let (address, service) = signs.service.split_once(' ').unwrap_or((signs.service, ""));
    address.ends_with("/v2/token") && service == "container_registry"
}
