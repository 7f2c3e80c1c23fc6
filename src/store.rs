//! The data that is kept between runs, in two SQLite databases.
//!
//! | database | folder | content | if it is damaged |
//! |---|---|---|---|
//! | `state.db` | state | the journal, repositories that were opened by name, decisions about servers | set aside; everything that can be read is taken over |
//! | `cache.db` | cache | manifests and configs, the digests of tags, media types | deleted |
//!
//! All functions here wait for the disk, so they run on threads for blocking tasks. `database` opens a file and checks
//! it, `schema` holds the tables, `state` and `cache` are the handles of the rest of the program. Errors are
//! [`std::io::Error`]s whose text is made for users: see [`error`].

pub(crate) mod cache;
mod database;
pub(crate) mod error;
pub(crate) mod journal;
mod old_names;
pub mod remembered;
mod salvage;
mod schema;
pub mod state;
pub(crate) mod trust;
