//! The facts that a vendor's own API tells of one image.

use super::ApiPart;
use super::calls::CallError;
use super::session::ApiSession;
use crate::client::Client;
use crate::client::http::scope::Scope;
use crate::client::vendors::api::ApiAnswer;
use crate::model::digest::Digest;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::vendor_image::VendorImage;

impl Client {
    /// Returns the facts about an image, or `None` if the API tells none.
    pub(super) async fn own_image_facts(
        &self,
        name: &RepositoryName,
        tag: Option<&Tag>,
        digest: Digest,
    ) -> Option<VendorImage> {
        self.use_api(ApiPart::Image, self.http().timeouts().own_api, async {
            let Some(session) = &ApiSession::of(self).await else { return Ok(None) };
            let Some(look_ups) = &session.api.image else { return Ok(None) };
            let Some(call) = (look_ups.call)(name, tag, &digest) else { return Ok(None) };
            let answer = match session.call(&call, &Scope::Pull(name.clone())).await {
                Ok(answer) => answer,
                Err(CallError::Refused) => return Ok(None),
                // A version of the product without this ability is no reason to give the others up.
                Err(CallError::Failed(error)) if matches!(error.cause.status(), Some(400 | 405 | 422)) => {
                    return Ok(None);
                }
                Err(CallError::Failed(error)) => return Err(*error),
            };
            let host = self.host();
            let read = ApiAnswer { host, call: &call, body: &answer.body, link: None };
            if read.body.get("errors").is_some() {
                return Ok(None);
            }
            let facts = (look_ups.read)(&read, &digest).ok_or_else(|| session.other_form())?;
            let is_empty = facts == VendorImage::default();
            Ok((!is_empty).then(|| VendorImage { vendor: session.vendor.name.into(), ..facts }))
        })
        .await
    }
}
