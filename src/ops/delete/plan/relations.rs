//! Everything that depends on the images of a delete: the indexes that list them, the manifests that they list, and
//! their referrers.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Priority, Registry};
use crate::model::change::delete::{DeleteMethod, ImageToDelete, Parent, PlannedReferrer};
use crate::model::digest::Digest;
use crate::model::manifest::Descriptor;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::summary::Kind;
use crate::model::text::SafeText;
use crate::ops::copy::companions::{FURTHEST, MOST};
use crate::ops::graph::Indexes;
use crate::ops::referrer_kinds::read_kinds;
use crate::ops::tag_list::{AT_ONCE, TagList};

/// Returns the tags that the repository still has afterwards.
pub(super) fn remaining_tags(
    images: &[ImageToDelete],
    method: DeleteMethod,
    tags: &TagList,
) -> BTreeMap<Tag, Digest> {
    let goes = |tag: &Tag, digest: &Digest| {
        images.iter().any(|image| {
            image.digest == *digest && (method == DeleteMethod::Image || image.named.contains(tag))
        })
    };
    tags.digests
        .iter()
        .filter(|(tag, digest)| !goes(tag, digest))
        .map(|(tag, digest)| (tag.clone(), *digest))
        .collect()
}

/// Adds to each image the indexes that list it, the manifests that it lists, and those of them that others need.
pub(super) fn add_relations(
    images: &mut [ImageToDelete],
    method: DeleteMethod,
    tags: &TagList,
    indexes: &Indexes,
) {
    let staying = remaining_tags(images, method, tags);
    let needed: HashSet<Digest> = indexes.reachable_from(staying.into_values());
    let at_stake: HashSet<Digest> = images.iter().map(|image| image.digest).collect();
    for image in images {
        image.children = indexes.descendants(image.digest);
        image.needed_children =
            image.children.iter().filter(|child| needed.contains(child)).copied().collect();
        // Children that were named themselves are images of the plan and do not go along.
        image.children.retain(|child| !at_stake.contains(child) || needed.contains(child));
        let mut parents: Vec<Parent> = indexes
            .parents(image.digest)
            .map(|digest| Parent { digest, tags: tags.of(digest).cloned().collect() })
            .collect();
        parents.sort_by(|one, other| one.tags.cmp(&other.tags).then(one.digest.cmp(&other.digest)));
        image.parents = parents;
    }
}

/// The digest tags of a repository by the digest in their names, each with its suffix and its own digest.
type DigestTags<'a> = HashMap<&'a str, Vec<(&'a Tag, &'a str, Digest)>>;

/// Adds the referrers of each image, and theirs in turn, as far as copies follow them. If the registry cannot be asked,
/// a note says so, and the delete is planned without them.
pub(super) async fn add_referrers(
    registry: &dyn Registry,
    name: &RepositoryName,
    images: &mut [ImageToDelete],
    tags: &TagList,
    notes: &mut Vec<SafeText>,
) {
    let mut named: DigestTags = HashMap::new();
    for (tag, at) in &tags.digests {
        if let Some((of, suffix)) = tag.digest_and_suffix() {
            named.entry(of).or_default().push((tag, suffix, *at));
        }
    }
    let mut level: Vec<(usize, Digest)> = images.iter().map(|image| image.digest).enumerate().collect();
    for _ in 0..FURTHEST {
        let asked: Vec<_> = level
            .iter()
            .map(|(_, subject)| list_referrers(registry, name, *subject, &named).boxed())
            .collect();
        let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut next = Vec::new();
        for ((at, _), (found, note)) in level.iter().zip(answers) {
            notes.extend(note);
            let Some(image) = images.get_mut(*at) else { continue };
            for referrer in found {
                if is_new(image, &referrer) {
                    next.push((*at, referrer.digest));
                    image.referrers.push(referrer);
                }
            }
        }
        if next.is_empty() {
            return;
        }
        level = next;
    }
}

/// Returns whether a referrer is not known yet and there is room for it, so that lists can neither lead in circles nor
/// go on without end.
fn is_new(image: &ImageToDelete, referrer: &PlannedReferrer) -> bool {
    let is_it = |known: &PlannedReferrer| {
        known.digest == referrer.digest && (referrer.tag.is_none() || known.tag == referrer.tag)
    };
    referrer.digest != image.digest && image.referrers.len() < MOST && !image.referrers.iter().any(is_it)
}

/// Returns the referrers of a manifest: its digest tags, then those that are listed. If these cannot be listed, returns
/// a note.
async fn list_referrers(
    registry: &dyn Registry,
    name: &RepositoryName,
    subject: Digest,
    named: &DigestTags<'_>,
) -> (Vec<PlannedReferrer>, Option<SafeText>) {
    let mut all = Vec::new();
    let mut has_fallback = false;
    for (tag, suffix, digest) in named.get(subject.tag_stem().as_str()).into_iter().flatten() {
        has_fallback |= suffix.is_empty();
        all.push(PlannedReferrer {
            digest: *digest,
            subject,
            tag: Some((*tag).clone()),
            kind: kind_of(suffix),
        });
    }
    let found = match registry.referrers(name, &subject, has_fallback).await {
        Ok(found) => found,
        Err(error) => {
            let text = format!("the referrers of {} are not known: {}", subject.short(), error.why());
            return (all, Some(SafeText::from(text)));
        }
    };
    let descriptors: Vec<Descriptor> = found.descriptors.into_iter().collect();
    let kinds = read_kinds(registry, name, &descriptors, Priority::Background).await;
    for (descriptor, kinds) in descriptors.into_iter().zip(kinds) {
        let Some(digest) = descriptor.digest else { continue };
        let kinds: Vec<String> = kinds.iter().map(Kind::to_string).collect();
        let kind = SafeText::from(kinds.join(" + "));
        all.push(PlannedReferrer { digest, subject, tag: None, kind });
    }
    (all, None)
}

/// Removes from the plan those referrers that an index or tag needs which stays, and the referrers of those. They are
/// not left behind, and never go along.
pub(super) fn keep_needed_referrers(
    images: &mut [ImageToDelete],
    method: DeleteMethod,
    tags: &TagList,
    indexes: &Indexes,
) {
    let digest_tags: HashSet<Tag> = images
        .iter()
        .flat_map(|image| image.referrers.iter().filter_map(|referrer| referrer.tag.clone()))
        .collect();
    let mut staying = remaining_tags(images, method, tags);
    staying.retain(|tag, _| !digest_tags.contains(tag));
    let needed = indexes.reachable_from(staying.into_values());
    for image in images {
        let is_only_a_tag = |tag: &Option<Tag>| method != DeleteMethod::Image && tag.is_some();
        let mut kept = HashSet::from([image.digest]);
        image.referrers.retain(|referrer| {
            let is_spare = is_only_a_tag(&referrer.tag) || !needed.contains(&referrer.digest);
            // Subjects come before their referrers.
            let is_kept = is_spare && kept.contains(&referrer.subject);
            if is_kept {
                kept.insert(referrer.digest);
            }
            is_kept
        });
    }
}

/// Returns the content of a digest tag with that suffix, as cosign and the referrers fallback name them.
fn kind_of(suffix: &str) -> SafeText {
    match suffix {
        "" => "list of referrers".into(),
        ".sig" => "signature".into(),
        ".att" => "attestation".into(),
        ".sbom" => "SBOM".into(),
        _ => SafeText::clean(suffix.trim_start_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use DeleteMethod::{Image, Untag};

    use super::*;
    use crate::model::change::builders::{digest, image_to_delete, signature, tag};

    /// Returns the tags of a text such as `1=a t=b`, each with its content.
    fn tag_list(text: &str) -> TagList {
        let tags = text.split(' ').map(|pair| pair.split_once('=').expect("a tag with its content"));
        let digests = tags.map(|(name, content)| (tag(name), digest(content))).collect();
        TagList { digests, ..TagList::default() }
    }

    /// Each letter is the content of a manifest.
    fn digests(contents: &str) -> Vec<Digest> {
        contents.chars().map(|content| digest(&content.to_string())).collect()
    }

    /// The index `i` lists `x` and `y`, and `o` lists `i`; other tags may need them too.
    #[test]
    fn children_that_another_tag_or_index_needs_are_kept() {
        let indexes = Indexes::listing(&[("i", &["x", "y"]), ("o", &["i"])]);
        // The method, the named images, the tags of the repository; the children of the first image, and those that are
        // needed.
        let table = [
            ("alone", Image, "i", "i=i", "xy", ""),
            ("a tagged child", Image, "i", "i=i x=x", "xy", "x"),
            ("the index above is tagged", Image, "i", "i=i o=o", "xy", "xy"),
            ("a child that was named", Image, "ix", "i=i x=x", "y", ""),
            ("untagged, and another tag stays", Untag, "i", "i=i j=i", "xy", "xy"),
            ("an image", Image, "x", "x=x", "", ""),
        ];
        for (case, method, named, tags, children, needed) in table {
            let named = named.chars().map(|content| content.to_string());
            let mut images: Vec<ImageToDelete> = named.map(|name| image_to_delete(&name, &[&name])).collect();
            add_relations(&mut images, method, &tag_list(tags), &indexes);
            assert_eq!(images[0].children, digests(children), "{case}");
            assert_eq!(images[0].needed_children, digests(needed), "{case}");
            assert_eq!(images[0].parents.len(), 1, "{case}");
        }
    }

    #[test]
    fn referrers_that_a_tag_or_index_needs_stay_with_everything_that_refers_to_them() {
        let tagged =
            |content, subject, name| PlannedReferrer { tag: Some(tag(name)), ..signature(content, subject) };
        let sbom_and_its_signature = || vec![signature("b", "a"), signature("s", "b")];
        let signed = || vec![tagged("s", "a", "sha256-a.sig")];
        let table = [
            ("nothing needs them", Image, sbom_and_its_signature(), "1=a", "bs"),
            ("a tag needs the first", Image, sbom_and_its_signature(), "1=a t=b", ""),
            ("a tag needs the second", Image, sbom_and_its_signature(), "1=a t=s", "b"),
            ("its own digest tag is no need", Image, signed(), "1=a sha256-a.sig=s", "s"),
            ("only the digest tag goes", Untag, signed(), "1=a sha256-a.sig=s t=s", "s"),
        ];
        for (case, method, referrers, tags, expected) in table {
            let mut images = vec![ImageToDelete { referrers, ..image_to_delete("a", &["1"]) }];
            keep_needed_referrers(&mut images, method, &tag_list(tags), &Indexes::default());
            let left = images[0].referrers.iter().map(|referrer| referrer.digest);
            assert_eq!(left.collect::<Vec<_>>(), digests(expected), "{case}");
        }
    }

    #[test]
    fn tags_that_remain_are_those_that_the_method_does_not_remove() {
        let tags = tag_list("1=a 2=a 3=b");
        let images = [image_to_delete("a", &["1"])];
        for (method, expected) in [(Untag, "2 3"), (DeleteMethod::Replace, "2 3"), (Image, "3")] {
            let remaining = remaining_tags(&images, method, &tags);
            let names: Vec<&str> = remaining.keys().map(Tag::as_str).collect();
            assert_eq!(names.join(" "), expected, "{method:?}");
        }
    }

    #[test]
    fn lists_of_referrers_lead_neither_in_circles_nor_on_without_end() {
        let known = |count: usize| ImageToDelete {
            referrers: (0..count).map(|number| signature(&number.to_string(), "a")).collect(),
            ..image_to_delete("a", &["1"])
        };
        let tagged = |content| PlannedReferrer { tag: Some(tag("sha256-a.sig")), ..signature(content, "a") };
        let table = [
            ("another one", known(1), signature("s", "a"), true),
            ("a known one", known(1), signature("0", "a"), false),
            ("a known one under a digest tag", known(1), tagged("0"), true),
            ("the image itself", known(0), signature("a", "a"), false),
            ("one too many", known(MOST), signature("s", "a"), false),
        ];
        for (case, image, referrer, expected) in table {
            assert_eq!(is_new(&image, &referrer), expected, "{case}");
        }
    }

    #[test]
    fn the_suffix_of_a_digest_tag_tells_its_content() {
        for (suffix, kind) in [
            ("", "list of referrers"),
            (".sig", "signature"),
            (".att", "attestation"),
            (".sbom", "SBOM"),
            (".x", "x"),
        ] {
            assert_eq!(kind_of(suffix).as_str(), kind);
        }
    }
}
