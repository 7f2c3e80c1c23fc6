//! Lists and answers of a vendor's own API, which stands beside the registry API and says more than it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::digest::Digest;
use super::platform::Platform;
use super::reference::{RepositoryName, Tag};
use super::text::SafeText;

/// The position in a list of a vendor's own API. Opaque to all but the client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VendorPosition {
    /// The calls that follow, in groups. The first call of a group that brings something is the last one of its group.
    pub(crate) groups: VecDeque<Vec<VendorCall>>,
    /// The number of calls so far.
    pub(crate) calls: u32,
    /// Hashes of the paths that were asked for as a next page, so that pages in a circle end the list.
    pub(crate) asked: HashSet<u64>,
    /// The words that name the list.
    pub(crate) source: Option<SafeText>,
}

/// A call of a vendor's own API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VendorCall {
    /// Path and query below the address of the API.
    pub(crate) path: String,
    /// The subject of the call, for the reader of its answer: a namespace, a repository.
    pub(crate) about: String,
    /// The body of a call that has one, with its media type.
    pub(crate) body: Option<(&'static str, String)>,
}

/// A part of the facts that a vendor lists about the tags of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VendorTags {
    /// The tags, in the order of the vendor.
    pub tags: Vec<VendorTag>,
    /// The position of the next part; `None` at the end.
    pub next: Option<Box<VendorPosition>>,
}

/// The facts that a vendor lists about a tag. No manifest was read for them, so nothing proves them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VendorTag {
    /// The tag.
    pub name: Tag,
    /// The digest that it has.
    pub digest: Option<Digest>,
    /// The size of its image, as the vendor counts it.
    pub size: Option<u64>,
    /// When it was pushed last.
    pub pushed: Option<Timestamp>,
    /// When it was pulled last.
    pub pulled: Option<Timestamp>,
    /// When the registry removes it.
    pub expires: Option<Timestamp>,
    /// The platforms of its image. The tags of one image share them.
    pub platforms: Arc<[Platform]>,
}

impl VendorTag {
    /// Creates the facts about a tag of which only the name is known.
    pub fn of(name: Tag) -> VendorTag {
        let (digest, size, pushed, pulled, expires) = Default::default();
        VendorTag { name, digest, size, pushed, pulled, expires, platforms: Arc::default() }
    }
}

/// A repository that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchHit {
    /// Its name.
    pub repository: RepositoryName,
    /// Whether the vendor marks it as one of its official images.
    pub official: bool,
    /// The number of stars that users gave it.
    pub stars: Option<u64>,
    /// The number of pulls.
    pub pulls: Option<u64>,
    /// The description, in one line.
    pub description: SafeText,
    /// The tags that were found, if the search was for a digest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

impl SearchHit {
    /// Returns the description, or the tags that were found.
    pub(crate) fn about(&self) -> SafeText {
        let tags: Vec<&str> = self.tags.iter().map(Tag::as_str).collect();
        match tags.as_slice() {
            [] => self.description.clone(),
            [tag] => SafeText::from(format!("tag {tag}")),
            tags => SafeText::from(format!("tags {}", tags.join(", "))),
        }
    }

    /// Creates a hit of which only the name is known.
    pub(crate) fn of(repository: RepositoryName) -> SearchHit {
        let (stars, pulls, tags) = Default::default();
        SearchHit { repository, official: false, stars, pulls, description: SafeText::default(), tags }
    }
}
