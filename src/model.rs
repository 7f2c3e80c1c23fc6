//! Plain data: no async, no terminal, no HTTP. Every other module may use this one; it uses none of them.

pub mod annotations;
pub mod capped;
pub mod change;
pub mod clip;
pub mod columns;
pub mod digest;
pub mod failure;
pub mod image;
pub mod inspection;
pub mod instruction;
pub mod json;
mod lenient;
pub mod manifest;
pub mod media_type;
pub mod page;
pub mod platform;
pub mod plural;
pub mod redact;
pub mod reference;
pub mod request_line;
pub mod server;
pub mod size;
pub mod summary;
pub mod text;
pub mod time;
pub mod version_order;
