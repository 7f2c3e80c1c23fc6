//! Removing tags and images, and everything that hangs on them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::info::ImageInfo;
use super::loss::Loss;
use super::progress::Unresolved;
use super::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::media_type::MediaType;
use crate::model::plural::counted;
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::server::Ability;
pub use crate::model::server::Deletes;
use crate::model::text::SafeText;

/// What to remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRequest {
    /// Where it is.
    pub repository: Repository,
    /// The tags and digests that were named.
    pub selectors: Vec<Selector>,
    /// How; `None` leaves the choice to the plan: the gentlest way that the server allows.
    #[serde(alias = "manner")]
    pub method: Option<DeleteMethod>,
    /// What goes along.
    pub along: Along,
    /// Whether images that lose their last tag are kept under a tag of their own.
    #[serde(default)]
    pub keep: bool,
}

/// How it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteMethod {
    /// The named tags go; the images stay: `DELETE` by tag.
    Untag,
    /// The images go, and with them every tag that they have: `DELETE` by digest.
    Image,
    /// The named tags go where the server cannot delete by tag: each is put on a manifest of its own (the same image,
    /// marked by an annotation), and that one is deleted by its digest. For a moment the tag has another digest.
    Replace,
}

/// What is removed along with images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Along {
    /// The children of an index that nothing else needs.
    pub children: bool,
    /// What refers to them by `subject` or by a digest tag.
    pub referrers: bool,
}

/// What deleting will do.
#[derive(Debug, Clone, Serialize)]
pub struct DeletePlan {
    /// Where.
    pub repository: Repository,
    /// How.
    pub method: DeleteMethod,
    /// What goes along, as requested.
    pub along: Along,
    /// What the server allows.
    pub deletes: Deletes,
    /// One for each distinct digest that was named.
    pub images: Vec<ImageToDelete>,
    /// What was named and cannot be deleted.
    pub unresolved: Vec<Unresolved>,
    /// Tags of the repository whose digest could not be found out, so that they may be hit unseen.
    pub unknown: Vec<Tag>,
    /// Bytes that only what goes holds in this repository: what garbage collection could free at most, since other
    /// repositories of the registry may hold the same; where only tags go, one that collects untagged manifests too. `None` where sizes are not known. Zero while only tags go and the images
    /// keep others.
    pub frees: Option<u64>,
    /// Bytes that other images of the repository need too.
    pub shared: Option<u64>,
    /// How many tags need them.
    pub shared_with: usize,
    /// The images that lose their last tag, or are deleted, and what the registry does with them.
    pub loss: Loss,
    /// Why this method is not possible, and what would make it so. The other manners may be.
    pub blocked: Option<Refusal>,
    /// The rule that forbids it.
    pub refused: Option<Refusal>,
    /// To be typed to confirm: more goes than one digest with the tags that were named, or a rule protects the
    /// repository.
    pub name_to_type: Option<RepositoryName>,
    /// What else should be known: a list of tags that may be incomplete, what was named and is not there.
    pub notes: Vec<SafeText>,
    /// Which digest every tag of the repository had when the plan was made: what is compared before anything goes.
    #[serde(skip)]
    pub tags: BTreeMap<Tag, Digest>,
}

/// One digest that is at stake.
#[derive(Debug, Clone, Serialize)]
pub struct ImageToDelete {
    /// The digest.
    pub digest: Digest,
    /// What it is.
    pub media_type: MediaType,
    /// Its date and size.
    #[serde(flatten)]
    pub info: ImageInfo,
    /// Tags that were named.
    pub named: Vec<Tag>,
    /// Whether it was named by its digest.
    pub by_digest: bool,
    /// Other tags of the repository that share the digest: they stay with [`DeleteMethod::Untag`] and [`DeleteMethod::Replace`],
    /// and go with [`DeleteMethod::Image`].
    pub others: Vec<Tag>,
    /// Indexes that list it and would be broken without it.
    pub parents: Vec<Parent>,
    /// What it lists, where it is an index.
    pub children: Vec<Digest>,
    /// Children that another index or a tag needs too: they always stay.
    pub needed_children: Vec<Digest>,
    /// What refers to it.
    pub referrers: Vec<PlannedReferrer>,
}

/// An index that lists an image.
#[derive(Debug, Clone, Serialize)]
pub struct Parent {
    /// The index.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// What refers to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedReferrer {
    /// Its manifest.
    pub digest: Digest,
    /// What it refers to: the image, or another referrer of it.
    pub subject: Digest,
    /// Where it was found: the digest tag, or `None` for the referrers API.
    pub tag: Option<Tag>,
    /// What it is: `signature`, `SBOM`.
    pub kind: SafeText,
}

impl DeletePlan {
    /// In a few words.
    pub fn title(&self) -> SafeText {
        let name = &self.repository.name;
        let verb = if self.method == DeleteMethod::Image { "delete" } else { "untag" };
        let named: Vec<&Tag> = self.images.iter().flat_map(|image| &image.named).collect();
        SafeText::from(match (named.as_slice(), self.images.as_slice()) {
            ([tag], [image]) if self.method == DeleteMethod::Image => match image.others.as_slice() {
                [] => format!("{verb} {name}:{tag}"),
                [other] => format!("{verb} {name}:{tag} and its other tag {other}"),
                others => format!("{verb} {name}:{tag} and its {} other tags", others.len()),
            },
            ([tag], [_]) => format!("{verb} {name}:{tag}"),
            ([], [image]) => format!("{verb} {name}@{}", image.digest.short()),
            (tags, images) if self.method == DeleteMethod::Image => {
                let images = counted(images.len(), "image", "images");
                format!("{verb} {images} ({} named) of {name}", counted(tags.len(), "tag", "tags"))
            }
            (tags, _) => format!("{verb} {} of {name}", counted(tags.len(), "tag", "tags")),
        })
    }

    /// The ways to offer, those that take more than was named last. The replacement is only for servers that cannot
    /// untag.
    pub fn methods(&self) -> Vec<DeleteMethod> {
        let cannot_untag = matches!(self.deletes.by_tag, Ability::No(_))
            || self.method == DeleteMethod::Replace
            || self.method == DeleteMethod::Untag && self.blocked.is_some();
        match cannot_untag {
            true => vec![DeleteMethod::Untag, DeleteMethod::Replace, DeleteMethod::Image],
            false => vec![DeleteMethod::Untag, DeleteMethod::Image],
        }
    }

    /// Every tag that stops working, once: those named, with whole images all that they have, and digest tags that go
    /// along.
    pub fn tags_that_go(&self) -> impl Iterator<Item = &Tag> {
        let all = self.method == DeleteMethod::Image;
        let mut seen = HashSet::new();
        let tags = self.images.iter().flat_map(move |image| {
            let along = self.referrers_that_go(image).filter_map(|referrer| referrer.tag.as_ref());
            let others = image.others.iter().filter(move |_| all);
            image.named.iter().chain(others).chain(along)
        });
        tags.filter(move |tag| seen.insert(*tag))
    }

    /// The tags among those that stop working that the user did not name.
    pub fn unnamed_tags(&self) -> impl Iterator<Item = &Tag> {
        let named: HashSet<&Tag> = self.images.iter().flat_map(|image| &image.named).collect();
        self.tags_that_go().filter(move |tag| !named.contains(tag))
    }

    /// Whether a yes is not enough: more than one digest is at stake, or a tag goes that the user did not name.
    pub fn is_far_reaching(&self) -> bool {
        self.at_stake().count() > 1 || self.unnamed_tags().next().is_some()
    }

    /// Whether an image has no tag afterwards: what refers to it is left behind, or goes along.
    pub fn leaves_no_tag(&self, image: &ImageToDelete) -> bool {
        self.method == DeleteMethod::Image || image.others.is_empty()
    }

    /// Whether a referrer of an image can go along with it in this method. Where only tags go, only its tag can.
    pub fn can_go_along(&self, image: &ImageToDelete, referrer: &PlannedReferrer) -> bool {
        match self.method {
            DeleteMethod::Image => true,
            DeleteMethod::Untag => image.others.is_empty() && referrer.tag.is_some(),
            DeleteMethod::Replace => false,
        }
    }

    /// The referrers of an image that go along with it.
    pub fn referrers_that_go<'a>(
        &'a self,
        image: &'a ImageToDelete,
    ) -> impl Iterator<Item = &'a PlannedReferrer> {
        let asked = self.along.referrers;
        image.referrers.iter().filter(move |referrer| asked && self.can_go_along(image, referrer))
    }

    /// The children of an image that go along with it.
    pub fn children_that_go<'a>(&self, image: &'a ImageToDelete) -> impl Iterator<Item = &'a Digest> {
        let go = self.along.children && self.method == DeleteMethod::Image;
        image.spare_children().filter(move |_| go)
    }

    /// The digests that go, or lose a tag: those named, and those that go along.
    pub fn at_stake(&self) -> AtStake {
        let images: HashSet<Digest> = self.images.iter().map(|image| image.digest).collect();
        let referrers = self.images.iter().flat_map(|image| self.referrers_that_go(image));
        let referrers: HashSet<Digest> =
            referrers.map(|referrer| referrer.digest).filter(|digest| !images.contains(digest)).collect();
        let children = self.images.iter().flat_map(|image| self.children_that_go(image)).copied();
        let children =
            children.filter(|digest| !images.contains(digest) && !referrers.contains(digest)).collect();
        AtStake { images, referrers, children }
    }
}

impl ImageToDelete {
    /// The children that nothing else needs.
    pub fn spare_children(&self) -> impl Iterator<Item = &Digest> {
        self.children.iter().filter(|child| !self.needed_children.contains(child))
    }

    /// The indexes that list it and stay, so that they lack it afterwards.
    pub fn broken<'a>(&'a self, at_stake: &'a AtStake) -> impl Iterator<Item = &'a Parent> {
        self.parents.iter().filter(|parent| !at_stake.has(&parent.digest))
    }
}

/// Distinct digests: what is there for two reasons counts once, for the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtStake {
    /// Those that were named.
    pub images: HashSet<Digest>,
    /// Those that go along because they refer to one that was named.
    pub referrers: HashSet<Digest>,
    /// Those that go along because an index that was named lists them.
    pub children: HashSet<Digest>,
}

impl AtStake {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.images.len() + self.referrers.len() + self.children.len()
    }

    /// Whether this is one of them.
    pub fn has(&self, digest: &Digest) -> bool {
        self.images.contains(digest) || self.referrers.contains(digest) || self.children.contains(digest)
    }

    /// All of them.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        self.images.iter().chain(&self.referrers).chain(&self.children).copied()
    }
}
