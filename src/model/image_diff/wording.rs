//! The differences between two images in words, for the screen and the command line.

use super::{ConfigDifference, DiffedLayer, ImageDiff, LayerChange};
use crate::model::digest::Digest;
use crate::model::size;
use crate::model::text::SafeText;

impl ImageDiff {
    /// Returns the counts of layers, and the download for a client that has the left image.
    pub(crate) fn describe_layers(&self) -> String {
        let part = |change, word: &str| {
            let (count, bytes) = self.count(change);
            (count > 0).then(|| format!("{count} {word} ({})", size::bytes(bytes)))
        };
        let parts = [
            part(LayerChange::Shared, "shared"),
            part(LayerChange::Removed, "removed"),
            part(LayerChange::Added, "added"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let parts = if parts.is_empty() { "none".to_string() } else { parts.join(", ") };
        match self.new_bytes {
            Some(bytes) => format!("{parts}; a client with the left image downloads {}", size::bytes(bytes)),
            None => format!("{parts}; the size of the download is not known"),
        }
    }
}

impl LayerChange {
    /// Returns the sign of the change.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            LayerChange::Shared => "=",
            LayerChange::Removed => "-",
            LayerChange::Added => "+",
        }
    }
}

impl DiffedLayer {
    /// Returns the short form of the digest.
    pub(crate) fn short_digest(&self) -> SafeText {
        let digest = self.digest.parse::<Digest>();
        digest.map_or_else(|_| SafeText::clean(&self.digest), |digest| SafeText::from(digest.short()))
    }
}

impl ConfigDifference {
    /// Returns the sign of the difference.
    pub(crate) fn sign(&self) -> char {
        match (&self.left, &self.right) {
            (Some(_), None) => '-',
            (None, Some(_)) => '+',
            _ => '~',
        }
    }

    /// Returns the difference in one line: `~ env.PATH: left → right`. A value that is only a name has no colon.
    pub(crate) fn line(&self) -> SafeText {
        let (sign, path) = (self.sign(), &self.path);
        SafeText::from(match (&self.left, &self.right) {
            (Some(left), Some(right)) => {
                let [left, right] = [left, right].map(|value| SafeText::clean(value));
                format!("{sign} {path}: {left} → {right}")
            }
            (Some(value), None) | (None, Some(value)) if !value.is_empty() => {
                format!("{sign} {path}: {value}")
            }
            _ => format!("{sign} {path}"),
        })
    }
}
