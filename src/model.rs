//! Plain data: no async, no terminal, no HTTP. Every other module may use it; it uses none of them.

pub mod digest;
