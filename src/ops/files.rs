//! Reads the files of an image without pulling it: the lists of its layers, and the content of files.
//!
//! | module | purpose |
//! |---|---|
//! | [`image`] | the image of a platform, with the layers to read |
//! | [`cost`] | the way in which each layer is read, and the bytes that this takes |
//! | [`layer`] | the files of one layer: kept from an earlier look, from its table of contents, or from all of its bytes |
//! | [`proof`] | the layers that a list is true for |
//! | [`kept`] | contents of package files from an earlier look |
//! | [`kept_lists`] | lists in the cache |
//! | [`left_out`] | layers that cannot be read |
//! | [`single_file`] | layers of artifacts that are no tars |
//! | [`pause`] | the switch that pauses what is read |
//! | [`tree`] | the files of an image, while its layers are read and afterwards |
//! | [`content`] | the content of files, compared with its digest |
//! | [`findings`] | hidden bytes, likely secrets and the like |
//! | [`extract`] | files on this machine's disk |
//!
//! A list is kept by what proves it, so a second look at a layer, in whichever image or registry, requests nothing.

pub mod content;
pub mod cost;
pub mod extract;
pub mod findings;
pub mod image;
pub(crate) mod kept;
pub mod kept_lists;
pub mod layer;
pub mod left_out;
pub mod pause;
mod pipe;
pub mod progress;
pub mod proof;
mod single_file;
pub mod tree;
