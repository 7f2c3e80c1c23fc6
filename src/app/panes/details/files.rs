//! The Files tab: the files of an image, as of one of its layers.

pub(crate) mod browser;
mod filter;
pub(crate) mod order;
mod rows;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod scene;
mod sums;
pub(crate) mod view;
