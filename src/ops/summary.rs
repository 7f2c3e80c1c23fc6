//! An image in one line, with as few requests as that takes.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, stream};

use crate::client::{Client, Error, Lane};
use crate::model::digest::Digest;
use crate::model::image::ImageConfig;
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::summary::{Kind, Summary};

/// Children of an index that are looked at; with more the size is not known.
const MOST_CHILDREN: usize = 32;
/// Children that are asked for at once.
const AT_ONCE: usize = 4;

/// The image behind a tag. Its size is known when all its parts are; its date is that of its config, for an index that
/// of the first platform.
pub async fn of_tag(client: &Client, name: &RepositoryName, tag: &Tag, lane: Lane) -> Result<Summary, Error> {
    let manifest = client.latest(name, tag, lane).await?;
    Ok(match &manifest.body {
        Body::Index(index) => of_index(client, name, &manifest, &index.manifests, lane).await,
        _ => {
            let config = config_of(client, name, &manifest, lane).await;
            Summary::of_manifest(&manifest, config.as_deref())
        }
    })
}

async fn of_index(
    client: &Client,
    name: &RepositoryName,
    index: &Manifest,
    children: &[Descriptor],
    lane: Lane,
) -> Summary {
    let runnable: Vec<&Descriptor> = children.iter().filter(|child| !child.is_attestation()).collect();
    let digests = runnable.iter().take(MOST_CHILDREN).filter_map(|child| child.digest);
    let looked_at: Vec<_> = digests.map(|digest| child(client, name, digest, lane).boxed()).collect();
    let manifests: Vec<Option<Arc<Manifest>>> = stream::iter(looked_at).buffered(AT_ONCE).collect().await;
    let manifests: Vec<Arc<Manifest>> = manifests.into_iter().flatten().collect();
    let first = match manifests.first() {
        Some(manifest) => config_of(client, name, manifest, lane).await,
        None => None,
    };
    let configs = std::iter::once(first.as_deref()).chain(std::iter::repeat(None));
    let found: Vec<(&Manifest, Option<&ImageConfig>)> =
        manifests.iter().map(|manifest| &**manifest).zip(configs).collect();
    let mut summary = Summary::of_index(index, &found);
    if found.len() < runnable.len() {
        summary.size = None;
    }
    summary
}

async fn child(client: &Client, name: &RepositoryName, digest: Digest, lane: Lane) -> Option<Arc<Manifest>> {
    client.manifest(name, &Selector::Digest(digest), lane).await.ok()
}

/// The config of an image. A config that cannot be had hides what it would tell, not the image.
async fn config_of(
    client: &Client,
    name: &RepositoryName,
    manifest: &Manifest,
    lane: Lane,
) -> Option<Arc<ImageConfig>> {
    let Body::Image(image) = &manifest.body else { return None };
    match manifest.kind() {
        Kind::Image => client.config(name, image.config.as_ref()?, lane).await.ok(),
        _ => None,
    }
}
