//! The request that removes a tag: by the registry API, or by the own API of the registry's vendor.

use super::{RepositoryClient, UntagApi};
use crate::client::registry::connection::WriteAccess;
use crate::client::registry::own_api::{OwnApi, PreparedUntag};
use crate::client::{Cause, Error};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::Tag;

/// A removal that needs one more request.
pub(super) enum Removal<'a> {
    /// By the registry API.
    ByTag,
    /// By the vendor's own API.
    OwnApi(&'a dyn OwnApi, PreparedUntag),
}

impl<'a> Removal<'a> {
    /// Gets everything that the removal needs, such as a token. Changes nothing.
    pub(super) async fn prepare(
        place: &RepositoryClient<'a>,
        api: UntagApi,
        tag: &Tag,
        image: Digest,
    ) -> Result<Removal<'a>, Error> {
        if api == UntagApi::Registry {
            place.prefetch_token(WriteAccess::Delete).await;
            return Ok(Removal::ByTag);
        }
        let none = || Error::unsent(place.registry.host(), Cause::Local("its vendor has no API".into()));
        let own_api = place.registry.own_api().ok_or_else(none)?;
        let prepared = own_api.prepare_untag(place.name, tag, image).await?;
        Ok(Removal::OwnApi(own_api, prepared))
    }

    /// Sends the request.
    pub(super) async fn carry_out(
        &self,
        place: &RepositoryClient<'_>,
        tag: &Tag,
        image: Digest,
    ) -> Result<(), Error> {
        match self {
            Removal::ByTag => place.registry.untag(place.name, tag, image).await,
            Removal::OwnApi(own_api, prepared) => own_api.untag(prepared).await,
        }
    }
}

/// Returns the failure of a vendor's own API to remove a tag.
pub(super) fn own_api_failure(error: &Error, what: String) -> Failure {
    let failure = error.failure(what);
    let hint = match error.cause.status() {
        Some(401 | 403) => {
            "the login must be one that may delete by this API: as a rule a token with that right"
        }
        Some(404) => "nothing was changed: this API does not know the tag, or does not show it to this login",
        _ => return failure,
    };
    Failure { hint: Some(hint.into()), kind: FailureKind::Unsupported, ..failure }
}
