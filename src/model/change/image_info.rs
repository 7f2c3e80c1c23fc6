//! The date and the size of an image, as a plan shows them beside its digest.
//!
//! A digest alone does not tell the user which image it is.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::size;
use crate::model::summary::Summary;
use crate::model::time::{day, is_reproducible};

/// The build date and the size of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ImageInfo {
    /// The date on which the image was built, from its config or an annotation. `None` if neither has a date, or they
    /// could not be read.
    pub created: Option<Timestamp>,
    /// The number of compressed bytes, as lists show it. `None` if it is not known.
    pub size: Option<u64>,
}

impl ImageInfo {
    /// Returns the date: `2026-11-20`, `no date` for a builder's stand-in, `-` if it is not known.
    pub(crate) fn date(&self) -> String {
        match self.created {
            None => "-".into(),
            Some(created) if is_reproducible(created) => "no date".into(),
            Some(created) => day(created),
        }
    }

    /// Returns the size: `41.2 MB`, `-` if it is not known.
    pub(crate) fn bytes(&self) -> String {
        self.size.map_or_else(|| "-".into(), size::bytes)
    }
}

impl From<&Summary> for ImageInfo {
    fn from(summary: &Summary) -> ImageInfo {
        ImageInfo { created: summary.created, size: summary.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_date_and_a_stand_in_for_none_are_told_apart() {
        let info = |created: Option<&str>| ImageInfo {
            created: created.map(|created| created.parse().expect("a date")),
            size: Some(41_200_000),
        };
        assert_eq!(info(Some("2026-11-20T23:59:59Z")).date(), "2026-11-20");
        assert_eq!(info(Some("1970-01-01T00:00:00Z")).date(), "no date");
        assert_eq!(info(None).date(), "-");
        assert_eq!(info(None).bytes(), "41.2 MB");
        assert_eq!(ImageInfo::default().bytes(), "-");
    }
}
