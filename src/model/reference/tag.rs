//! Tags, and the tags that stand for digests or keep images.

use compact_str::CompactString;

use super::BadName;
use crate::model::digest::Digest;

/// The longest tag, in bytes.
pub(crate) const LONGEST_TAG: usize = 128;

/// The beginning of tags that keep an image.
const KEPT: &str = "regtui-kept-";

/// A tag, case-sensitive. Most tags are short enough to need no memory beyond this struct, since a list may hold a
/// million.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub(super) CompactString);

impl Tag {
    /// Parses a tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
    pub fn parse(text: &str) -> Result<Tag, BadName> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let bytes = text.as_bytes();
        let good = bytes.len() <= LONGEST_TAG
            && bytes.first().is_some_and(is_word)
            && bytes.iter().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'));
        if good { Ok(Tag(text.into())) } else { Err(BadName::Tag) }
    }

    /// Returns whether this is a digest written as a tag (`sha256-<hex>`, with or without a suffix such as `.sig`).
    /// Under such tags, cosign and the referrers fallback store manifests that belong to an image.
    pub(crate) fn is_digest_tag(&self) -> bool {
        self.digest_and_suffix().is_some()
    }

    /// Returns the tag that keeps an image which loses its last one. A `number` above 1 is appended, for use if the
    /// first tag is taken.
    pub fn kept_tag(image: &Digest, number: usize) -> Tag {
        let end = if number > 1 { format!("-{number}") } else { String::new() };
        Tag(format!("{KEPT}{}{end}", image.short()).into())
    }

    /// Returns whether this is a tag that keeps an image: see [`Tag::kept_tag`].
    pub(crate) fn keeps_image(&self) -> bool {
        self.0.strip_prefix(KEPT).is_some_and(|digest| digest.len() >= 12)
    }

    /// Returns whether this is a digest tag without a suffix, which holds the list of the referrers of a manifest:
    /// distribution-spec § Referrers Tag Schema.
    pub(crate) fn is_referrer_list(&self) -> bool {
        self.digest_and_suffix().is_some_and(|(_, suffix)| suffix.is_empty())
    }

    /// Returns the digest that a digest tag names, as [`Digest::tag_stem`] spells it, and the suffix (`.sig`, or
    /// nothing).
    pub(crate) fn digest_and_suffix(&self) -> Option<(&str, &str)> {
        let end = self.0.find('.').unwrap_or(self.0.len());
        let (stem, suffix) = self.0.split_at(end);
        let hex = stem.strip_prefix("sha256-").or_else(|| stem.strip_prefix("sha512-"))?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (hex.len() == 64 && hex.bytes().all(is_hex)).then_some((stem, suffix))
    }

    /// Returns the suffix if this is a digest tag of this digest.
    pub(crate) fn suffix_after(&self, digest: &Digest) -> Option<&str> {
        self.digest_and_suffix().filter(|(stem, _)| *stem == digest.tag_stem()).map(|(_, suffix)| suffix)
    }
}
