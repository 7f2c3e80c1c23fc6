//! Layers that could not be read: each is named, and the rest of the image is looked at without it.

use std::fmt;

use crate::model::failure::Failure;
use crate::model::text::SafeText;

/// A layer of an image that could not be read. It counts as empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutLayer {
    /// Its number, from 1.
    pub layer: usize,
    /// The reason.
    pub why: SafeText,
}

impl LeftOutLayer {
    /// Names a layer by its index, from 0, and the failure to read it.
    pub fn of(index: usize, failure: &Failure) -> LeftOutLayer {
        LeftOutLayer { layer: index + 1, why: failure.why.clone() }
    }

    /// Returns it as the reason why an answer about the image is not known.
    pub(crate) fn as_failure(&self, what: &'static str) -> Failure {
        Failure::local(what, self.to_string())
    }
}

impl fmt::Display for LeftOutLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} is left out: {}", self.layer, self.why)
    }
}
