//! Images that lose a tag: how the registry treats them, and the tags that keep them.

use serde::Serialize;

use crate::model::digest::Digest;
use crate::model::plural::counted;
use crate::model::reference::{Repository, Tag};
use crate::model::server::Cleanup;

/// The images that lose a tag by a change or are deleted by it, so that the registry may remove them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// When the registry removes content that nothing refers to any more.
    pub cleanup: Cleanup,
    /// Whether each of the images is kept under a tag of its own.
    pub keep: bool,
    /// The images. Empty if every image certainly keeps a tag.
    pub images: Vec<Nameless>,
}

/// An image that may be left without a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Nameless {
    /// The repository of the image.
    pub repository: Repository,
    /// The digest of the image.
    pub digest: Digest,
    /// Whether it is certain that the image has no other tag. Otherwise other tags were not looked for.
    pub is_last: bool,
    /// The tag that can keep the image; `None` if no tag can, for example because the image itself is deleted.
    pub tag: Option<Tag>,
}

impl Loss {
    /// Returns whether the user is offered to keep the images. They are offered that unless the registry is known to
    /// keep such images itself.
    pub fn is_offered(&self) -> bool {
        self.keepable_images().next().is_some() && (self.keep || self.cleanup != Cleanup::Later)
    }

    /// Returns whether the images may be gone for good after the change.
    pub fn is_at_risk(&self) -> bool {
        !self.images.is_empty() && !self.keeps_all() && self.cleanup != Cleanup::Later
    }

    /// Returns the images that can be kept, each with its tag.
    pub(crate) fn keepable_images(&self) -> impl Iterator<Item = (&Nameless, &Tag)> {
        self.images.iter().filter_map(|image| Some((image, image.tag.as_ref()?)))
    }

    /// Returns the images that are kept, each with its tag.
    pub(crate) fn kept_images(&self) -> impl Iterator<Item = (&Nameless, &Tag)> {
        self.keepable_images().filter(|_| self.keep)
    }

    fn keeps_all(&self) -> bool {
        self.keep && self.images.iter().all(|image| image.tag.is_some())
    }

    /// Returns the fate of the images in words, both the certain and the uncertain part. Returns `None` if there are no
    /// images.
    pub fn fate(&self) -> Option<String> {
        let one = self.images.len() == 1;
        let they = counted(self.images.len(), "image", "images");
        let last = match (self.images.iter().all(|image| image.is_last), one) {
            (true, true) => format!("{they} loses its last tag"),
            (true, false) => format!("{they} lose their last tags"),
            (false, true) => format!("{they} may lose its last tag"),
            (false, false) => format!("{they} may lose their last tags"),
        };
        let (it, its) = if one { ("it", "its") } else { ("them", "their") };
        if self.images.is_empty() {
            return None;
        }
        if self.keepable_images().next().is_none() {
            return Some(self.fate_of_deleted(its));
        }
        if self.keeps_all() {
            return Some(format!("{last}, so a tag of {its} own keeps {it}: undo removes that again"));
        }
        Some(match self.cleanup {
            Cleanup::Later => format!("{last}; this registry keeps {it} until garbage collection"),
            Cleanup::AtOnce => {
                format!(
                    "{last}; this registry then removes {it} at once, with blobs that nothing else needs: no undo"
                )
            }
            Cleanup::Unknown => {
                format!(
                    "{last}; whether this registry then keeps {it} is not known, so undo may be impossible"
                )
            }
        })
    }

    /// Returns the fate of images that are deleted by their digests, which no tag can keep.
    fn fate_of_deleted(&self, its: &str) -> String {
        match self.cleanup {
            Cleanup::Later => {
                format!("{its} blobs stay until garbage collection: until then undo is possible")
            }
            Cleanup::AtOnce => format!(
                "this registry removes {its} blobs at once, those that nothing else needs: undo is impossible \
                 without them, and no tag can keep deleted images"
            ),
            Cleanup::Unknown => format!(
                "whether this registry keeps {its} blobs for a while is not known, so undo may be impossible; \
                 no tag can keep deleted images"
            ),
        }
    }

    /// Returns the tags that can keep the images in words: the first one, and the number of others.
    pub(crate) fn tags(&self) -> String {
        let mut tags = self.keepable_images().map(|(_, tag)| tag);
        match (tags.next(), tags.count()) {
            (None, _) => String::new(),
            (Some(first), 0) => first.to_string(),
            (Some(first), more) => format!("{first} and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use Cleanup::{AtOnce, Later, Unknown};

    use super::*;

    /// An image for each of the tags. An empty text stands for an image that no tag can keep.
    fn loss(cleanup: Cleanup, keep: bool, is_last: bool, tags: &[&str]) -> Loss {
        let image = |tag: &&str| Nameless {
            repository: Repository::parse("r.test/app").expect("a repository"),
            digest: Digest::sha256(tag.as_bytes()),
            is_last,
            tag: Tag::parse(tag).ok(),
        };
        Loss { cleanup, keep, images: tags.iter().map(image).collect() }
    }

    #[test]
    fn keeping_images_is_offered_unless_the_registry_keeps_them_itself() {
        // The cleanup, whether images are kept, their tags; whether that is offered, and whether images may be lost.
        let table: [(Cleanup, bool, &[&str], bool, bool); 10] = [
            (AtOnce, false, &["keep"], true, true),
            (Unknown, false, &["keep"], true, true),
            (Later, false, &["keep"], false, false),
            (AtOnce, true, &["keep"], true, false),
            (Later, true, &["keep"], true, false),
            (AtOnce, true, &["keep", ""], true, true),
            (AtOnce, false, &[""], false, true),
            (Unknown, true, &[""], false, true),
            (Later, true, &[""], false, false),
            (AtOnce, true, &[], false, false),
        ];
        for (cleanup, keep, tags, is_offered, is_at_risk) in table {
            let loss = loss(cleanup, keep, true, tags);
            assert_eq!((loss.is_offered(), loss.is_at_risk()), (is_offered, is_at_risk), "{loss:?}");
            let kept = if keep { loss.keepable_images().count() } else { 0 };
            assert_eq!(loss.kept_images().count(), kept, "{loss:?}");
        }
    }

    #[test]
    fn the_fate_of_images_is_told_in_the_right_number_and_is_never_more_certain_than_known() {
        let table = [
            (loss(AtOnce, true, true, &[]), None),
            (
                loss(Later, false, true, &["a"]),
                Some("1 image loses its last tag; this registry keeps it until garbage collection"),
            ),
            (
                loss(Later, false, false, &["a", "b"]),
                Some("2 images may lose their last tags; this registry keeps them until garbage collection"),
            ),
            (
                loss(AtOnce, true, true, &["a", "b"]),
                Some(
                    "2 images lose their last tags, so a tag of their own keeps them: undo removes that again",
                ),
            ),
            (
                loss(AtOnce, false, false, &["a"]),
                Some(
                    "1 image may lose its last tag; this registry then removes it at once, with blobs that \
                     nothing else needs: no undo",
                ),
            ),
            (
                loss(Unknown, true, true, &["a", ""]),
                Some(
                    "2 images lose their last tags; whether this registry then keeps them is not known, so \
                     undo may be impossible",
                ),
            ),
            (
                loss(Later, false, true, &[""]),
                Some("its blobs stay until garbage collection: until then undo is possible"),
            ),
            (
                loss(Unknown, false, true, &["", ""]),
                Some(
                    "whether this registry keeps their blobs for a while is not known, so undo may be \
                     impossible; no tag can keep deleted images",
                ),
            ),
        ];
        for (loss, fate) in table {
            assert_eq!(loss.fate().as_deref(), fate, "{loss:?}");
        }
    }

    #[test]
    fn the_first_tag_that_keeps_images_is_named_and_the_others_are_counted() {
        let table: [(&[&str], &str); 4] = [
            (&[], ""),
            (&["", "a"], "a"),
            (&["a", "b"], "a and 1 more"),
            (&["a", "", "b", "c"], "a and 2 more"),
        ];
        for (tags, expected) in table {
            assert_eq!(loss(Unknown, false, true, tags).tags(), expected, "{tags:?}");
        }
    }
}
