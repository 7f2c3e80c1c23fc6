//! Checks at the end of a copy that all referrers that were put are listed, by the registry itself or under the
//! fallback tag. A referrer that the registry loses is put once more. If it stays lost it has failed, whatever the
//! registry answered before.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::fallback::{Listing, check_listing};
use super::transfer::{CopyError, CopyTransfer};
use crate::client::Referrers;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::inspection::ReferrerSource;
use crate::model::manifest::Manifest;
use crate::model::plural::counted;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;

/// The time that a registry may take to list a referrer, before the referrer counts as lost.
const LATE: [Duration; 3] = [Duration::ZERO, Duration::from_millis(150), Duration::from_millis(600)];

/// The referrers of one subject that a copy puts.
pub(crate) struct Check<'a> {
    /// The transfers of the plan.
    pub(crate) transfer: &'a CopyTransfer<'a>,
    /// The repository at the destination.
    pub(crate) name: &'a RepositoryName,
    /// The subject of the referrers.
    pub(crate) subject: Digest,
    /// The referrers. They are there already.
    pub(crate) referrers: Vec<&'a Arc<Manifest>>,
    /// The list under the fallback tag that the plan writes for them, if it writes one.
    pub(crate) listing: Option<Listing<'a>>,
}

impl Check<'_> {
    /// Fails if a referrer is not listed and putting it once more does not help.
    pub(super) async fn run(&self) -> Result<(), CopyError> {
        let Missing { referrers, by_api } = self.find_missing().await?;
        if referrers.is_empty() {
            return Ok(());
        }
        match &self.listing {
            Some(listing) if !by_api => check_listing(&listing.merge().await.outcome, listing.list)?,
            _ if !by_api => return Err(self.lost_referrers(&referrers, false)),
            _ => {
                for referrer in &referrers {
                    self.transfer.put_again(referrer).await?;
                }
            }
        }
        let still = self.find_missing().await?;
        if still.referrers.is_empty() {
            Ok(())
        } else {
            Err(self.lost_referrers(&still.referrers, still.by_api))
        }
    }

    /// Returns the referrers that are not listed although the registry had some time.
    async fn find_missing(&self) -> Result<Missing<'_>, CopyError> {
        let mut missing = Missing { referrers: Vec::new(), by_api: false };
        for wait in LATE {
            tokio::time::sleep(wait).await;
            if self.transfer.is_stopped() {
                return Err(CopyError::Stopped);
            }
            let Some(found) = self.list_referrers().await? else {
                return Ok(Missing { by_api: true, ..missing });
            };
            let listed: HashSet<Digest> =
                found.descriptors.iter().filter_map(|descriptor| descriptor.digest).collect();
            let is_missing = |referrer: &&&Arc<Manifest>| !listed.contains(&referrer.digest);
            let referrers = self.referrers.iter().filter(is_missing).copied().collect();
            missing = Missing { referrers, by_api: found.found == Some(ReferrerSource::Api) };
            if missing.referrers.is_empty() {
                break;
            }
        }
        Ok(missing)
    }

    /// Returns the referrers that the registry lists. Returns `None` if it confirmed the subjects of all of them and
    /// denies access to its list.
    async fn list_referrers(&self) -> Result<Option<Referrers>, CopyError> {
        match self.transfer.destination.referrers(self.name, &self.subject, true).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if matches!(error.cause.status(), Some(401 | 403)) && self.has_confirmed_all() => {
                Ok(None)
            }
            Err(error) => {
                let what = format!("cannot list the referrers of {}", self.subject.short());
                Err(self.transfer.error_of(&error, what))
            }
        }
    }

    fn has_confirmed_all(&self) -> bool {
        self.referrers.iter().all(|referrer| self.transfer.is_listed_by_registry(&referrer.digest))
    }

    fn lost_referrers(&self, missing: &[&Arc<Manifest>], by_api: bool) -> CopyError {
        let names: Vec<String> = missing.iter().map(|referrer| referrer.digest.short()).collect();
        let (why, hint) = match (by_api, &self.listing) {
            (true, _) => (
                "the registry accepted it and does not list it, also after it was put again",
                "copy it again",
            ),
            (false, Some(_)) => ("the list under the fallback tag lost it twice", "copy it again"),
            (false, None) => {
                ("the registry does not list it, and no fallback tag is in the plan", "plan it again")
            }
        };
        let referrers = counted(missing.len(), "referrer", "referrers");
        let what = format!("{referrers} of {} not listed: {}", self.subject.short(), names.join(", "));
        CopyError::Failed(Failure {
            what: SafeText::from(what),
            why: why.into(),
            hint: Some(hint.into()),
            kind: FailureKind::Unsupported,
        })
    }
}

/// Referrers that are in no list.
struct Missing<'a> {
    referrers: Vec<&'a Arc<Manifest>>,
    /// Whether the registry maintains the list itself.
    by_api: bool,
}
