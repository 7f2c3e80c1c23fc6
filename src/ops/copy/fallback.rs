//! Lists of referrers under fallback tags, for a destination without the referrers API: distribution-spec § Referrers
//! Tag Schema. Each list is merged with the present one right before it is written, after the journal has recorded
//! both.

use serde_json::{Map, Value, json};

use super::entry::CopyEntry;
use super::run::Ended;
use super::transfer::{CopyError, CopyTransfer};
use crate::model::change::copy::{CopyPlan, ReferrerList};
use crate::model::change::progress::Outcome;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::media_type::OCI_INDEX;
use crate::model::plural::counted;
use crate::model::text::SafeText;
use crate::ops::steps::tag::{RepositoryClient, saved_manifest};
use crate::ops::steps::tracker::is_done;

/// How often a list is merged anew because another client was faster.
const TRIES: usize = 3;

/// A list of a plan that is being carried out.
pub struct Listing<'a> {
    /// The transfers of the plan.
    pub transfer: &'a CopyTransfer<'a>,
    /// The journal entry that keeps the list that is replaced.
    pub entry: &'a CopyEntry,
    /// The repository in which the list is put.
    pub repository: RepositoryClient<'a>,
    /// The index of the list in the plan.
    pub index: usize,
    /// The list.
    pub list: &'a ReferrerList,
}

impl Listing<'_> {
    /// Writes the list. Its referrers are there already.
    pub async fn write(&self) -> Ended {
        if self.list.adds.iter().all(|referrer| self.transfer.is_listed_by_registry(referrer)) {
            return Ended::before_put(Outcome::Unchanged("the registry lists them itself".into()));
        }
        self.merge().await
    }

    /// Writes the list, even if the registry claims to list the referrers itself.
    pub async fn merge(&self) -> Ended {
        let mut kept = self.list.replaces;
        let mut ended = Ended::before_put(Outcome::Skipped("others keep writing the list".into()));
        for _ in 0..TRIES {
            let next = match self.merge_and_put(&mut kept).await {
                Ok(next) => next,
                Err(failure) => Ended::before_put(Outcome::Failed(failure)),
            };
            // For the journal, a list that was put and then lost may have been put all the same.
            let has_put = if ended.has_put == Some(false) { next.has_put } else { ended.has_put };
            ended = Ended { has_put, outcome: next.outcome };
            if !matches!(ended.outcome, Outcome::Skipped(_)) {
                break;
            }
            ended.has_put = None;
        }
        ended
    }

    /// Merges the list with the present one and puts it. `kept` is the digest that the tag has according to the
    /// journal.
    async fn merge_and_put(&self, kept: &mut Option<Digest>) -> Result<Ended, Failure> {
        let (list, place) = (self.list, self.repository);
        let what = || format!("cannot list referrers under {}:{}", place.name, list.tag);
        let failed = |error: crate::client::Error| error.failure(what());
        if self.transfer.is_stopped() {
            return Ok(Ended::before_put(Outcome::Stopped));
        }
        let known: Vec<Digest> = kept.iter().copied().collect();
        let now = place.tag_digest_among(&list.tag, &known).await.map_err(failed)?;
        let old = match now {
            Some(digest) => Some(place.manifest(digest).await.map_err(failed)?),
            None => None,
        };
        if old.as_ref().is_some_and(|old| old.has_digest(&list.subject)) {
            return Err(list_failure(what(), "the fallback tag is no list: it leads to the image itself"));
        }
        let Some(merged) = merge_list(old.as_deref(), &self.transfer.as_referrers(&list.adds))
            .map_err(|why| list_failure(what(), why))?
        else {
            return Ok(Ended::before_put(Outcome::Unchanged("all of them are listed".into())));
        };
        if now != *kept || list.unknown {
            self.entry.revise_list(self.index, old.as_deref().map(saved_manifest), merged.digest).await?;
            *kept = now;
        }
        let _turn = self.transfer.lock(&merged).await;
        if self.transfer.is_stopped() {
            return Ok(Ended::before_put(Outcome::Stopped));
        }
        // This is the last request before the put. A list that others have written since it was read is merged anew.
        let put = match place.may_put(&list.tag, now, merged.digest).await {
            Ok(()) => place.put_and_verify(&list.tag, now, &merged).await,
            Err(Outcome::Skipped(moved)) => return Ok(Ended::before_put(Outcome::Skipped(moved))),
            Err(other) => other,
        };
        let outcome = match put {
            Outcome::Done(_) => Outcome::Done(describe_listing(list, now, &merged)),
            other => other,
        };
        Ok(Ended { has_put: is_done(&outcome), outcome })
    }
}

/// Returns a text such as `2 referrers listed: f78ff9b0cfe7 → 0b1c2d3e4f50`.
fn describe_listing(list: &ReferrerList, old: Option<Digest>, new: &Manifest) -> SafeText {
    let added = counted(list.adds.len(), "referrer", "referrers");
    let old = old.map_or_else(|| "nothing".into(), |old| old.short());
    SafeText::from(format!("{added} listed: {old} → {}", new.digest.short()))
}

/// Returns the failure of a list that cannot be written.
pub fn list_failure(what: String, why: &'static str) -> Failure {
    let hint = "a tag of that name is kept for lists of referrers: look at what it is, and copy again";
    Failure {
        what: SafeText::from(what),
        why: why.into(),
        hint: Some(hint.into()),
        kind: FailureKind::BadAnswer,
    }
}

/// Fails with the reason to leave an image out because its referrers could not be listed.
pub fn check_listing(outcome: &Outcome, list: &ReferrerList) -> Result<(), CopyError> {
    match outcome {
        Outcome::Done(_) | Outcome::Unchanged(_) | Outcome::Unconfirmed(_) => Ok(()),
        Outcome::Stopped => Err(CopyError::Stopped),
        Outcome::Failed(failure) => Err(CopyError::Failed(failure.clone())),
        Outcome::Skipped(why) => Err(CopyError::Failed(Failure {
            what: SafeText::from(format!("cannot list what refers to {}", list.subject.short())),
            why: why.clone(),
            hint: None,
            kind: FailureKind::Busy,
        })),
    }
}

/// Returns a list with more referrers. Existing entries stay as they are. Returns `None` if all of them are listed
/// already. Fails with a text if the manifest is no list.
pub fn merge_list(old: Option<&Manifest>, more: &[Descriptor]) -> Result<Option<Manifest>, &'static str> {
    if old.is_some_and(|old| !old.is_whole()) {
        return Err("the list of referrers is too long to be read whole");
    }
    let mut index = match old {
        None => json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}),
        Some(old) => serde_json::from_slice(&old.raw).map_err(|_| "the fallback tag is no list")?,
    };
    let listed = index.get_mut("manifests").and_then(Value::as_array_mut);
    let listed = listed.ok_or("the fallback tag is no list of referrers")?;
    let before = listed.len();
    for referrer in more {
        let is_it =
            |entry: &Value| entry.get("digest").and_then(Value::as_str) == Some(&referrer.digest_text);
        if !listed.iter().any(is_it) {
            listed.push(to_json(referrer));
        }
    }
    if listed.len() == before {
        return Ok(None);
    }
    let bytes = serde_json::to_vec(&index).map_err(|_| "the list of referrers cannot be written")?;
    let media_type = old.map_or(OCI_INDEX, |old| old.media_type.as_str());
    Manifest::parse(bytes.into(), Some(media_type)).map(Some).map_err(|_| "the fallback tag is no index")
}

/// Returns these manifests of a plan as entries of a list of referrers.
pub fn descriptors_of(plan: &CopyPlan, digests: &[Digest]) -> Vec<Descriptor> {
    let manifests =
        digests.iter().filter_map(|digest| plan.manifests.iter().find(|one| one.digest == *digest));
    manifests.map(|manifest| as_referrer(manifest)).collect()
}

fn to_json(referrer: &Descriptor) -> Value {
    let mut entry = Map::new();
    entry.insert("mediaType".into(), referrer.media_type.as_str().into());
    entry.insert("digest".into(), referrer.digest_text.clone().into());
    entry.insert("size".into(), referrer.size.unwrap_or(0).into());
    if let Some(artifact_type) = &referrer.artifact_type {
        entry.insert("artifactType".into(), artifact_type.as_str().into());
    }
    if !referrer.annotations.is_empty() {
        entry.insert("annotations".into(), json!(referrer.annotations));
    }
    Value::Object(entry)
}

/// Returns a manifest as an entry of a list of referrers: distribution-spec § Listing Referrers.
fn as_referrer(manifest: &Manifest) -> Descriptor {
    let artifact_type = match &manifest.body {
        Body::Image(image) => {
            let config = image.config.as_ref().map(|config| config.media_type.clone());
            image.artifact_type.clone().or(config)
        }
        Body::Index(index) => index.artifact_type.clone(),
        Body::Artifact(artifact) => artifact.artifact_type.clone(),
        Body::Schema1(_) | Body::Unknown => None,
    };
    Descriptor {
        media_type: manifest.media_type.clone(),
        digest: Some(manifest.digest),
        digest_text: manifest.digest.to_string(),
        size: Some(manifest.raw.len() as u64),
        platform: None,
        artifact_type,
        urls: Default::default(),
        annotations: manifest.capped_annotations().cloned().unwrap_or_default(),
    }
}
