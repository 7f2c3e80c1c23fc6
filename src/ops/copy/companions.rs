//! Companions of images, which are copied along if requested: referrers, their referrers, and digest tags.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::selection::Pick;
use super::tree::{AT_ONCE, Tree};
use crate::client::{Priority, Registry};
use crate::model::change::progress::Unresolved;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::tag_list;

/// The depth to which referrers of referrers are followed: for example a signature of an SBOM of an image.
pub(crate) const FURTHEST: usize = 4;
/// The highest number of referrers of one copy, or of one image that is deleted.
pub(crate) const MOST: usize = 5_000;
/// The highest number of manifests whose usual digest tags are tried one by one. For more, all tags are listed.
const FEW: usize = 10;
/// The suffixes of cosign's digest tags.
const USUAL: [&str; 3] = [".sig", ".att", ".sbom"];

/// The repository in which companions are looked for.
pub(crate) struct Companions<'a> {
    /// The source.
    pub(crate) registry: &'a dyn Registry,
    /// The repository there.
    pub(crate) name: &'a RepositoryName,
    /// Its digest tags, if all tags are known.
    pub(crate) digest_tags: Option<&'a [Tag]>,
}

impl Companions<'_> {
    /// Returns the referrers of these manifests, subjects before their referrers. Adds them, and everything that they
    /// need, to the tree. Adds manifests that are no referrers to `left_out`, and those that cannot be read to
    /// `unresolved`.
    pub(crate) async fn referrers(
        &self,
        tree: &mut Tree,
        of: Vec<Digest>,
        left_out: &mut Vec<SafeText>,
        unresolved: &mut Vec<Unresolved>,
    ) -> Result<Vec<Arc<Manifest>>, Failure> {
        let mut all: Vec<Arc<Manifest>> = Vec::new();
        let mut seen: HashSet<Digest> = of.iter().copied().collect();
        let mut level = of;
        for _ in 0..FURTHEST {
            let asked = stream::iter(level).map(async |subject| (subject, self.referrers_of(subject).await));
            let found: Vec<_> = asked.buffered(AT_ONCE).collect().await;
            let mut new: Vec<(Digest, Digest)> = Vec::new();
            for (subject, listed) in found {
                let digests = match listed {
                    Ok(descriptors) => {
                        descriptors.into_iter().filter_map(|descriptor| descriptor.digest).collect()
                    }
                    Err(failure) => {
                        let name = SafeText::from(format!("the referrers of {}", subject.short()));
                        unresolved.push(Unresolved::unnamed(name, failure));
                        Vec::new()
                    }
                };
                new.extend(
                    digests.into_iter().filter(|digest| seen.insert(*digest)).map(|digest| (subject, digest)),
                );
            }
            let room = MOST.saturating_sub(all.len());
            if new.len() > room {
                unresolved.push(Unresolved {
                    name: SafeText::from(format!("{} referrers", new.len() - room)),
                    selector: None,
                    failure: Failure {
                        what: "cannot copy so many referrers at once".into(),
                        why: SafeText::from(format!("at most {MOST} are copied")),
                        hint: None,
                        kind: FailureKind::Local,
                    },
                });
                new.truncate(room);
            }
            if new.is_empty() {
                break;
            }
            let read =
                stream::iter(new).map(async |(subject, digest)| (digest, self.read(subject, digest).await));
            let mut found = Vec::new();
            for (digest, read) in read.buffered(AT_ONCE).collect::<Vec<_>>().await {
                match read {
                    Ok(Some(manifest)) => found.push(manifest),
                    Ok(None) => left_out.push(SafeText::from(format!(
                        "{}, which is listed as a referrer and does not name this subject",
                        digest.short()
                    ))),
                    Err(failure) => {
                        let name = SafeText::from(format!("the referrer {}", digest.short()));
                        unresolved.push(Unresolved::unnamed(name, failure));
                    }
                }
            }
            tree.grow(self.registry, self.name, found.clone()).await?;
            level = found.iter().map(|manifest| manifest.digest).collect();
            all.extend(found);
        }
        Ok(all)
    }

    async fn referrers_of(&self, subject: Digest) -> Result<Vec<Descriptor>, Failure> {
        let names_it = |tag: &Tag| tag.suffix_after(&subject) == Some("");
        let may_have_fallback = self.digest_tags.is_none_or(|tags| tags.iter().any(names_it));
        let found = self.registry.referrers(self.name, &subject, may_have_fallback).await;
        let found = found.map_err(|error| error.failure("cannot list referrers"))?;
        Ok(found.descriptors.into_iter().collect())
    }

    /// Reads a referrer. Returns `None` if the manifest does not name the subject itself: the destination would not
    /// find a referrer that only a list claims.
    async fn read(&self, subject: Digest, digest: Digest) -> Result<Option<Arc<Manifest>>, Failure> {
        let what = || format!("cannot read {}, which refers to {}", digest.short(), subject.short());
        let read = self.registry.manifest(self.name, &Selector::Digest(digest), Priority::Background).await;
        let manifest = read.map_err(|error| error.failure(what()))?;
        let is_one = manifest.subject().and_then(|subject| subject.digest) == Some(subject);
        Ok(is_one.then_some(manifest))
    }

    /// Returns the images of the digest tags of these manifests. Adds those that cannot be read to `unresolved`.
    pub(crate) async fn digest_tags(
        &self,
        of: &[Digest],
        unresolved: &mut Vec<Unresolved>,
    ) -> Vec<(Pick, Arc<Manifest>)> {
        let tags: Vec<Tag> = match self.digest_tags {
            Some(tags) => self.digest_tags_among(tags, of),
            None if of.len() <= FEW => of.iter().flat_map(usual_digest_tags).collect(),
            None => match self.list(unresolved).await {
                Ok(tags) => self.digest_tags_among(&tags, of),
                Err(failure) => {
                    unresolved.push(Unresolved::unnamed("digest tags", failure));
                    Vec::new()
                }
            },
        };
        let asked = stream::iter(tags).map(async |tag: Tag| {
            let found = self.registry.latest_manifest(self.name, &tag, Priority::Background).await;
            (tag, found)
        });
        let mut all = Vec::new();
        let found: Vec<_> = asked.buffered(AT_ONCE).collect().await;
        for (tag, found) in found {
            match found {
                Ok(manifest) => {
                    all.push((Pick { selector: Selector::Tag(tag.clone()), tag: Some(tag) }, manifest));
                }
                Err(error) if error.cause.status() == Some(404) => {}
                Err(error) => {
                    let failure = error.failure(format!("cannot read {}:{tag}", self.name));
                    unresolved.push(Unresolved::of(&Selector::Tag(tag.clone()), failure));
                }
            }
        }
        all
    }

    fn digest_tags_among(&self, tags: &[Tag], of: &[Digest]) -> Vec<Tag> {
        let wanted: HashSet<String> = of.iter().map(Digest::tag_stem).collect();
        let belongs = |tag: &&Tag| {
            tag.digest_and_suffix()
                .is_some_and(|(named, suffix)| !suffix.is_empty() && wanted.contains(named))
        };
        tags.iter().filter(belongs).cloned().collect()
    }

    async fn list(&self, unresolved: &mut Vec<Unresolved>) -> Result<Vec<Tag>, Failure> {
        let what = || format!("cannot list the tags of {}", self.name);
        let names = tag_list::list_names(self.registry, self.name).await;
        let names = names.map_err(|error| error.failure(what()))?;
        unresolved.extend(names.incomplete.map(|why| {
            let why = SafeText::from(format!("the list may be incomplete: {why}"));
            let failure = Failure { what: what().into(), why, hint: None, kind: FailureKind::BadAnswer };
            Unresolved::unnamed("perhaps some digest tags", failure)
        }));
        Ok(names.tags.into_iter().filter(Tag::is_digest_tag).collect())
    }
}

fn usual_digest_tags(of: &Digest) -> impl Iterator<Item = Tag> {
    let stem = of.tag_stem();
    USUAL.into_iter().filter_map(move |suffix| Tag::parse(&format!("{stem}{suffix}")).ok())
}

/// Returns the referrers among these manifests by their subject.
pub(crate) fn by_subject(manifests: &[Arc<Manifest>]) -> HashMap<Digest, Vec<Digest>> {
    let mut found: HashMap<Digest, Vec<Digest>> = HashMap::new();
    for manifest in manifests {
        if let Some(subject) = manifest.subject().and_then(|subject| subject.digest) {
            found.entry(subject).or_default().push(manifest.digest);
        }
    }
    found
}
