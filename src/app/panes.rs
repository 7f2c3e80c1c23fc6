//! The four columns of the screen: registries, repositories, tags, and the details of one image.

pub mod details;
pub(crate) mod registries;
pub(crate) mod repositories;
pub mod tags;
