//! Work of many requests: what the UI and the subcommands both do. Knows neither of them.

pub mod compare;
pub mod copy;
pub mod inspect;
pub mod journal;
pub mod list;
pub mod summary;
pub mod work;
