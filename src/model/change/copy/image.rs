//! The images of a copy, with their blobs and their lists of referrers.

use std::sync::Arc;

use serde::Serialize;

use crate::model::change::image_info::ImageInfo;
use crate::model::digest::Digest;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::media_type::MediaType;
use crate::model::platform::Platform;
use crate::model::reference::{RepositoryName, Selector, Tag};

/// An image to copy.
#[derive(Debug, Clone, Serialize)]
pub struct ImageToCopy {
    /// The tag or digest by which the user named the image.
    pub selector: Selector,
    /// The digest of the image at the destination.
    pub digest: Digest,
    /// The digest of the image at the source when the plan was made.
    pub source: Digest,
    /// The date and size of the image.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// The tag at the destination; `None` for an image that is copied by digest.
    pub tag: Option<Tag>,
    /// The digest that this tag has at the destination now; `None` if the tag is free.
    pub replaces: Option<Digest>,
    /// Whether the destination did not say which digest the tag has, so that `replaces` says nothing.
    pub unknown: bool,
    /// The platforms of an index that are copied, if not all of them are.
    pub takes: Vec<Platform>,
    /// The platforms of the index that are not copied.
    pub leaves: Vec<Platform>,
    /// The manifest to put under the tag.
    #[serde(skip)]
    pub manifest: Arc<Manifest>,
}

/// A manifest of Docker's that the copy converts to OCI, or an index that lists one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConvertedManifest {
    /// Its digest at the source.
    pub source: Digest,
    /// Its digest at the destination.
    pub digest: Digest,
    /// Its media type at the destination.
    pub media_type: MediaType,
}

/// The list of the referrers of one manifest, under the fallback tag that clients read if a registry has no referrers
/// API: distribution-spec § Referrers Tag Schema. It is merged with the list that the destination has, so that no entry
/// of that list is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReferrerList {
    /// The manifest that the referrers refer to.
    pub subject: Digest,
    /// The fallback tag: `sha256-<hex>`.
    pub(crate) tag: Tag,
    /// The digest that this tag has at the destination now; `None` if the tag is free.
    pub replaces: Option<Digest>,
    /// Whether the destination did not say which digest the tag has, so that `replaces` says nothing.
    pub(crate) unknown: bool,
    /// The referrers that are added to the list.
    pub adds: Vec<Digest>,
}

/// A blob, and how it gets to the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedBlob {
    /// The descriptor of the blob.
    pub descriptor: Descriptor,
    /// How the blob gets to the destination.
    pub transfer: BlobTransfer,
}

/// How a blob gets to the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobTransfer {
    /// The destination has the blob already.
    There,
    /// The blob is mounted from another repository of the same registry, without moving bytes. Its bytes are moved if
    /// the server refuses the mount.
    Mount(RepositoryName),
    /// The bytes of the blob are moved.
    Move,
}

impl ImageToCopy {
    /// Returns whether an existing tag would be another image afterwards.
    pub(crate) fn replaces_image(&self) -> bool {
        self.replaces.is_some_and(|old| old != self.digest)
    }

    /// Returns whether the tag is already as planned.
    pub fn is_done(&self) -> bool {
        self.replaces == Some(self.digest)
    }

    /// Returns the platforms in words: `takes linux/amd64; leaves linux/arm64, linux/arm/v7`. Returns `None` if all
    /// platforms are copied.
    pub(crate) fn platforms(&self) -> Option<String> {
        let list =
            |platforms: &[Platform]| platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (self.takes.is_empty(), self.leaves.is_empty()) {
            (true, _) => None,
            (false, true) => Some(format!("takes {}", list(&self.takes))),
            (false, false) => Some(format!("takes {}; leaves {}", list(&self.takes), list(&self.leaves))),
        }
    }

    /// Returns whether the image belongs to another one: a signature or the like under a digest tag.
    pub(crate) fn is_companion(&self) -> bool {
        self.tag.as_ref().is_some_and(Tag::is_digest_tag)
    }
}

impl ReferrerList {
    /// Returns the tag, shortened to the part that tells it from others: `sha256-6b8e0f9a1c2d…`.
    pub(crate) fn short_tag(&self) -> String {
        format!("{}-{}…", self.subject.algorithm(), self.subject.short())
    }

    /// Returns the change of the tag in words: `f78ff9b0cfe7 → merged`, or `nothing → new`.
    pub fn change(&self) -> String {
        match (self.unknown, self.replaces) {
            (true, _) => "not known → merged".into(),
            (false, Some(old)) => format!("{} → merged", old.short()),
            (false, None) => "nothing → new".into(),
        }
    }
}
