//! Names referrers by their content: from their descriptors, or from their manifests and statements if these hide it.

use futures_util::{FutureExt, StreamExt, stream};

use super::small_blob::read_small_blob;
use crate::client::{Priority, Registry};
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::predicate::kind_of_statement;
use crate::model::reference::{RepositoryName, Selector};
use crate::model::summary::Kind;

/// The number of referrers of one manifest that are read to name them. Others are named by their descriptors.
const MOST_READ: usize = 32;
/// The number of them that are asked for at the same time.
const AT_ONCE: usize = 4;
/// The most bytes of a statement that is read to name it.
const LARGEST_STATEMENT: u64 = 512 * 1024;

/// Returns the kinds of the contents of each referrer, in the order given. Each has at least one.
pub(super) async fn read_kinds(
    registry: &dyn Registry,
    name: &RepositoryName,
    referrers: &[Descriptor],
    priority: Priority,
) -> Vec<Vec<Kind>> {
    let mut left = MOST_READ;
    let mut named = Vec::with_capacity(referrers.len());
    for descriptor in referrers {
        let is_read = descriptor.hides_its_kind() && left > 0;
        left -= usize::from(is_read);
        named.push(kinds_of(registry, name, descriptor, is_read, priority).boxed());
    }
    stream::iter(named).buffered(AT_ONCE).collect().await
}

async fn kinds_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    descriptor: &Descriptor,
    is_read: bool,
    priority: Priority,
) -> Vec<Kind> {
    if let Some(digest) = descriptor.digest.filter(|_| is_read)
        && let Ok(manifest) = registry.manifest(name, &Selector::Digest(digest), priority).await
    {
        return kinds_of_manifest(registry, name, &manifest).await;
    }
    vec![descriptor.kind()]
}

/// Returns the kinds of the contents of a referrer, at least one. The statement in it is read if nothing around it tells
/// its kind.
pub(super) async fn kinds_of_manifest(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Manifest,
) -> Vec<Kind> {
    let kinds = manifest.statement_kinds();
    if kinds.len() > 1 && manifest.kind() == Kind::Attestation {
        return kinds;
    }
    let read = match manifest.unnamed_statement() {
        Some(layer) => read_statement(registry, name, layer).await,
        None => None,
    };
    vec![read.unwrap_or_else(|| manifest.kind())]
}

async fn read_statement(registry: &dyn Registry, name: &RepositoryName, layer: &Descriptor) -> Option<Kind> {
    layer.size.filter(|size| *size <= LARGEST_STATEMENT)?;
    let bytes = read_small_blob(registry, name, layer, LARGEST_STATEMENT).await.ok()?;
    kind_of_statement(&bytes)
}
