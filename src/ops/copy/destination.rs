//! What the destination has already.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::{Client, Error, ManifestHead, Priority};
use crate::model::change::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::inspection::ReferrerSource;
use crate::model::manifest::Descriptor;
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;
use crate::ops::tag_list;

/// Questions that are asked together.
const AT_ONCE: usize = 8;
/// Where the images go.
pub struct Destination<'a> {
    /// The registry.
    pub client: &'a Client,
    /// The repository.
    pub repository: &'a Repository,
    /// That it refused to say what it has.
    refusal: OnceLock<SafeText>,
    /// That it does not know us, and what helps.
    stranger: OnceLock<Refusal>,
}

/// What the destination says of tags.
#[derive(Default)]
pub struct DestinationTags {
    /// What they are; those that are free are left out.
    pub digests: HashMap<Tag, Digest>,
    /// Those of which it did not say what they are.
    pub unknown: HashSet<Tag>,
}

/// What the destination says of what refers to a manifest.
#[derive(Default)]
pub struct Referred {
    /// What it lists.
    pub digests: HashSet<Digest>,
    /// Whether it keeps the list itself.
    pub by_api: bool,
    /// What the fallback tag is.
    pub tagged: Option<Digest>,
    /// Whether it did not say.
    pub unknown: bool,
}

impl<'a> Destination<'a> {
    /// Nothing was asked yet.
    pub fn new(client: &'a Client, repository: &'a Repository) -> Destination<'a> {
        Destination { client, repository, refusal: OnceLock::new(), stranger: OnceLock::new() }
    }

    /// What should be known where it refused to say what it has.
    pub fn note(&self) -> Option<SafeText> {
        let refusal = self.refusal.get()?;
        Some(SafeText::from(format!(
            "{} does not say what it has ({refusal}): it may refuse the copy too, and replaces nothing unseen",
            self.repository
        )))
    }

    /// That nothing can be put there, since it does not know us.
    pub fn stranger(&self) -> Option<Refusal> {
        self.stranger.get().cloned()
    }

    /// What these tags are now, each of which is to get this digest: called by that if its bytes are those already. Each
    /// is asked for by its name, since a list may lag behind.
    pub async fn tags(&self, wanted: &HashMap<Tag, Digest>) -> Result<DestinationTags, Failure> {
        let name = &self.repository.name;
        let asked = tag_list::ask(self.client, name, wanted.keys().cloned()).await;
        let checked =
            stream::iter(asked).map(async |(tag, said): (Tag, Result<Option<ManifestHead>, Error>)| {
                let known: Vec<Digest> = wanted.get(&tag).copied().into_iter().collect();
                let now = match said {
                    Ok(Some(head)) => {
                        let selector = Selector::Tag(tag.clone());
                        let checked = self.client.checked_digest(
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
                Ok((tag, self.said(now)?))
            });
        let said: Vec<(Tag, DestinationAnswer<Option<Digest>>)> =
            checked.buffer_unordered(AT_ONCE).try_collect().await?;
        let mut found = DestinationTags::default();
        for (tag, said) in said {
            match said {
                DestinationAnswer::Is(Some(digest)) => drop(found.digests.insert(tag, digest)),
                DestinationAnswer::Is(None) | DestinationAnswer::Absent => {}
                DestinationAnswer::Refused => drop(found.unknown.insert(tag)),
            }
        }
        Ok(found)
    }

    /// Those of these manifests that are there.
    pub async fn manifests(&self, digests: Vec<Digest>) -> Result<HashSet<Digest>, Failure> {
        let asked = stream::iter(digests).map(async |digest: Digest| {
            let selector = Selector::Digest(digest);
            let found =
                self.client.head_manifest(&self.repository.name, &selector, Priority::Background).await;
            Ok(self.seen(found)?.flatten())
        });
        let found: Vec<Option<Digest>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// What the destination says of what refers to these manifests.
    pub async fn referrers(&self, of: HashSet<Digest>) -> Result<HashMap<Digest, Referred>, Failure> {
        let asked = stream::iter(of).map(async |subject: Digest| {
            let found = self.client.referrers(&self.repository.name, &subject, true).await;
            let referred = match self.said(found)? {
                DestinationAnswer::Is(found) => Referred {
                    digests: found.descriptors.iter().filter_map(|descriptor| descriptor.digest).collect(),
                    by_api: found.found == Some(ReferrerSource::Api),
                    tagged: found.tagged,
                    unknown: false,
                },
                DestinationAnswer::Absent => Referred::default(),
                DestinationAnswer::Refused => Referred { unknown: true, ..Referred::default() },
            };
            Ok((subject, referred))
        });
        asked.buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Those of these blobs that are there.
    pub async fn blobs(&self, blobs: &[&Descriptor]) -> Result<HashSet<Digest>, Failure> {
        let digests: Vec<Digest> = blobs.iter().filter_map(|blob| blob.digest).collect();
        let asked = stream::iter(digests).map(async |digest: Digest| {
            let found = self.client.head_blob(&self.repository.name, &digest, Priority::Background).await;
            Ok(self.seen(found)?.flatten().map(|_| digest))
        });
        let found: Vec<Option<Digest>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// None for what is not there, or may not be there.
    fn seen<T>(&self, answer: Result<T, Error>) -> Result<Option<T>, Failure> {
        Ok(match self.said(answer)? {
            DestinationAnswer::Is(found) => Some(found),
            DestinationAnswer::Absent | DestinationAnswer::Refused => None,
        })
    }

    /// Many registries refuse to speak of a repository that the first push will make, so a refusal fails nothing, and the
    /// plan says so. What is put later is checked again.
    fn said<T>(&self, answer: Result<T, Error>) -> Result<DestinationAnswer<T>, Failure> {
        let error = match answer {
            Ok(found) => return Ok(DestinationAnswer::Is(found)),
            Err(error) => error,
        };
        match error.cause.status() {
            Some(404) => Ok(DestinationAnswer::Absent),
            Some(status @ (401 | 403 | 405 | 501)) => {
                self.refusal.get_or_init(|| SafeText::from(error.cause.to_string()));
                if status == 401 {
                    let failure = error.failure(format!("cannot look at {}", self.repository));
                    let why =
                        SafeText::from(format!("{} wants a login ({})", self.repository.host, failure.why));
                    self.stranger.get_or_init(|| Refusal { why, hint: failure.hint });
                }
                Ok(DestinationAnswer::Refused)
            }
            _ => Err(error.failure(format!("cannot look at {}", self.repository))),
        }
    }
}

/// What the destination says to a question.
enum DestinationAnswer<T> {
    /// This.
    Is(T),
    /// There is no such thing.
    Absent,
    /// That it does not say.
    Refused,
}
