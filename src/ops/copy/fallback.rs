//! Lists of referrers under fallback tags, for a destination without the referrers API: distribution-spec § Referrers
//! Tag Schema. Each list is merged with the present one right before it is written, after the journal has recorded
//! both.

use super::entry::CopyEntry;
use super::transfer::{CopyError, CopyTransfer};
use crate::model::change::copy::ReferrerList;
use crate::model::change::progress::{Effect, Outcome};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::Manifest;
use crate::model::manifest::referrer_list::{self, merge_list};
use crate::model::plural::counted;
use crate::model::text::SafeText;
use crate::ops::steps::ended::Ended;
use crate::ops::steps::tag::{RepositoryClient, saved_manifest};

/// How often a list is merged anew because another client was faster.
const TRIES: usize = 3;

/// A list of a plan that is being carried out.
pub(crate) struct Listing<'a> {
    /// The transfers of the plan.
    pub(crate) transfer: &'a CopyTransfer<'a>,
    /// The journal entry that keeps the list that is replaced.
    pub(crate) entry: &'a CopyEntry,
    /// The repository in which the list is put.
    pub(crate) repository: RepositoryClient<'a>,
    /// The index of the list in the plan.
    pub(crate) index: usize,
    /// The list.
    pub(crate) list: &'a ReferrerList,
}

impl Listing<'_> {
    /// Writes the list. Its referrers are there already.
    pub(crate) async fn write(&self) -> Ended {
        if self.list.adds.iter().all(|referrer| self.transfer.is_listed_by_registry(referrer)) {
            return Ended::without_effect(Outcome::Unchanged("the registry lists them itself".into()));
        }
        self.merge().await
    }

    /// Writes the list, even if the registry claims to list the referrers itself.
    pub(crate) async fn merge(&self) -> Ended {
        let mut kept = self.list.replaces;
        let mut ended = Ended::without_effect(Outcome::Skipped("other clients keep writing the list".into()));
        for _ in 0..TRIES {
            let next = match self.merge_and_put(&mut kept).await {
                Ok(next) => next,
                Err(failure) => Ended::without_effect(Outcome::Failed(failure)),
            };
            // For the journal, a list that was put and then lost may have been put all the same.
            let effect = if ended.effect.may_be_done() { ended.effect } else { next.effect };
            ended = Ended { effect, outcome: next.outcome };
            if !matches!(ended.outcome, Outcome::Skipped(_)) {
                break;
            }
            ended.effect = Effect::Unknown;
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
            return Ok(Ended::without_effect(Outcome::Stopped));
        }
        let known: Vec<Digest> = kept.iter().copied().collect();
        let now = place.tag_digest_among(&list.tag, &known).await.map_err(failed)?;
        let old = match now {
            Some(digest) => Some(place.manifest(digest).await.map_err(failed)?),
            None => None,
        };
        if old.as_ref().is_some_and(|old| old.has_digest(&list.subject)) {
            return Err(referrer_list::failure(
                what(),
                "the fallback tag is no list: it points to the image itself",
            ));
        }
        let Some(merged) = merge_list(old.as_deref(), &self.transfer.plan.referrer_entries(&list.adds))
            .map_err(|why| referrer_list::failure(what(), why))?
        else {
            return Ok(Ended::without_effect(Outcome::Unchanged("all of them are listed".into())));
        };
        if now != *kept || list.unknown {
            self.entry.revise_list(self.index, old.as_deref().map(saved_manifest), merged.digest).await?;
            *kept = now;
        }
        let _lock = self.transfer.lock(&merged).await;
        if self.transfer.is_stopped() {
            return Ok(Ended::without_effect(Outcome::Stopped));
        }
        // This is the last request before the put. A list that others have written since it was read is merged anew.
        let put = match place.may_put(&list.tag, now, merged.digest).await {
            Ok(()) => place.put_and_verify(&list.tag, now, &merged).await,
            Err(Outcome::Skipped(moved)) => return Ok(Ended::without_effect(Outcome::Skipped(moved))),
            Err(other) => other,
        };
        let outcome = match put {
            Outcome::Done(_) => Outcome::Done(describe_listing(list, now, &merged)),
            other => other,
        };
        Ok(Ended::from(outcome))
    }
}

/// Returns a text such as `2 referrers listed: f78ff9b0cfe7 → 0b1c2d3e4f50`.
fn describe_listing(list: &ReferrerList, old: Option<Digest>, new: &Manifest) -> SafeText {
    let added = counted(list.adds.len(), "referrer", "referrers");
    let old = old.map_or_else(|| "nothing".into(), |old| old.short());
    SafeText::from(format!("{added} listed: {old} → {}", new.digest.short()))
}

/// Fails with the reason to leave an image out because its referrers could not be listed.
pub(crate) fn check_listing(outcome: &Outcome, list: &ReferrerList) -> Result<(), CopyError> {
    match outcome {
        Outcome::Done(_) | Outcome::Unchanged(_) | Outcome::Unconfirmed(_) => Ok(()),
        Outcome::Stopped => Err(CopyError::Stopped),
        Outcome::Failed(failure) => Err(CopyError::Failed(failure.clone())),
        Outcome::Skipped(why) => Err(CopyError::Failed(Failure {
            what: SafeText::from(format!("cannot list the referrers of {}", list.subject.short())),
            why: why.clone(),
            hint: None,
            kind: FailureKind::Busy,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{digest, failure, tag};

    #[test]
    fn an_image_is_left_out_if_its_referrers_are_certainly_not_listed() {
        let list = ReferrerList {
            subject: digest("a"),
            tag: tag("sha256-a"),
            replaces: None,
            unknown: false,
            adds: vec![digest("s")],
        };
        let failed = || failure(FailureKind::Denied);
        let table = [
            (Outcome::Done("listed".into()), "listed"),
            (Outcome::Unchanged("listed".into()), "listed"),
            (Outcome::Unconfirmed(failed()), "listed"),
            (Outcome::Stopped, "stopped"),
            (Outcome::Failed(failed()), "cannot do it"),
            (Outcome::Skipped("it moved since".into()), "cannot list the referrers of"),
        ];
        for (outcome, expected) in table {
            let said = match check_listing(&outcome, &list) {
                Ok(()) => "listed".to_string(),
                Err(CopyError::Stopped) => "stopped".into(),
                Err(CopyError::Failed(failure)) => failure.what.to_string(),
                Err(CopyError::NotNeeded) => "not needed".into(),
            };
            assert!(said.starts_with(expected), "{outcome:?}: {said}");
        }
    }
}
