//! An image looked into: its manifest, every platform with its config and layers, and what belongs to it.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, future, stream};

use crate::client::{Client, Error, Lane};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::image::{ImageConfig, LayerTable};
use crate::model::inspection::{Found, Inspection, Referrer, Variant};
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::summary::{Kind, Summary, size_of};

/// Children of an index that are looked into.
const MOST_CHILDREN: usize = 64;
/// Digest tags of one image that are looked into.
const MOST_DIGEST_TAGS: usize = 16;
/// Requests for one image at once.
const AT_ONCE: usize = 6;
/// Suffixes of cosign's digest tags.
const COSIGN: [&str; 3] = [".sig", ".att", ".sbom"];

/// Looks into an image. `digest_tags` are the repository's tags that are digests, where they are known; where they are
/// not, the usual ones are tried.
pub async fn inspect(
    client: &Client,
    repository: &Repository,
    selector: &Selector,
    digest_tags: Option<&[Tag]>,
) -> Result<Inspection, Error> {
    let name = &repository.name;
    let manifest = match selector {
        Selector::Tag(tag) => client.latest(name, tag, Lane::Interactive).await?,
        Selector::Digest(_) => client.manifest(name, selector, Lane::Interactive).await?,
    };
    let (variants, referrers) = future::join(
        variants_of(client, name, &manifest),
        referrers_of(client, name, manifest.digest, digest_tags),
    )
    .await;
    let (variants, left_out) = variants;
    let summary = summary_of(&manifest, &variants, left_out);
    let referrers_api = client.referrers_api();
    let repository = repository.clone();
    Ok(Inspection { repository, summary, manifest, variants, referrers, referrers_api, left_out })
}

fn summary_of(manifest: &Manifest, variants: &[Variant], left_out: usize) -> Summary {
    let config = |variant: &Variant| variant.config.as_ref().and_then(|config| config.as_ref().ok()).cloned();
    if !matches!(manifest.body, Body::Index(_)) {
        return Summary::of_manifest(manifest, variants.first().and_then(config).as_deref());
    }
    let found: Vec<(Arc<Manifest>, Option<Arc<ImageConfig>>)> = variants
        .iter()
        .filter_map(|variant| Some((variant.manifest.as_ref().ok()?.clone(), config(variant))))
        .collect();
    let children: Vec<_> = found.iter().map(|(manifest, config)| (&**manifest, config.as_deref())).collect();
    let mut summary = Summary::of_index(manifest, &children);
    if left_out > 0 || found.len() < variants.len() {
        summary.size = None;
    }
    summary
}

/// The images of an index, attestations folded under the one that they are about; or the image itself. With the number
/// of children that were left out.
async fn variants_of(
    client: &Client,
    name: &RepositoryName,
    manifest: &Arc<Manifest>,
) -> (Vec<Variant>, usize) {
    let Body::Index(index) = &manifest.body else {
        return (vec![variant_of(client, name, None, Ok(manifest.clone())).await], 0);
    };
    let (attestations, images): (Vec<&Descriptor>, Vec<&Descriptor>) =
        index.manifests.iter().partition(|child| child.is_attestation());
    let looked_at: Vec<_> =
        images.iter().take(MOST_CHILDREN).map(|child| child_of(client, name, child).boxed()).collect();
    let mut variants: Vec<Variant> = stream::iter(looked_at).buffered(AT_ONCE).collect().await;
    for attestation in attestations {
        let about = attestation.attests();
        let is_it = |variant: &&mut Variant| {
            about.is_some() && variant.descriptor.as_ref().and_then(|descriptor| descriptor.digest) == about
        };
        if let Some(variant) = variants.iter_mut().find(is_it) {
            variant.attestations.push(attestation.clone());
        }
    }
    (variants, images.len().saturating_sub(MOST_CHILDREN))
}

async fn child_of(client: &Client, name: &RepositoryName, child: &Descriptor) -> Variant {
    let manifest = match child.digest {
        Some(digest) => client
            .manifest(name, &Selector::Digest(digest), Lane::Interactive)
            .await
            .map_err(|error| error.failure(format!("cannot read the manifest {}", digest.short()))),
        None => Err(Failure {
            what: "cannot read a manifest of the index".into(),
            why: "its digest cannot be checked".into(),
            hint: None,
            kind: FailureKind::BadAnswer,
        }),
    };
    variant_of(client, name, Some(child.clone()), manifest).await
}

async fn variant_of(
    client: &Client,
    name: &RepositoryName,
    descriptor: Option<Descriptor>,
    manifest: Result<Arc<Manifest>, Failure>,
) -> Variant {
    let config = match &manifest {
        Ok(manifest) => config_of(client, name, manifest).await,
        Err(_) => None,
    };
    let read = config.as_ref().and_then(|config| config.as_ref().ok());
    let layers = match manifest.as_ref().map(|manifest| &manifest.body) {
        Ok(Body::Schema1(schema1)) => LayerTable::of_schema1(schema1),
        Ok(_) => LayerTable::join(
            manifest.as_ref().map(|manifest| manifest.layers()).unwrap_or_default(),
            read.map(|config| &**config),
        ),
        Err(_) => LayerTable::default(),
    };
    let listed = descriptor.as_ref().and_then(|descriptor| descriptor.platform.clone());
    let platform = read.and_then(|config| config.platform.clone()).or(listed);
    let kind = match (&manifest, &descriptor) {
        (Ok(manifest), _) => manifest.kind(),
        (Err(_), Some(descriptor)) => descriptor.kind(),
        (Err(_), None) => Kind::Unknown,
    };
    let size = manifest.as_ref().ok().and_then(|manifest| size_of(std::iter::once(&**manifest)));
    let size = size.filter(|_| kind != Kind::Index);
    Variant { platform, kind, descriptor, manifest, config, layers, size, attestations: Vec::new() }
}

async fn config_of(
    client: &Client,
    name: &RepositoryName,
    manifest: &Manifest,
) -> Option<Result<Arc<ImageConfig>, Failure>> {
    let Body::Image(image) = &manifest.body else { return None };
    let descriptor = image.config.as_ref().filter(|_| manifest.kind() == Kind::Image)?;
    let config = client.config(name, descriptor, Lane::Interactive).await;
    Some(config.map_err(|error| error.failure("cannot read the config")))
}

/// What belongs to the image. That it cannot be asked hides it, not the image.
async fn referrers_of(
    client: &Client,
    name: &RepositoryName,
    digest: Digest,
    digest_tags: Option<&[Tag]>,
) -> Vec<Referrer> {
    let named = match digest_tags {
        Some(tags) => tags
            .iter()
            .filter(|tag| tag.suffix_after(&digest).is_some_and(|suffix| !suffix.is_empty()))
            .cloned()
            .collect(),
        None => usual_tags(&digest),
    };
    let names_it = |tag: &Tag| tag.suffix_after(&digest) == Some("");
    let may_have_fallback = digest_tags.is_none_or(|tags| tags.iter().any(names_it));
    let (by_subject, by_tag) =
        future::join(client.referrers(name, &digest, may_have_fallback), by_digest_tag(client, name, named))
            .await;
    let by_subject = by_subject.unwrap_or_default();
    let found = by_subject.found.unwrap_or(Found::Api);
    let referrer = |descriptor: Descriptor| Referrer { kind: descriptor.kind(), descriptor, found };
    let mut referrers: Vec<Referrer> = by_subject.descriptors.into_iter().map(referrer).collect();
    referrers.extend(by_tag);
    referrers
}

fn usual_tags(digest: &Digest) -> Vec<Tag> {
    let tag = |suffix| Tag::parse(&format!("{}{suffix}", digest.tag_stem())).ok();
    COSIGN.into_iter().filter_map(tag).collect()
}

async fn by_digest_tag(client: &Client, name: &RepositoryName, tags: Vec<Tag>) -> Vec<Referrer> {
    let looked_at: Vec<_> =
        tags.iter().take(MOST_DIGEST_TAGS).map(|tag| referrer_of(client, name, tag).boxed()).collect();
    let found: Vec<Option<Referrer>> = stream::iter(looked_at).buffered(AT_ONCE).collect().await;
    found.into_iter().flatten().collect()
}

async fn referrer_of(client: &Client, name: &RepositoryName, tag: &Tag) -> Option<Referrer> {
    let manifest = client.latest(name, tag, Lane::Background).await.ok()?;
    let kind = match tag.digest_named()?.1 {
        ".sig" => Kind::Signature,
        ".att" => Kind::Attestation,
        ".sbom" => Kind::Sbom,
        _ => manifest.kind(),
    };
    let descriptor = Descriptor {
        media_type: manifest.media_type.clone(),
        digest: Some(manifest.digest),
        digest_text: manifest.digest.to_string(),
        size: Some(manifest.raw.len() as u64),
        platform: None,
        artifact_type: None,
        urls: Vec::new(),
        annotations: Default::default(),
    };
    Some(Referrer { kind, descriptor, found: Found::DigestTag })
}
