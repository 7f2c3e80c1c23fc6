//! The removal of a tag by a vendor's own API. Nothing else is tried if it fails, and every failure has its reason.

use reqwest::Method;

use super::login::LoginHeader;
use super::session::ApiSession;
use super::{MOST_CALLS, advance};
use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::scope::Scope;
use crate::client::registry::own_api::PreparedUntag;
use crate::client::vendors::api::{
    ApiAnswer, ApiLogin, ApiPage, FindTag, FoundTag, TagAddress, TagToRemove, Untags,
};
use crate::model::digest::Digest;
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::server::OwnApiUntag;
use crate::model::vendor_lists::{VendorCall, VendorPosition};

impl Client {
    /// Returns how the API removes a single tag, or `None` if it is not known to.
    pub(super) async fn own_untagging(&self) -> Option<OwnApiUntag> {
        let session = ApiSession::of(self).await?;
        let untags = session.api.untag.as_ref()?;
        Some(OwnApiUntag {
            vendor: session.vendor.name.into(),
            has_login: session.has_login().await,
            is_required: session.vendor.delete_hint.is_some(),
            takes_image: untags.takes_image,
            note: untags.note.map(Into::into),
        })
    }

    /// Finds the address of a tag, and gets the token that its removal needs.
    pub(super) async fn prepare_own_untag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        expected: Digest,
    ) -> Result<PreparedUntag, Error> {
        let (session, untags) = self.untag_session().await?;
        session.change_login().await?;
        let of = TagToRemove { repository: name, tag, digest: &expected };
        let path = match &untags.address {
            TagAddress::Path(path) => path(&of).ok_or_else(|| session.problem("has no such repository"))?,
            TagAddress::LookUp { calls, read } => {
                let start = VendorPosition { groups: [calls(name)].into(), ..VendorPosition::default() };
                let part = advance(&session, start, MOST_CALLS, reader(*read, of), &Scope::Nothing).await?;
                match part.items.into_iter().next() {
                    Some(Ok(path)) => path,
                    Some(Err(why)) => return Err(session.error(Cause::Local(why))),
                    None if part.is_refused => {
                        return Err(session.problem("does not show the repository to this login"));
                    }
                    None => return Err(session.problem("does not list it")),
                }
            }
        };
        let call = VendorCall { path, ..VendorCall::default() };
        Ok(PreparedUntag { repository: name.clone(), tag: tag.clone(), call })
    }

    /// Removes a tag. The request is sent once, with the login or not at all.
    pub(super) async fn own_untag(&self, prepared: &PreparedUntag) -> Result<(), Error> {
        let (session, _) = self.untag_session().await?;
        let changed = session.change(&prepared.call, Method::DELETE).await;
        self.forget_changed_tag(&prepared.repository, &prepared.tag);
        changed
    }

    /// Forgets everything that is known of a tag: it may be wrong after a change, also after one that failed.
    pub(super) fn forget_changed_tag(&self, name: &RepositoryName, tag: &Tag) {
        let repository = Repository { host: self.host().clone(), name: name.clone() };
        self.cache().forget_tag(&repository, tag);
        self.0.manifests.forget(&(name.clone(), Selector::Tag(tag.clone())));
    }

    async fn untag_session(&self) -> Result<(ApiSession<'_>, &'static Untags), Error> {
        let none = || Error::unsent(self.host(), Cause::Local("its vendor's own API removes no tags".into()));
        let session = ApiSession::of(self).await.ok_or_else(none)?;
        let untags = session.api.untag.as_ref().ok_or_else(none)?;
        Ok((session, untags))
    }
}

/// Returns the reader of answers for one tag.
fn reader<'a>(
    read: FindTag,
    of: TagToRemove<'a>,
) -> impl Fn(&ApiAnswer<'_>) -> Option<ApiPage<FoundTag>> + 'a {
    move |answer| read(answer, &of)
}

impl ApiSession<'_> {
    /// Returns the header that identifies the user. Nothing is changed without one.
    pub(super) async fn change_login(&self) -> Result<LoginHeader, Error> {
        let problem = || match self.api.login {
            ApiLogin::Exchange(_) => "gives no token for the login",
            _ => "takes no login that is known",
        };
        self.login_header().await?.ok_or_else(|| self.problem(problem()))
    }

    /// Sends a change once, with the login or not at all. A login that is refused is not sent again.
    pub(super) async fn change(&self, call: &VendorCall, method: Method) -> Result<(), Error> {
        let login = self.change_login().await?;
        match self.send(call, method, Some(login.pair())).await {
            Ok(answer) => answer.json().map(drop).map_err(|cause| self.error(cause)),
            Err(error) => {
                if error.cause.status() == Some(401) {
                    self.refuse(login);
                }
                Err(error)
            }
        }
    }

    pub(super) fn problem(&self, what: &str) -> Error {
        self.error(Cause::Local(format!("{}'s own API {what}", self.vendor.name).into()))
    }
}
