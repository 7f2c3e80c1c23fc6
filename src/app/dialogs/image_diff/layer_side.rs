//! A layer of an image as one side of a comparison.

use crate::app::panes::details::Detail;
use crate::app::panes::details::files::reading::FilesImage;
use crate::model::digest::Digest;
use crate::model::image::LayerTable;
use crate::model::image_diff::DiffInput;
use crate::model::manifest::Descriptor;
use crate::model::platform::Platform;
use crate::model::reference::{Reference, Selector};
use crate::model::text::SafeText;

/// A layer of an image.
#[derive(Debug, Clone)]
pub(crate) struct LayerSide {
    /// The image.
    pub(crate) image: FilesImage,
    /// The name of the image.
    pub(crate) name: Reference,
    /// The number of the layer, from 1.
    pub(crate) number: u16,
}

impl LayerSide {
    /// Returns a layer of the image that Details shows, by its number from 1.
    pub(crate) fn shown(detail: &Detail, number: u16) -> Option<LayerSide> {
        let image = detail.files_image()?;
        let (repository, selector) = detail.image.clone()?;
        let (tag, digest) = match selector {
            Selector::Tag(tag) => (Some(tag), None),
            Selector::Digest(digest) => (None, Some(digest)),
        };
        Some(LayerSide { image, name: Reference { repository, tag, digest }, number })
    }

    /// Returns the image by the digest of its own manifest, which is never that of an index.
    pub(crate) fn exact_image(&self) -> Reference {
        let digest = Some(self.image.manifest.digest);
        Reference { repository: self.image.repository.clone(), tag: None, digest }
    }

    /// Returns the platform that the image itself names, else the one that an index lists it for.
    fn platform(&self) -> Option<&Platform> {
        let own = self.image.config.as_ref().and_then(|config| config.platform.as_ref());
        own.filter(|platform| !platform.is_unknown()).or(self.image.platform.as_ref())
    }

    fn index(&self) -> usize {
        usize::from(self.number).saturating_sub(1)
    }

    /// Returns the descriptor of the layer.
    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        self.image.manifest.layers().get(self.index())
    }

    /// Returns the digest of the uncompressed bytes, if the config names that of each layer.
    pub(crate) fn diff_id(&self) -> Option<Digest> {
        let diff_ids = &self.image.config.as_ref()?.diff_ids;
        let is_whole = diff_ids.is_whole() && diff_ids.len() == self.image.manifest.layers().len();
        diff_ids.get(self.index()).filter(|_| is_whole).copied()
    }

    /// Returns the layer as a part of its image.
    pub(super) fn input<'a>(&'a self, reference: &'a str) -> (DiffInput<'a>, usize) {
        let input = DiffInput {
            reference,
            manifest: &self.image.manifest,
            config: self.image.config.as_deref(),
            platform: self.platform(),
        };
        (input, self.number.into())
    }
}

/// Returns the steps that made the layers of an image, bottom first. They are empty if they are not known.
pub(crate) fn steps_of(image: &FilesImage) -> Vec<SafeText> {
    let table = LayerTable::join(&image.manifest, image.config.as_deref());
    let rows = table.rows.iter().filter(|row| row.layer.is_some());
    rows.map(|row| if table.approximate { SafeText::default() } else { SafeText::clean(row.step()) })
        .collect()
}
