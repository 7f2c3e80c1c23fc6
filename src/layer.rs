//! The files of a layer: a stream of entries, tables of contents, and the tree that several layers make.
//!
//! | module | purpose |
//! |---|---|
//! | [`stream`] | entries of a tar while it is read, plain or compressed, with its digest and diff_id |
//! | [`estargz`], [`zstd_chunked`] | tables of contents: the bytes to fetch, and the entries in them |
//! | [`list`] | the entries of one layer, compact |
//! | [`files`] | the files of one layer, however they became known |
//! | [`kept`] | the form of a list in the cache |
//! | [`diff`] | the files in which two images differ |
//! | [`tree`] | layers on top of each other: each path with all of its versions |
//! | [`preview`] | what the first bytes of a file tell: programs, models, archives |
//! | [`waste`], [`examine`] | hidden bytes, and further findings of an image |
//!
//! Everything here is computed from bytes. It sends no request, writes no file and draws nothing. All sizes, names and
//! counts come from a server, so each is limited.

mod compression;
mod copies;
pub mod diff;
pub mod entry;
pub mod error;
pub mod estargz;
pub mod examine;
pub mod files;
pub mod finding;
pub mod image_finding;
pub mod kept;
pub mod list;
mod path;
pub mod preview;
mod secret_name;
pub mod stream;
mod table;
mod tar;
pub mod tree;
mod unpacked;
pub mod waste;
pub mod zstd_chunked;

pub use compression::Compression;
pub use entry::{DataPosition, EntryKind, LayerEntry, mode_text};
pub use error::LayerError;
pub use examine::ImageFindings;
pub use files::{LayerFiles, LayerFormat, WINDOWS_ROOT};
pub use finding::{Finding, Findings, Problem};
pub use image_finding::{FileAttributes, ImageFinding, ImageFindingKind, TopFindings};
pub use list::FileList;
pub use stream::LayerStream;
pub use table::{Chunk, LayerTable, TableLimits};
pub use tree::{FileTree, FileVersion, Hidden, PathId, TreeError};
pub use unpacked::{LayerSums, StreamLimits};
pub use waste::{LayerFacts, LayerWaste, Waste};
