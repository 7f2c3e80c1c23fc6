//! The data that is kept between runs, in two SQLite databases.
//!
//! | database | folder | content | if it is damaged |
//! |---|---|---|---|
//! | `state.db` | state | the journal, repositories that were opened by name, token services that may get logins, decisions about servers, bookmarks, registries used lately, the last session | set aside; journal, names and bookmarks are taken over as far as they can be read |
//! | `cache.db` | cache | manifests and configs, the digests of tags, media types | deleted |
//!
//! All functions here wait for the disk, so they run on threads for blocking tasks. `database` opens a file and checks
//! it, `schema` holds the tables, `state` and `cache` are the handles of the rest of the program. Errors are
//! [`std::io::Error`]s whose text is made for users: see [`error`].

pub mod bookmarks;
pub(crate) mod cache;
mod database;
pub(crate) mod error;
pub(crate) mod journal;
mod old_names;
pub mod recent_registries;
pub mod remembered;
mod salvage;
pub(crate) mod schema;
pub mod session;
pub mod state;
pub(crate) mod token_services;
pub(crate) mod trust;
