//! The preparation of a delete.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Priority, Registry};
use crate::model::change::delete::{DeletePlan, DeleteRequest};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::reference::{RepositoryName, Selector};
use crate::ops::tag_list::AT_ONCE;

/// Reads the manifests of these digests as the registry serves them now. A manifest that cannot be read cannot be put
/// back, so it is not deleted either.
pub(crate) async fn manifests(
    registry: &dyn Registry,
    name: &RepositoryName,
    digests: impl IntoIterator<Item = Digest>,
) -> HashMap<Digest, Result<Arc<Manifest>, Failure>> {
    let distinct: HashSet<Digest> = digests.into_iter().collect();
    let read = |digest: Digest| {
        async move {
            let manifest = registry.uncached_manifest(name, &digest, Priority::Background).await;
            let what = || format!("cannot read {}, so it could not be put back", digest.short());
            (digest, manifest.map_err(|error| error.failure(what())))
        }
        .boxed()
    };
    stream::iter(distinct.into_iter().map(read)).buffer_unordered(AT_ONCE).collect().await
}

/// Returns the request that leads to the same plan.
pub(crate) fn request(plan: &DeletePlan) -> DeleteRequest {
    let selectors = plan.images.iter().flat_map(|image| {
        let named = image.named.iter().cloned().map(Selector::Tag);
        named.chain(image.by_digest.then_some(Selector::Digest(image.digest)))
    });
    DeleteRequest {
        repository: plan.repository.clone(),
        selectors: selectors.collect(),
        all_tags: false,
        method: Some(plan.method),
        along: plan.along,
        keep: plan.common.loss.keep,
    }
}
