//! The past of tags by a vendor's own API, and the return of a tag to an earlier image.

use reqwest::Method;

use super::session::ApiSession;
use super::{PATIENT, advance};
use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::scope::Scope;
use crate::client::vendors::api::MakeRestore;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::server::OwnApiRestore;
use crate::model::tag_history::{TagHistory, TagPeriod};
use crate::model::text::SafeText;
use crate::model::vendor_lists::VendorPosition;

/// Most calls for the past of a repository.
const MOST_CALLS: u32 = 100;
/// Most periods that are kept.
const MOST_PERIODS: usize = 20_000;

impl Client {
    /// Returns the past of a tag or a repository. A list that breaks off is worth more than none, and says why it did.
    pub(super) async fn own_history(
        &self,
        name: &RepositoryName,
        tag: Option<&Tag>,
    ) -> Result<TagHistory, Failure> {
        let subject = tag.map_or_else(|| name.to_string(), |tag| format!("{name}:{tag}"));
        let what = format!("cannot list the past of {subject} at {}", self.host());
        let unsupported = |why: String, hint: Option<SafeText>| Failure {
            what: SafeText::from(what.clone()),
            why: SafeText::from(why),
            hint,
            kind: FailureKind::Unsupported,
        };
        let Some(session) = ApiSession::of(self).await else {
            let why = "the registry API keeps no past, and no own API of the vendor is known".to_string();
            return Err(unsupported(why, None));
        };
        let vendor = session.vendor.name;
        let Some(histories) = &session.api.history else {
            return Err(unsupported(format!("{vendor}'s own API keeps no past of tags"), None));
        };
        let calls = (histories.of)(name, tag);
        if calls.is_empty() {
            let why = format!("{vendor}'s own API keeps no past of single tags");
            let hint = tag.map(|_| {
                SafeText::from(format!(
                    "`regtui history {}/{name}` lists the images without a tag",
                    self.host()
                ))
            });
            return Err(unsupported(why, hint));
        }
        let mut position = Some(VendorPosition { groups: [calls].into(), ..VendorPosition::default() });
        let (mut periods, mut incomplete) = (Vec::<TagPeriod>::new(), None);
        while let Some(start) = position.take() {
            let scope = Scope::Pull(name.clone());
            let part =
                tokio::time::timeout(PATIENT, advance(&session, start, MOST_CALLS, histories.read, &scope));
            let late = || session.error(Cause::Local("it did not answer in time".into()));
            match part.await.unwrap_or_else(|_| Err(late())) {
                Ok(part) if part.is_refused && periods.is_empty() => {
                    return Err(self.refused_history(&session, what).await);
                }
                Ok(part) if !part.items.is_empty() && periods.ends_with(&part.items) => {
                    incomplete = Some("the vendor's own API sends the same page again and again".into());
                }
                Ok(part) => {
                    periods.extend(part.items);
                    incomplete = part.incomplete.map(SafeText::from);
                    position = part.next;
                }
                Err(error) if periods.is_empty() => return Err(error.failure(what)),
                Err(error) => {
                    incomplete = Some(SafeText::from(format!("{vendor}'s own API: {}", error.why())));
                }
            }
            if periods.len() > MOST_PERIODS {
                periods.truncate(MOST_PERIODS);
                incomplete = Some("the list is too long".into());
                break;
            }
        }
        Ok(TagHistory::new(vendor.into(), periods, incomplete))
    }

    async fn refused_history(&self, session: &ApiSession<'_>, what: String) -> Failure {
        let vendor = session.vendor.name;
        let how = if session.has_login().await { "to this login" } else { "without a login" };
        let why = format!("{vendor}'s own API does not show it {how}, or does not have it");
        Failure {
            what: SafeText::from(what),
            why: SafeText::from(why),
            hint: session.api.login_hint.map(SafeText::from),
            kind: FailureKind::Denied,
        }
    }

    /// Returns how the API puts a tag back, or `None` if it is not known to.
    pub(super) async fn own_restoring(&self) -> Option<OwnApiRestore> {
        let session = ApiSession::of(self).await?;
        session.api.restore?;
        Some(OwnApiRestore {
            vendor: session.vendor.name.into(),
            has_login: session.has_login().await,
            login_hint: session.api.login_hint.map(Into::into),
        })
    }

    /// Puts a tag back on an earlier image. The request is sent once, with the login or not at all.
    pub(super) async fn own_restore(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        digest: Digest,
    ) -> Result<(), Error> {
        let (session, make) = self.restore_session().await?;
        let changed = session.change(&make(name, tag, &digest), Method::POST).await;
        self.forget_changed_tag(name, tag);
        changed
    }

    async fn restore_session(&self) -> Result<(ApiSession<'_>, MakeRestore), Error> {
        let none =
            || Error::unsent(self.host(), Cause::Local("its vendor's own API puts no tags back".into()));
        let session = ApiSession::of(self).await.ok_or_else(none)?;
        let make = session.api.restore.ok_or_else(none)?;
        Ok((session, make))
    }
}
