//! The images of an index and of the indexes within it.
//!
//! Some builders list an index for each platform, which lists the image of the platform and its attestation. Details and
//! rows read the images of all of them through this module, so that both have the same size and date.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Priority, Registry};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::{Body, DEEPEST, Descriptor, Index, Manifest};
use crate::model::platform::Platform;
use crate::model::reference::{RepositoryName, Selector};
use crate::model::text::SafeText;

/// The number of images of an index that are read.
pub(super) const MOST_IMAGES: usize = 64;
/// The highest number of indexes that are read to find them.
const MOST_INDEXES: usize = 64;
/// The number of indexes that are asked for at the same time.
const AT_ONCE: usize = 4;

/// The images of an index.
#[derive(Debug, Default)]
pub(super) struct IndexImages {
    /// The images in the order in which they are listed. An inner index is replaced by its images.
    pub(super) images: Vec<IndexImage>,
    /// The number of images that were left out because there are too many.
    pub(super) left_out: usize,
}

/// An image that an index lists. An inner index is one too, if it lists nothing or could not be read.
#[derive(Debug, Clone)]
pub(super) struct IndexImage {
    /// Its descriptor.
    pub(super) descriptor: Descriptor,
    /// The indexes within the index that lead to it, the outermost one first.
    pub(super) within: Vec<Digest>,
    /// The platform that its descriptor names, else that of the nearest index around it. It may be `unknown/unknown`.
    pub(super) platform: Option<Platform>,
    /// The attestations of it, or of an index around it.
    pub(super) attestations: Vec<Descriptor>,
    /// The reason why it is not known whether this is an image or an index.
    pub(super) failure: Option<Failure>,
    /// Whether it remains to be found out whether this is an index.
    may_be_index: bool,
}

impl IndexImages {
    /// Reads the indexes within an index. The images themselves are not read.
    pub(super) async fn read(
        registry: &dyn Registry,
        name: &RepositoryName,
        index: &Index,
        priority: Priority,
    ) -> IndexImages {
        let mut all = IndexImages::listed_by(index);
        let mut indexes_left = MOST_INDEXES;
        for _ in 0..DEEPEST {
            let open = all.images.iter().filter(|image| image.may_be_index);
            let open: Vec<Digest> = open.filter_map(|image| image.descriptor.digest).collect();
            if open.is_empty() {
                return all;
            }
            let read: Vec<_> = open
                .into_iter()
                .take(indexes_left)
                .map(|digest| read_index(registry, name, digest, priority).boxed())
                .collect();
            indexes_left -= read.len();
            let mut read = stream::iter(read).buffered(AT_ONCE);
            let mut next = IndexImages { images: Vec::new(), left_out: all.left_out };
            for image in all.images {
                let answer = if image.may_be_index { read.next().await } else { None };
                match answer {
                    None => next.push(image),
                    Some(Ok(Some(inner))) if !inner.images.is_empty() => next.push_inner(&image, inner),
                    Some(Ok(_)) => next.push(IndexImage { may_be_index: false, ..image }),
                    Some(Err(failure)) => {
                        next.push(IndexImage { may_be_index: false, failure: Some(failure), ..image });
                    }
                }
            }
            all = next;
        }
        for image in all.images.iter_mut().filter(|image| image.may_be_index) {
            image.failure = Some(too_much(image));
        }
        all
    }

    /// Returns the manifests that an index lists itself, with attestations attached to the image that they are about.
    fn listed_by(index: &Index) -> IndexImages {
        let (attestations, images): (Vec<&Descriptor>, Vec<&Descriptor>) =
            index.manifests.iter().partition(|child| child.is_attestation());
        let left_out = images.len().saturating_sub(MOST_IMAGES).saturating_add(index.manifests.left_out());
        let image = |descriptor: &&Descriptor| IndexImage {
            descriptor: (*descriptor).clone(),
            within: Vec::new(),
            platform: descriptor.platform.clone(),
            attestations: Vec::new(),
            failure: None,
            may_be_index: descriptor.may_be_index() && descriptor.digest.is_some(),
        };
        let mut images: Vec<IndexImage> = images.iter().take(MOST_IMAGES).map(image).collect();
        for attestation in attestations {
            let Some(about) = attestation.attests() else { continue };
            if let Some(image) = images.iter_mut().find(|image| image.descriptor.digest == Some(about)) {
                image.attestations.push(attestation.clone());
            }
        }
        IndexImages { images, left_out }
    }

    fn push(&mut self, image: IndexImage) {
        if self.images.len() < MOST_IMAGES {
            self.images.push(image);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// Adds the images of an inner index in the place of the index.
    fn push_inner(&mut self, index: &IndexImage, inner: IndexImages) {
        self.left_out = self.left_out.saturating_add(inner.left_out);
        for mut image in inner.images {
            image.within = index.within.iter().copied().chain(index.descriptor.digest).collect();
            image.platform = image.platform.or_else(|| index.platform.clone());
            image.attestations.extend(index.attestations.iter().cloned());
            self.push(image);
        }
    }
}

impl IndexImage {
    /// Reads the manifest of the image.
    pub(super) async fn read(
        &self,
        registry: &dyn Registry,
        name: &RepositoryName,
        priority: Priority,
    ) -> Result<Arc<Manifest>, Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let Some(digest) = self.descriptor.digest else {
            let what = "cannot read a manifest of the index";
            return Err(Failure::local(what, "its digest cannot be checked"));
        };
        let manifest = registry.manifest(name, &Selector::Digest(digest), priority).await;
        manifest.map_err(|error| error.failure(self.describe_reading()))
    }

    /// Returns the action that failed if the manifest of the image cannot be read.
    pub(super) fn describe_reading(&self) -> SafeText {
        self.descriptor.digest.map_or_else(|| "cannot read a manifest of the index".into(), describe_reading)
    }
}

/// Returns the images of an inner index, or `None` if it is no index.
async fn read_index(
    registry: &dyn Registry,
    name: &RepositoryName,
    digest: Digest,
    priority: Priority,
) -> Result<Option<IndexImages>, Failure> {
    let manifest = registry.manifest(name, &Selector::Digest(digest), priority).await;
    let manifest = manifest.map_err(|error| error.failure(describe_reading(digest)))?;
    match &manifest.body {
        Body::Index(index) => Ok(Some(IndexImages::listed_by(index))),
        _ => Ok(None),
    }
}

fn describe_reading(digest: Digest) -> SafeText {
    SafeText::from(format!("cannot read the manifest {}", digest.short()))
}

fn too_much(image: &IndexImage) -> Failure {
    let why = format!("indexes are read to a depth of {DEEPEST}, and {MOST_INDEXES} at most");
    Failure::local(image.describe_reading(), SafeText::from(why))
}
