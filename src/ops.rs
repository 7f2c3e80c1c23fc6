//! Operations of many requests, which the UI and the subcommands share. This module knows neither of them.

pub mod compare;
pub mod copy;
pub mod delete;
pub mod inspect;
pub mod journal;
pub mod list;
pub mod resume;
pub mod retag;
pub mod summary;
mod tag_list;
pub mod undo;
pub mod work;
