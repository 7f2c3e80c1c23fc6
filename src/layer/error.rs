//! Reasons why a layer or a table of contents cannot be read.

use crate::model::digest::Digest;

/// The reason why reading ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// The bytes end too early.
    #[error("the layer ends in the middle of {0}")]
    Truncated(&'static str),
    /// The decoder refused the bytes.
    #[error("the compressed data is damaged: {0}")]
    Damaged(String),
    /// The source of the bytes failed.
    #[error("the layer cannot be read: {0}")]
    Source(String),
    /// A compression that is not read.
    #[error("layers compressed with {0} are not supported")]
    Unsupported(&'static str),
    /// The first bytes belong to no known format.
    #[error("the layer is neither a tar nor compressed")]
    NotATar,
    /// A header whose checksum does not fit.
    #[error("there is no tar entry at byte {0}: the checksum of the header is wrong")]
    BadChecksum(u64),
    /// A number that cannot be read or is impossible.
    #[error("the tar entry at byte {at} has an invalid {field}")]
    BadField {
        /// The position of the header in the uncompressed stream.
        at: u64,
        /// The name of the field.
        field: &'static str,
    },
    /// Extended headers that are longer than allowed.
    #[error("a header of {size} bytes is larger than the limit of {limit} bytes")]
    LongHeader {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// More entries than allowed.
    #[error("the layer has more than {0} entries")]
    ManyEntries(usize),
    /// Paths that together are longer than allowed.
    #[error("the paths of the layer are longer than 64 MiB together, and 256 bytes for each entry")]
    LongPaths,
    /// Far more uncompressed bytes than compressed ones.
    #[error("{compressed} bytes expand to more than {uncompressed} bytes")]
    Bomb {
        /// The compressed bytes that were read.
        compressed: u64,
        /// The uncompressed bytes so far.
        uncompressed: u64,
    },
    /// The bytes are not those that the manifest, the config or an annotation names.
    #[error("the {what} is {found}, not {expected}")]
    WrongDigest {
        /// The digest that was compared.
        what: &'static str,
        /// The expected one.
        expected: Box<Digest>,
        /// The computed one.
        found: Box<Digest>,
    },
    /// A part of a file that is larger than allowed.
    #[error("a part of the file has more than {0} bytes")]
    LongPart(u64),
    /// An annotation or a footer that makes no sense.
    #[error("the position of the table of contents is invalid: {0}")]
    BadPosition(&'static str),
    /// A table that is larger than allowed.
    #[error("the table of contents has more than {0} bytes")]
    LongTable(u64),
    /// A table that cannot be parsed.
    #[error("the table of contents cannot be parsed: {0}")]
    BadTable(String),
    /// A table that contradicts itself or the layer.
    #[error("the table of contents is wrong about `{path}`: {reason}")]
    FalseTable {
        /// The path, with invalid characters replaced. Not yet safe to draw.
        path: String,
        /// The contradiction.
        reason: &'static str,
    },
}
