//! Copying images, byte for byte.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::progress::Missed;
use super::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::platform::Platform;
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::size;
use crate::model::text::SafeText;

/// What to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Where it is.
    pub from: Repository,
    /// Which images.
    pub what: What,
    /// Where it goes; may be the same registry.
    pub to: Repository,
    /// The tag there, instead of its own; only for a single image.
    pub tag: Option<Tag>,
    /// Of an index only these platforms; all where it is empty. One platform is copied as the plain manifest that it is,
    /// as crane, skopeo and regctl do; several as a shorter index, whose digest is new. An image that is no index is
    /// copied whole if it is of one of them.
    pub platforms: Vec<Platform>,
    /// Whether what refers to the images comes along.
    pub referrers: bool,
}

/// Which images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// These.
    Images(Vec<Selector>),
    /// Every tag of the repository.
    AllTags,
}

/// What copying will do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What was wished, to be planned again if the program goes down in the middle.
    #[serde(skip)]
    pub wish: Wish,
    /// Where the images are.
    pub from: Repository,
    /// Where they go.
    pub to: Repository,
    /// One for each image.
    pub images: Vec<Image>,
    /// Every manifest that must be there before the tags are put, in the order in which they are put: children and
    /// subjects first. Those that are there already are left out.
    #[serde(skip)]
    pub manifests: Vec<Arc<Manifest>>,
    /// Every blob that they need, each digest once.
    pub blobs: Vec<Blob>,
    /// Whether some digests change because only some platforms of an index come along.
    pub digests_change: bool,
    /// What is not copied, and need not be, in words: foreign layers, children that are gone, platforms.
    pub left_out: Vec<SafeText>,
    /// What was wished for and cannot be copied.
    pub missed: Vec<Missed>,
    /// What else should be known.
    pub remarks: Vec<SafeText>,
    /// The rule that forbids it.
    pub refused: Option<Refusal>,
    /// To be typed to confirm.
    pub name_to_type: Option<RepositoryName>,
}

/// One image to copy.
#[derive(Debug, Clone, Serialize)]
pub struct Image {
    /// As it was named.
    pub selector: Selector,
    /// What it is there: the digest at the destination.
    pub digest: Digest,
    /// What it was at the source when the plan was made.
    pub source: Digest,
    /// Its tag at the destination; `None` for an image that goes by digest.
    pub tag: Option<Tag>,
    /// The digest that this tag has there now; `None` where it is free.
    pub replaces: Option<Digest>,
    /// Its manifest, to be put under the tag.
    #[serde(skip)]
    pub manifest: Arc<Manifest>,
}

/// One blob and how it gets there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blob {
    /// What it is.
    pub descriptor: Descriptor,
    /// How it gets there.
    pub way: Way,
}

/// How a blob gets to the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// It is there.
    There,
    /// From another repository of the same registry, without moving bytes; moved where the server does not want to.
    Mount(RepositoryName),
    /// Its bytes are moved.
    Move,
}

impl Image {
    /// Whether nothing has to be done for its tag.
    pub fn is_done(&self) -> bool {
        self.replaces == Some(self.digest)
    }

    /// Whether it belongs to another image: a signature or the like under a digest tag.
    pub fn is_companion(&self) -> bool {
        self.tag.as_ref().is_some_and(Tag::is_digest_tag)
    }
}

impl Plan {
    /// In a few words.
    pub fn title(&self) -> SafeText {
        let (from, to) = (&self.from.name, &self.to);
        // What goes by a digest tag goes along with another image.
        let all: Vec<&Image> = self.images.iter().filter(|image| !image.is_companion()).collect();
        SafeText::from(match all.as_slice() {
            [Image { tag: Some(tag), selector: Selector::Tag(old), .. }] => {
                format!("copy {from}:{old} → {to}:{tag}")
            }
            [Image { tag: Some(tag), digest, .. }] => format!("copy {from}@{} → {to}:{tag}", digest.short()),
            [Image { tag: None, digest, .. }] => format!("copy {from}@{} → {to}", digest.short()),
            all => format!("copy {} images of {from} → {to}", all.len()),
        })
    }

    /// Bytes that will move.
    pub fn bytes(&self) -> u64 {
        let moved = self.blobs.iter().filter(|blob| blob.way == Way::Move);
        moved.filter_map(|blob| blob.descriptor.size).fold(0, u64::saturating_add)
    }

    /// `3 of 14 layers, 41 MB; the rest is there already`.
    pub fn summary(&self) -> SafeText {
        let all = self.blobs.len();
        let count = |wanted: fn(&Way) -> bool| self.blobs.iter().filter(|blob| wanted(&blob.way)).count();
        let moved = count(|way| *way == Way::Move);
        let mounted = count(|way| matches!(way, Way::Mount(_)));
        let rest = match (mounted, all - moved - mounted) {
            (0, 0) => String::new(),
            (0, _) => "; the rest is there already".into(),
            (mounted, 0) => format!("; {mounted} mounted without moving bytes"),
            (mounted, there) => format!("; {mounted} mounted without moving bytes, {there} there already"),
        };
        SafeText::from(format!("{moved} of {all} blobs, {}{rest}", size::bytes(self.bytes())))
    }
}
