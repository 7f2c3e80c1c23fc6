//! Plain data: no async, no terminal, no HTTP. Every other module may use this one; it uses none of them.

pub(crate) mod annotations;
pub mod capped;
pub mod change;
pub(crate) mod clip;
pub mod columns;
pub mod digest;
pub mod failure;
pub mod image;
pub mod inspection;
pub(crate) mod instruction;
pub(crate) mod json;
mod lenient;
pub mod manifest;
pub mod media_type;
pub mod page;
pub mod platform;
pub(crate) mod plural;
pub(crate) mod predicate;
pub(crate) mod redact;
pub mod reference;
pub mod request_line;
pub mod server;
pub(crate) mod size;
pub mod summary;
pub mod text;
pub(crate) mod time;
pub(crate) mod version_order;
