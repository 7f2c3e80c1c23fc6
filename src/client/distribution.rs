//! The OCI distribution API, one file for each noun of the specification:
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
//!
//! | subject | file |
//! |---|---|
//! | the client as a `Registry` | `api` |
//! | the first contact, and the product behind it | `ping` |
//! | lists of names and their pages | `catalog`, `tags`, `name_list`, `pages` |
//! | manifests and configs | `manifests`, `blobs` |
//! | referrers | `referrers` |
//! | deletes, and the limits of servers in them | `deletes` |
//! | a write that is sent again only if nothing has changed since | `guarded_write` |

pub(super) mod api;
pub(super) mod blobs;
pub(super) mod catalog;
pub(super) mod deletes;
pub(super) mod guarded_write;
pub(super) mod manifests;
pub(super) mod name_list;
pub(super) mod pages;
pub(super) mod ping;
pub(super) mod referrers;
pub(super) mod tags;
