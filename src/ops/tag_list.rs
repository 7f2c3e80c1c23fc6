//! The tags of a repository and their digests, for every kind of change. Lists are read to their end. Tags that a
//! change is about are also asked for by their names, because lists lag behind, are cut off, or leave tags out.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::{list, planning};
use crate::client::{Error, ManifestHead, Priority, Registry};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::media_type::MediaType;
use crate::model::page::ListedName;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::request_budget::RequestCount;
use crate::model::text::SafeText;

/// The number of tags that are asked for at the same time: enough to keep every connection busy.
pub(crate) const AT_ONCE: usize = 64;

/// A list of tags, read to its end.
#[derive(Debug, Default)]
pub(crate) struct TagNames {
    /// The tags that the registry lists.
    pub(crate) tags: Vec<Tag>,
    /// Listed names that are no tags according to the grammar.
    pub(crate) malformed: Vec<SafeText>,
    /// The reason why there may be more tags.
    pub(crate) incomplete: Option<SafeText>,
}

impl TagNames {
    /// Returns the reason why some tags may not be known.
    pub(crate) fn incomplete_reason(&self) -> Option<SafeText> {
        let odd = || {
            let text = self.malformed.last()?;
            Some(SafeText::from(format!("`{text}` is listed and is not a valid tag")))
        };
        self.incomplete.clone().or_else(odd)
    }
}

/// The tags of a repository.
#[derive(Debug, Default)]
pub(crate) struct TagList {
    /// The digest of each tag.
    pub(crate) digests: BTreeMap<Tag, Digest>,
    /// Tags whose digest could not be determined.
    pub(crate) unknown: Vec<Tag>,
    /// The reasons for that.
    pub(crate) failures: HashMap<Tag, Failure>,
    /// The media types of the digests, as the server reports them.
    pub(crate) types: HashMap<Digest, MediaType>,
    /// The reason why there may be more tags than are listed.
    pub(crate) incomplete: Option<SafeText>,
}

impl TagList {
    /// Returns a note of a plan or report that there may be more tags, if so.
    pub(crate) fn incomplete_note(&self) -> Option<SafeText> {
        let why = self.incomplete.as_ref()?;
        Some(SafeText::from(format!("the list of tags may be incomplete: {why}")))
    }

    /// Returns the tags of a digest.
    pub(crate) fn of(&self, digest: Digest) -> impl Iterator<Item = &Tag> {
        self.digests.iter().filter(move |(_, at)| **at == digest).map(|(tag, _)| tag)
    }

    /// Takes the answer of the server about a tag.
    fn add_answer(&mut self, name: &RepositoryName, tag: Tag, answer: Result<Option<ManifestHead>, Error>) {
        match answer {
            Ok(Some(head)) => {
                if let Some(media_type) = head.media_type {
                    self.types.insert(head.digest, media_type);
                }
                self.digests.insert(tag, head.digest);
            }
            Ok(None) => {}
            Err(error) => {
                let failure = error.failure(format!("cannot determine the image of {name}:{tag}"));
                self.failures.insert(tag.clone(), failure);
                self.unknown.push(tag);
                self.unknown.sort();
            }
        }
    }
}

/// Returns the names of all tags that are listed.
pub(crate) async fn list_names(registry: &dyn Registry, name: &RepositoryName) -> Result<TagNames, Error> {
    let mut pages = std::pin::pin!(list::tags(registry, name));
    let mut names = TagNames::default();
    while let Some(page) = pages.try_next().await? {
        for item in page.items {
            match item {
                ListedName::Named(tag) => names.tags.push(tag),
                ListedName::Malformed(text) => names.malformed.push(text),
            }
        }
        names.incomplete = page.incomplete.or(names.incomplete);
    }
    Ok(names)
}

/// Returns all tags that are listed, and those in `also` whether they are listed or not, with their digests. Each takes
/// one HEAD request; many are sent at the same time. For the tags in `also`, the digest that the server reports is
/// compared with their bytes, unless those are cached. If it is wrong for one of them, the others are asked for anew,
/// and the client then determines their digests from their bytes.
pub(crate) async fn tags_with(
    registry: &dyn Registry,
    name: &RepositoryName,
    also: impl IntoIterator<Item = Tag>,
) -> Result<TagList, Error> {
    let names = list_names(registry, name).await?;
    let mut tags = TagList { incomplete: names.incomplete_reason(), ..TagList::default() };
    let named: HashSet<Tag> = also.into_iter().collect();
    let listed: HashSet<&Tag> = names.tags.iter().collect();
    let unlisted = named.iter().filter(|tag| !listed.contains(tag));
    let all = names.tags.iter().chain(unlisted).cloned();
    // The bytes of each named tag are compared with its digest.
    let count = RequestCount {
        all: (names.tags.len() + named.len()) as u64,
        ..RequestCount::of_manifest_reads(named.len())
    };
    let first = named.iter().next().cloned().map(Selector::Tag);
    planning::state_need(registry, first.as_ref().map(|first| (name, first)), count).await;
    let (asked, others): (Vec<_>, Vec<_>) =
        ask_digests(registry, name, all).await.into_iter().partition(|(tag, _)| named.contains(tag));
    let checked = stream::iter(asked).map(async |(tag, said): (Tag, Result<Option<ManifestHead>, Error>)| {
        let Ok(Some(head)) = said else { return (tag, said, true) };
        let selector = Selector::Tag(tag.clone());
        let digest = registry.confirm_digest(name, &selector, head.digest, &[], Priority::Background).await;
        let is_true = !matches!(digest, Ok(Some(digest)) if digest != head.digest);
        (tag, digest.map(|digest| digest.map(|digest| ManifestHead { digest, ..head })), is_true)
    });
    let checked: Vec<_> = checked.buffer_unordered(AT_ONCE).collect().await;
    let is_true = checked.iter().all(|(.., is_true)| *is_true);
    checked.into_iter().for_each(|(tag, said, _)| tags.add_answer(name, tag, said));
    if is_true {
        others.into_iter().for_each(|(tag, said)| tags.add_answer(name, tag, said));
    } else {
        resolve(registry, name, others.into_iter().map(|(tag, _)| tag).collect(), &mut tags).await;
    }
    Ok(tags)
}

/// Returns all tags that are listed, with their digests.
pub(crate) async fn tags(registry: &dyn Registry, name: &RepositoryName) -> Result<TagList, Error> {
    tags_with(registry, name, []).await
}

/// Returns the digests of these tags in any order. Each is asked for by its name. The digest is `None` if the tag does
/// not exist.
pub(crate) async fn ask_digests(
    registry: &dyn Registry,
    name: &RepositoryName,
    tags: impl IntoIterator<Item = Tag>,
) -> Vec<(Tag, Result<Option<ManifestHead>, Error>)> {
    let head = |tag: Tag| {
        async move {
            let head = match registry.head_tag(name, &tag, Priority::Background).await {
                Ok(head) => Ok(Some(head)),
                Err(error) if error.cause.status() == Some(404) => Ok(None),
                Err(error) => Err(error),
            };
            planning::end_lookup();
            (tag, head)
        }
        .boxed()
    };
    let asked: Vec<_> = tags.into_iter().map(head).collect();
    planning::add_lookups(asked.len());
    stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

/// Determines the digests of these tags. Tags that do not exist are left out.
pub(crate) async fn resolve(
    registry: &dyn Registry,
    name: &RepositoryName,
    all: Vec<Tag>,
    tags: &mut TagList,
) {
    for (tag, said) in ask_digests(registry, name, all).await {
        tags.add_answer(name, tag, said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Cause;
    use crate::model::change::builders::{digest, tag};
    use crate::model::media_type::{OCI_INDEX, OCI_MANIFEST};

    #[test]
    fn a_list_is_incomplete_if_it_says_so_or_has_a_name_that_is_no_tag() {
        let odd = Some("`-b` is listed and is not a valid tag");
        // The odd names, what the registry says of its list, and the reason.
        type Case<'a> = (&'a str, &'a [&'a str], Option<&'a str>, Option<&'a str>);
        let table: [Case; 4] = [
            ("a whole list", &[], None, None),
            ("a list that is cut off", &[], Some("cut off"), Some("cut off")),
            ("odd names", &["-a", "-b"], None, odd),
            ("both", &["-a", "-b"], Some("cut off"), Some("cut off")),
        ];
        for (case, malformed, incomplete, expected) in table {
            let malformed = malformed.iter().map(|name| SafeText::from(*name)).collect();
            let names =
                TagNames { tags: vec![tag("1")], malformed, incomplete: incomplete.map(SafeText::from) };
            assert_eq!(names.incomplete_reason().as_ref().map(SafeText::as_str), expected, "{case}");
        }
    }

    #[test]
    fn a_note_tells_of_a_list_that_may_be_incomplete() {
        for (why, note) in
            [(None, None), (Some("cut off"), Some("the list of tags may be incomplete: cut off"))]
        {
            let tags = TagList { incomplete: why.map(SafeText::from), ..TagList::default() };
            assert_eq!(tags.incomplete_note().as_ref().map(SafeText::as_str), note);
        }
    }

    #[test]
    fn every_answer_about_a_tag_is_kept_except_that_it_does_not_exist() {
        let name = RepositoryName::parse("team/app").expect("a name");
        let found = |media_type: Option<&str>| {
            Ok(Some(ManifestHead { digest: digest("a"), media_type: media_type.map(MediaType::new) }))
        };
        let broken = || Err(Error::unsent("r.test", Cause::Refused));
        // The digest of the tag, the media type of the digest, and whether the tag is unknown.
        let table = [
            ("an image", found(Some(OCI_INDEX)), true, Some(OCI_INDEX), false),
            ("an image without a media type", found(None), true, None, false),
            ("no such tag", Ok(None), false, None, false),
            ("no answer", broken(), false, None, true),
        ];
        for (case, answer, has_digest, media_type, is_unknown) in table {
            let mut tags = TagList::default();
            tags.add_answer(&name, tag("1"), answer);
            assert_eq!(tags.digests.get(&tag("1")), has_digest.then(|| digest("a")).as_ref(), "{case}");
            assert_eq!(tags.types.get(&digest("a")).map(MediaType::as_str), media_type, "{case}");
            assert_eq!(tags.unknown, if is_unknown { vec![tag("1")] } else { vec![] }, "{case}");
            let what = tags.failures.get(&tag("1")).map(|failure| failure.what.as_str());
            assert_eq!(what, is_unknown.then_some("cannot determine the image of team/app:1"), "{case}");
        }
    }

    #[test]
    fn a_missing_media_type_keeps_the_known_one_and_unknown_tags_are_in_order() {
        let name = RepositoryName::parse("team/app").expect("a name");
        let mut tags = TagList::default();
        for media_type in [Some(MediaType::new(OCI_MANIFEST)), None] {
            tags.add_answer(&name, tag("1"), Ok(Some(ManifestHead { digest: digest("a"), media_type })));
        }
        assert_eq!(tags.types.get(&digest("a")).map(MediaType::as_str), Some(OCI_MANIFEST));
        for unknown in ["c", "a", "b"] {
            tags.add_answer(&name, tag(unknown), Err(Error::unsent("r.test", Cause::Refused)));
        }
        assert_eq!(tags.unknown, ["a", "b", "c"].map(tag));
    }

    #[test]
    fn the_tags_of_a_digest_are_all_that_have_it() {
        let all = [("2", "a"), ("1", "a"), ("3", "b")];
        let digests = all.iter().map(|(name, content)| (tag(name), digest(content))).collect();
        let tags = TagList { digests, ..TagList::default() };
        let table: [(&str, &[&str]); 3] = [("a", &["1", "2"]), ("b", &["3"]), ("c", &[])];
        for (content, expected) in table {
            let names: Vec<&str> = tags.of(digest(content)).map(Tag::as_str).collect();
            assert_eq!(names, expected, "{content}");
        }
    }
}
