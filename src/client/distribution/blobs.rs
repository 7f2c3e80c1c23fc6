//! Blobs that are small enough to be read whole: image configs. distribution-spec § Pulling blobs.

use std::sync::Arc;

use reqwest::Method;

use crate::client::Client;
use crate::client::error::{Cause, Error};
use crate::client::http::limit::Priority;
use crate::client::http::request::Request;
use crate::client::http::resume::PartsProof;
use crate::client::http::scope::Scope;
use crate::model::digest::Digest;
use crate::model::image::ImageConfig;
use crate::model::manifest::Descriptor;
use crate::model::reference::RepositoryName;

/// Most bytes of a config.
const CAP: u64 = 8 * 1024 * 1024;
/// Most bytes of a config that is accepted whatever size its descriptor names.
pub(crate) const SMALL: u64 = 1024 * 1024;

impl Client {
    /// Returns the image config that a manifest names. It is fetched once and kept. A config that is larger than its
    /// descriptor says is refused, unless it is small.
    pub async fn config(
        &self,
        name: &RepositoryName,
        descriptor: &Descriptor,
        priority: Priority,
    ) -> Result<Arc<ImageConfig>, Error> {
        let Some(digest) = descriptor.digest else {
            return Err(self.http().error(
                Cause::BadAnswer("the config has a digest that cannot be checked".into()),
                None,
                1,
            ));
        };
        if let Some(kept) = self.cache().get(&digest).await
            && let Ok(config) = ImageConfig::parse(kept)
        {
            return Ok(Arc::new(config));
        }
        let cap = descriptor.size.map_or(CAP, |size| size.clamp(SMALL, CAP));
        self.0.configs.run_once((name.clone(), digest), self.fetch_config(name, digest, cap, priority)).await
    }

    async fn fetch_config(
        &self,
        name: &RepositoryName,
        digest: Digest,
        cap: u64,
        priority: Priority,
    ) -> Result<Arc<ImageConfig>, Error> {
        let url = self.http().base().await?.blob(name, &digest);
        let scope = Scope::Pull(name.clone());
        let parts = Some(PartsProof::Digest(digest));
        let request = Request { cap, parts, ..Request::new(Method::GET, url, scope, priority) };
        let answer = self.http().send(&request).await?;
        let fail = |cause| self.http().error(cause, Some(&request), 1);
        let got = digest.same_algorithm_of(&answer.body);
        if got != digest {
            return Err(fail(Cause::digest(digest, got)));
        }
        let config = ImageConfig::parse(answer.body.clone())
            .map_err(|_| fail(Cause::BadAnswer("the config is not a JSON object".into())))?;
        self.cache().put(digest, answer.body);
        Ok(Arc::new(config))
    }
}
