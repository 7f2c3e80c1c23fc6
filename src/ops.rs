//! Operations of many requests, which the UI and the subcommands share. This module knows neither of them.

pub(crate) mod attached;
pub(crate) mod base_image;
pub mod change;
pub mod compare;
pub mod context;
pub mod copy;
pub(crate) mod delete;
pub mod dockerfile;
pub mod files;
mod graph;
mod index_images;
pub mod inspect;
pub mod journal;
pub mod list;
pub mod packages;
pub mod planning;
mod referrer_kinds;
pub mod repository_facts;
pub mod resume;
pub(crate) mod retag;
mod small_blob;
pub mod steps;
pub mod summary;
mod tag_list;
mod transfer;
pub(crate) mod undo;
pub(crate) mod verify;
