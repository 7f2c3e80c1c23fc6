//! The content of a file that is saved to this machine's disk.

use bytes::Bytes;

use super::image_diff::report::DiffReport;

/// A content that is saved.
#[derive(Debug, Clone)]
pub enum SavedContent {
    /// Bytes as they are.
    Bytes(Bytes),
    /// A report, which is written when it is saved.
    Report(Box<DiffReport>),
}

impl SavedContent {
    /// Returns the bytes. Takes a moment for a long report.
    pub fn into_bytes(self) -> Bytes {
        match self {
            SavedContent::Bytes(bytes) => bytes,
            SavedContent::Report(report) => report.to_markdown().into(),
        }
    }
}
