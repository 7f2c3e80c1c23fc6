//! Peculiarities of a layer that do not keep it from being read.

use serde::{Deserialize, Serialize};

/// Most findings that are kept.
const MOST_KEPT: usize = 1_000;

/// The longest path in bytes.
pub(super) const LONGEST_PATH: usize = 4_096;

/// A peculiarity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// A path with `..`: the entry is left out.
    ParentComponent,
    /// A path or link with a NUL byte: the entry is left out.
    Nul,
    /// A path longer than 4 KiB: the entry is left out.
    LongPath,
    /// A path without a name: the entry is left out.
    EmptyPath,
    /// A path that begins with `/`: it is read from the root of the image.
    Absolute,
    /// A whiteout that names no file: it is left out.
    BareWhiteout,
    /// An entry of an unknown kind: it is left out.
    UnknownKind,
    /// The media type names another compression than the one found.
    WrongMediaType,
    /// Zeros after the compressed data.
    Padding,
    /// Other bytes after the compressed data. They are left out.
    TrailingGarbage,
    /// Bytes after the end of the tar. They are left out.
    DataAfterEnd,
}

/// A peculiarity and the path that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The peculiarity.
    pub problem: Problem,
    /// The path as it stands in the layer, at most 4 KiB of it; empty if it is about the whole layer.
    pub path: Vec<u8>,
}

/// The first 1,000 peculiarities, and the number of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    kept: Vec<Finding>,
    count: u64,
}

impl Findings {
    /// Adds one.
    pub(crate) fn add(&mut self, problem: Problem, path: &[u8]) {
        self.count += 1;
        if self.kept.len() < MOST_KEPT {
            let path = path.get(..LONGEST_PATH).unwrap_or(path).to_vec();
            self.kept.push(Finding { problem, path });
        }
    }

    /// Notes first of all whether the media type names another compression. What was noted about it before is forgotten.
    pub(super) fn set_wrong_media_type(&mut self, is_wrong: bool) {
        let is_noted = |finding: &Finding| finding.problem == Problem::WrongMediaType;
        if self.kept.first().is_some_and(is_noted) {
            self.kept.remove(0);
            self.count -= 1;
        }
        if is_wrong {
            self.kept.insert(0, Finding { problem: Problem::WrongMediaType, path: Vec::new() });
            self.kept.truncate(MOST_KEPT);
            self.count += 1;
        }
    }

    /// Returns the first 1,000.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// Returns the number of all.
    pub fn count(&self) -> u64 {
        self.count
    }
}
