//! The four columns of the screen: registries, repositories, tags, and the details of one image.

pub mod details;
pub mod registries;
pub mod repositories;
pub mod tags;
