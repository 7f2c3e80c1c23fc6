//! The differences between two images in words, for the screen and the command line.

use super::packages::{PackageChange, PackageDifference};
use super::{ConfigDifference, DiffSide, DiffedLayer, ImageDiff, LayerChange};
use crate::model::digest::Digest;
use crate::model::plural::group_thousands;
use crate::model::text::SafeText;
use crate::model::{size, time};

impl ImageDiff {
    /// Returns the facts about both images, each with its name and its value on the left and on the right.
    pub(crate) fn facts(&self) -> Vec<(&'static str, [SafeText; 2])> {
        let dash = || "-".to_string();
        let both = |value: &dyn Fn(&DiffSide) -> String| {
            [&self.left, &self.right].map(|side| SafeText::from(value(side)))
        };
        let mut facts = vec![
            (if self.is_of_layers() { "layer" } else { "image" }, both(&DiffSide::name)),
            ("digest", both(&|side| side.digest.to_string())),
            ("platform", both(&|side| side.platform.as_ref().map_or_else(dash, ToString::to_string))),
            ("created", both(&|side| side.created.map_or_else(dash, time::absolute))),
            ("size", both(&|side| side.size.map_or_else(dash, size::bytes))),
        ];
        // A layer has no build date of its own.
        facts.retain(|(name, _)| *name != "created" || !self.is_of_layers());
        if self.left.base.is_some() || self.right.base.is_some() {
            facts.push(("base", both(&|side| side.base.clone().unwrap_or_else(dash))));
        }
        facts
    }

    /// Returns the counts of layers, and the download for a client that has the left image.
    pub(crate) fn describe_layers(&self) -> String {
        format!("{}; {}", self.layer_counts().join(", "), self.describe_download(false))
    }

    /// Returns the counts of layers by their changes, each with its bytes: `3 shared (154.6 MB)`.
    pub(crate) fn layer_counts(&self) -> Vec<String> {
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
        if parts.is_empty() { vec!["none".to_string()] } else { parts }
    }

    /// Returns the download for a client that has the left image, in few words or in more.
    pub(crate) fn describe_download(&self, is_short: bool) -> String {
        match (self.new_bytes.map(size::bytes), is_short) {
            (Some(bytes), true) => format!("downloads {bytes}"),
            (Some(bytes), false) => format!("a client with the left image downloads {bytes}"),
            (None, true) => "download not known".into(),
            (None, false) => "the size of the download is not known".into(),
        }
    }
}

impl DiffSide {
    /// Returns the name of the image, with the number of the layer if only that is compared.
    pub(crate) fn name(&self) -> String {
        let reference = &self.reference;
        self.layer.map_or_else(|| reference.clone(), |layer| format!("{reference} layer {layer}"))
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
    /// Returns its size, or a question mark.
    pub(crate) fn shown_size(&self) -> String {
        self.size.map_or_else(|| "?".into(), size::bytes)
    }

    /// Returns the step of the build that made it. Empty if it is not known.
    pub(crate) fn step(&self) -> SafeText {
        SafeText::clean(self.instruction.as_deref().unwrap_or_default())
    }

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

/// Returns the counts of packages by their changes.
pub(crate) fn describe_packages(rows: &[PackageDifference]) -> String {
    let count = |change| rows.iter().filter(|row| row.change == change).count();
    let counts = PackageChange::ALL.into_iter().map(|(change, _, word)| (count(change), word));
    let counts: Vec<String> = counts
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", group_thousands(count)))
        .collect();
    if counts.is_empty() { "none differs".into() } else { counts.join(", ") }
}

impl PackageDifference {
    /// The headings of [`PackageDifference::cells`].
    pub(crate) const HEADINGS: [&'static str; 5] = ["", "NAME", "LEFT", "RIGHT", "ECOSYSTEM"];

    /// Returns the sign, the name, the versions on both sides and the ecosystem, safe to draw.
    pub(crate) fn cells(&self) -> [String; 5] {
        let safe = |text: &str| SafeText::clean(text).to_string();
        let version = |version: &Option<String>| version.as_deref().map(safe).unwrap_or_default();
        [
            self.change.sign().into(),
            safe(&self.name),
            version(&self.left),
            version(&self.right),
            safe(&self.ecosystem),
        ]
    }
}
