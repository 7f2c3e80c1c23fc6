//! The state of the destination before a copy.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::{Error, ManifestHead, Priority, Registry};
use crate::model::change::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::inspection::ReferrerSource;
use crate::model::manifest::Descriptor;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::tag_list;

/// The number of requests at the same time.
const AT_ONCE: usize = 8;
/// The repository that the images are copied to.
pub(crate) struct Destination<'a> {
    /// The registry.
    pub(crate) registry: &'a dyn Registry,
    /// The repository.
    pub(crate) repository: &'a Repository,
    /// The answer by which it refused to report its content.
    refusal: OnceLock<SafeText>,
    /// The refusal if it requires a login, with a hint.
    unauthenticated: OnceLock<Refusal>,
}

/// The answers of the destination about tags.
#[derive(Default)]
pub(crate) struct DestinationTags {
    /// The digests of the tags. Free tags are left out.
    pub(crate) digests: HashMap<Tag, Digest>,
    /// Tags about which the destination did not answer.
    pub(crate) unknown: HashSet<Tag>,
}

/// The answers of the destination about the referrers of a manifest.
#[derive(Default)]
pub(crate) struct Referred {
    /// The referrers that it lists.
    pub(crate) digests: HashSet<Digest>,
    /// Whether it maintains the list itself.
    pub(crate) by_api: bool,
    /// The digest of the fallback tag.
    pub(crate) fallback_digest: Option<Digest>,
    /// Whether it did not answer.
    pub(crate) unknown: bool,
}

impl<'a> Destination<'a> {
    /// Returns a destination that was not asked anything yet.
    pub(crate) fn new(registry: &'a dyn Registry, repository: &'a Repository) -> Destination<'a> {
        Destination { registry, repository, refusal: OnceLock::new(), unauthenticated: OnceLock::new() }
    }

    /// Returns a note for the user if the destination refused to report its content.
    pub(crate) fn note(&self) -> Option<SafeText> {
        let refusal = self.refusal.get()?;
        Some(SafeText::from(format!(
            "{} cannot be read ({refusal}): it may refuse the copy too, and no tag is replaced unseen",
            self.repository
        )))
    }

    /// Returns the refusal if nothing can be put there because it requires a login.
    pub(crate) fn unauthenticated(&self) -> Option<Refusal> {
        self.unauthenticated.get().cloned()
    }

    /// Returns the digests that these tags have now. Each tag is to get the digest that it is given with, and is
    /// reported with that digest if its bytes match it already. Each is asked for by its name, since a list may lag
    /// behind.
    pub(crate) async fn tags(&self, wanted: &HashMap<Tag, Digest>) -> Result<DestinationTags, Failure> {
        let name = &self.repository.name;
        let asked = tag_list::ask_digests(self.registry, name, wanted.keys().cloned()).await;
        let checked =
            stream::iter(asked).map(async |(tag, said): (Tag, Result<Option<ManifestHead>, Error>)| {
                let known: Vec<Digest> = wanted.get(&tag).copied().into_iter().collect();
                let now = match said {
                    Ok(Some(head)) => {
                        let selector = Selector::Tag(tag.clone());
                        let checked = self.registry.confirm_digest(
                            name,
                            &selector,
                            head.digest,
                            &known,
                            Priority::Background,
                        );
                        checked.await
                    }
                    said => said.map(|_| None),
                };
                Ok((tag, self.classify_answer(now)?))
            });
        let said: Vec<(Tag, DestinationAnswer<Option<Digest>>)> =
            checked.buffer_unordered(AT_ONCE).try_collect().await?;
        let mut found = DestinationTags::default();
        for (tag, said) in said {
            match said {
                DestinationAnswer::Found(Some(digest)) => drop(found.digests.insert(tag, digest)),
                DestinationAnswer::Found(None) | DestinationAnswer::Absent => {}
                DestinationAnswer::Refused => drop(found.unknown.insert(tag)),
            }
        }
        Ok(found)
    }

    /// Returns those of these manifests that the destination has.
    pub(crate) async fn manifests(&self, digests: Vec<Digest>) -> Result<HashSet<Digest>, Failure> {
        let asked = stream::iter(digests).map(async |digest: Digest| {
            let selector = Selector::Digest(digest);
            let found =
                self.registry.head_manifest(&self.repository.name, &selector, Priority::Background).await;
            Ok(self.found_or_none(found)?.flatten())
        });
        let found: Vec<Option<Digest>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Returns the referrers that the destination lists for these manifests.
    pub(crate) async fn referrers(&self, of: HashSet<Digest>) -> Result<HashMap<Digest, Referred>, Failure> {
        let asked = stream::iter(of).map(async |subject: Digest| {
            let found = self.registry.referrers(&self.repository.name, &subject, true).await;
            let referred = match self.classify_answer(found)? {
                DestinationAnswer::Found(found) => Referred {
                    digests: found.descriptors.iter().filter_map(|descriptor| descriptor.digest).collect(),
                    by_api: found.found == Some(ReferrerSource::Api),
                    fallback_digest: found.fallback_digest,
                    unknown: false,
                },
                DestinationAnswer::Absent => Referred::default(),
                DestinationAnswer::Refused => Referred { unknown: true, ..Referred::default() },
            };
            Ok((subject, referred))
        });
        asked.buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Returns those of these blobs that the destination has.
    pub(crate) async fn blobs(&self, blobs: &[&Descriptor]) -> Result<HashSet<Digest>, Failure> {
        let digests: Vec<Digest> = blobs.iter().filter_map(|blob| blob.digest).collect();
        let asked = stream::iter(digests).map(async |digest: Digest| {
            let found = self.registry.head_blob(&self.repository.name, &digest, Priority::Background).await;
            Ok(self.found_or_none(found)?.flatten().map(|_| digest))
        });
        let found: Vec<Option<Digest>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Returns `None` if the thing asked for does not exist or the destination refused to answer.
    fn found_or_none<T>(&self, answer: Result<T, Error>) -> Result<Option<T>, Failure> {
        Ok(match self.classify_answer(answer)? {
            DestinationAnswer::Found(found) => Some(found),
            DestinationAnswer::Absent | DestinationAnswer::Refused => None,
        })
    }

    /// Sorts an answer of the destination. Many registries refuse to answer about a repository that the first push will
    /// create, so a refusal does not fail the plan, and the plan notes it. Everything is checked again before it is
    /// put.
    fn classify_answer<T>(&self, answer: Result<T, Error>) -> Result<DestinationAnswer<T>, Failure> {
        let error = match answer {
            Ok(found) => return Ok(DestinationAnswer::Found(found)),
            Err(error) => error,
        };
        match error.cause.status() {
            Some(404) => Ok(DestinationAnswer::Absent),
            Some(status @ (401 | 403 | 405 | 501)) => {
                self.refusal.get_or_init(|| SafeText::from(error.cause.to_string()));
                if status == 401 {
                    let failure = error.failure(format!("cannot look at {}", self.repository));
                    let why = SafeText::from(format!(
                        "{} requires a login ({})",
                        self.repository.host, failure.why
                    ));
                    self.unauthenticated.get_or_init(|| Refusal { why, answer: None, hint: failure.hint });
                }
                Ok(DestinationAnswer::Refused)
            }
            _ => Err(error.failure(format!("cannot look at {}", self.repository))),
        }
    }
}

/// An answer of the destination.
enum DestinationAnswer<T> {
    /// The thing asked for.
    Found(T),
    /// It does not exist.
    Absent,
    /// The destination refused to answer.
    Refused,
}
