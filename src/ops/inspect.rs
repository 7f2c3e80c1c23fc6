//! Inspects an image: its manifest, every platform with its config and layers, and its referrers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{FutureExt, StreamExt, future, stream};

use super::summary::is_heavy;
use crate::client::SMALL_CONFIG;
use crate::client::{Error, Priority, Referrers, Registry};
use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::image::{ImageConfig, LayerTable};
use crate::model::inspection::{Inspection, ListedReferrer, ReferrerSource, Variant};
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::summary::{Kind, Summary, size_of};
use crate::model::text::SafeText;

/// The number of children of an index that are read.
const MOST_CHILDREN: usize = 64;
/// The highest number of bytes of all children that are held together.
const MOST_TOGETHER: usize = 24 * 1024 * 1024;
/// The reason to leave out a child for which there is no room.
const TOO_LARGE: &str = "the images of the index are too large to be shown together";
/// The number of digest tags of one image that are read.
const MOST_DIGEST_TAGS: usize = 16;
/// The number of requests for one image at the same time.
const AT_ONCE: usize = 6;
/// The suffixes of cosign's digest tags.
const COSIGN: [&str; 3] = [".sig", ".att", ".sbom"];

/// Inspects an image. `digest_tags` are the digest tags of the repository, if they are known. Otherwise the usual ones
/// are tried.
pub async fn inspect(
    registry: &dyn Registry,
    repository: &Repository,
    selector: &Selector,
    digest_tags: Option<&[Tag]>,
) -> Result<Inspection, Error> {
    let name = &repository.name;
    let manifest = match selector {
        Selector::Tag(tag) => registry.latest_manifest(name, tag, Priority::Interactive).await?,
        Selector::Digest(_) => registry.manifest(name, selector, Priority::Interactive).await?,
    };
    let (variants, (referrers, referrers_incomplete)) = future::join(
        variants_of(registry, name, &manifest),
        referrers_of(registry, name, manifest.digest, digest_tags),
    )
    .await;
    let (variants, left_out) = variants;
    let summary = summary_of(&manifest, &variants, left_out);
    // The outlines are made here, so that the user does not wait for them between two keys.
    manifest.outline();
    for variant in &variants {
        variant.manifest.iter().for_each(|manifest| drop(manifest.outline().clone()));
        variant.config.iter().flatten().for_each(|config| drop(config.outline().clone()));
    }
    let referrers_api = registry.referrers_api();
    let repository = repository.clone();
    Ok(Inspection {
        repository,
        summary,
        manifest,
        variants,
        referrers,
        referrers_incomplete,
        referrers_api,
        left_out,
    })
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

/// Returns the images of an index, with attestations attached to the image that they are about, or the image itself.
/// Also returns the number of children that were left out.
async fn variants_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Arc<Manifest>,
) -> (Vec<Variant>, usize) {
    let Body::Index(index) = &manifest.body else {
        return (vec![variant_of(registry, name, None, Ok(manifest.clone())).await], 0);
    };
    let (attestations, images): (Vec<&Descriptor>, Vec<&Descriptor>) =
        index.manifests.iter().partition(|child| child.is_attestation());
    let room = AtomicUsize::new(MOST_TOGETHER);
    let looked_at: Vec<_> = images
        .iter()
        .take(MOST_CHILDREN)
        .map(|child| child_of(registry, name, child, &room).boxed())
        .collect();
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
    (variants, images.len().saturating_sub(MOST_CHILDREN).saturating_add(index.manifests.left_out()))
}

/// Reads a child of an index, as long as there is room for it beside the others.
async fn child_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    child: &Descriptor,
    bytes_left: &AtomicUsize,
) -> Variant {
    let failed = |what: SafeText, why: &'static str| Failure {
        what,
        why: why.into(),
        hint: None,
        kind: FailureKind::BadAnswer,
    };
    let Some(digest) = child.digest else {
        let failure = failed("cannot read a manifest of the index".into(), "its digest cannot be checked");
        return variant_of(registry, name, Some(child.clone()), Err(failure)).await;
    };
    let what = || SafeText::from(format!("cannot read the manifest {}", digest.short()));
    let selector = Selector::Digest(digest);
    let fetch = || async {
        let manifest = registry.manifest(name, &selector, Priority::Interactive).await;
        manifest.map_err(|error| error.failure(what()))
    };
    let mut manifest = fetch().await;
    let is_heavy = manifest.as_ref().is_ok_and(|manifest| is_heavy(manifest) || has_large_config(manifest));
    let _turn = if is_heavy {
        // It holds nothing while it waits for its turn.
        drop(manifest);
        let turn = registry.large_content_permit().await;
        let has_room = bytes_left.load(Ordering::Relaxed) > 0;
        manifest = if has_room { fetch().await } else { Err(failed(what(), TOO_LARGE)) };
        turn
    } else {
        None
    };
    let variant = variant_of(registry, name, Some(child.clone()), manifest).await;
    let weight = variant.memory_size();
    let taken =
        bytes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(weight));
    match taken {
        Ok(_) => variant,
        Err(_) => {
            bytes_left.store(0, Ordering::Relaxed);
            variant_of(registry, name, Some(child.clone()), Err(failed(what(), TOO_LARGE))).await
        }
    }
}

fn has_large_config(manifest: &Manifest) -> bool {
    match &manifest.body {
        Body::Image(image) => {
            image.config.as_ref().is_some_and(|config| config.size.is_none_or(|size| size > SMALL_CONFIG))
        }
        _ => false,
    }
}

async fn variant_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    descriptor: Option<Descriptor>,
    manifest: Result<Arc<Manifest>, Failure>,
) -> Variant {
    let config = match &manifest {
        Ok(manifest) => config_of(registry, name, manifest).await,
        Err(_) => None,
    };
    let read = config.as_ref().and_then(|config| config.as_ref().ok());
    let layers = match manifest.as_ref().map(|manifest| &manifest.body) {
        Ok(Body::Schema1(schema1)) => LayerTable::of_schema1(schema1),
        Ok(_) => match &manifest {
            Ok(manifest) => LayerTable::join(manifest, read.map(|config| &**config)),
            Err(_) => LayerTable::default(),
        },
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
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Manifest,
) -> Option<Result<Arc<ImageConfig>, Failure>> {
    let Body::Image(image) = &manifest.body else { return None };
    let descriptor = image.config.as_ref().filter(|_| manifest.kind() == Kind::Image)?;
    let config = registry.config(name, descriptor, Priority::Interactive).await;
    Some(config.map_err(|error| error.failure("cannot read the config")))
}

/// Returns the referrers of the image, and the reason why there may be more. If they cannot be listed they are missing,
/// but the image is still shown.
async fn referrers_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    digest: Digest,
    digest_tags: Option<&[Tag]>,
) -> (Capped<Vec<ListedReferrer>>, Option<SafeText>) {
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
    let (by_subject, by_tag) = future::join(
        registry.first_referrers(name, &digest, may_have_fallback),
        read_digest_tags(registry, name, named),
    )
    .await;
    let by_subject = by_subject.unwrap_or_else(|error| {
        let incomplete = Some(SafeText::from(format!("they cannot be listed: {}", error.cause)));
        Referrers { incomplete, ..Referrers::default() }
    });
    let found = by_subject.found.unwrap_or(ReferrerSource::Api);
    let referrer = |descriptor: Descriptor| ListedReferrer { kind: descriptor.kind(), descriptor, found };
    let left_out = by_subject.descriptors.left_out();
    let mut referrers: Vec<ListedReferrer> = by_subject.descriptors.into_iter().map(referrer).collect();
    referrers.extend(by_tag);
    (Capped::new(referrers, left_out), by_subject.incomplete)
}

fn usual_tags(digest: &Digest) -> Vec<Tag> {
    let tag = |suffix| Tag::parse(&format!("{}{suffix}", digest.tag_stem())).ok();
    COSIGN.into_iter().filter_map(tag).collect()
}

async fn read_digest_tags(
    registry: &dyn Registry,
    name: &RepositoryName,
    tags: Vec<Tag>,
) -> Vec<ListedReferrer> {
    let looked_at: Vec<_> =
        tags.iter().take(MOST_DIGEST_TAGS).map(|tag| referrer_of(registry, name, tag).boxed()).collect();
    let found: Vec<Option<ListedReferrer>> = stream::iter(looked_at).buffered(AT_ONCE).collect().await;
    found.into_iter().flatten().collect()
}

async fn referrer_of(registry: &dyn Registry, name: &RepositoryName, tag: &Tag) -> Option<ListedReferrer> {
    let manifest = registry.latest_manifest(name, tag, Priority::Background).await.ok()?;
    let kind = match tag.digest_and_suffix()?.1 {
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
        urls: Default::default(),
        annotations: Default::default(),
    };
    Some(ListedReferrer { kind, descriptor, found: ReferrerSource::DigestTag })
}
