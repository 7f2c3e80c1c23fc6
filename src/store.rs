//! The data that is kept between runs.

pub mod cache;
pub mod journal;
pub mod remembered;
