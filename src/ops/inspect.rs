//! Inspects an image: its manifest, every platform with its config and layers, and its referrers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{FutureExt, StreamExt, future, stream};

use super::index_images::{IndexImage, IndexImages};
use super::referrer_kinds::{kinds_of_manifest, read_kinds};
use super::summary::{has_large_config, is_heavy, read_config};
use crate::client::registry::connection::Connection;
use crate::client::{Error, Priority, Referrers, Registry};
use crate::model::capped::Capped;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::image::LayerTable;
use crate::model::inspection::{FoundReferrers, Inspection, ListedReferrer, ReferrerSource, Variant};
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::platform::Platform;
use crate::model::reference::{Repository, RepositoryName, Selector, Tag};
use crate::model::server::Ability;
use crate::model::summary::{IndexSummary, Kind, Summary, created_of, size_of};
use crate::model::text::SafeText;

/// The highest number of bytes of all children that are held together.
const MOST_TOGETHER: usize = 24 * 1024 * 1024;
/// The reason to leave out a child for which there is no room.
const TOO_LARGE: &str = "the images of the index are too large to be shown together";
/// The number of digest tags of one image that are read.
const MOST_DIGEST_TAGS: usize = 16;
/// The number of images of an index up to which the usual digest tags of each are tried if those of the repository are
/// not known.
const FEW_IMAGES: usize = 16;
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
    let manifest = read_manifest(registry, name, selector).await?;
    let images = images_of(registry, name, &manifest).await;
    let search = ReferrerSearch { registry, name, digest_tags };
    let (variants, referrers) = future::join(
        variants_of(registry, name, &manifest, images.as_ref()),
        search.of_all(&manifest, images.as_ref()),
    )
    .await;
    let mut inspection = assemble(repository, selector, manifest, variants, images.as_ref());
    inspection.take_referrers(referrers);
    Ok(inspection)
}

/// Inspects an image without its referrers, which [`find_referrers`] searches for afterwards: the user sees the image
/// some round trips earlier.
pub(crate) async fn inspect_image(
    registry: &dyn Registry,
    repository: &Repository,
    selector: &Selector,
) -> Result<Inspection, Error> {
    let name = &repository.name;
    let _room = registry.connection().map(Connection::reserve);
    let manifest = read_manifest(registry, name, selector).await?;
    let images = images_of(registry, name, &manifest).await;
    let variants = variants_of(registry, name, &manifest, images.as_ref()).await;
    Ok(assemble(repository, selector, manifest, variants, images.as_ref()))
}

/// Searches for the referrers of an image and of the images of an index. `digest_tags` as in [`inspect`].
pub(crate) async fn find_referrers(
    registry: &dyn Registry,
    inspection: &Inspection,
    digest_tags: Option<&[Tag]>,
) -> FoundReferrers {
    let name = &inspection.repository.name;
    // They were read a moment ago, so they come from the cache.
    let images = images_of(registry, name, &inspection.manifest).await;
    ReferrerSearch { registry, name, digest_tags }.of_all(&inspection.manifest, images.as_ref()).await
}

async fn read_manifest(
    registry: &dyn Registry,
    name: &RepositoryName,
    selector: &Selector,
) -> Result<Arc<Manifest>, Error> {
    match selector {
        Selector::Tag(tag) => registry.latest_manifest(name, tag, Priority::Interactive).await,
        Selector::Digest(_) => registry.manifest(name, selector, Priority::Interactive).await,
    }
}

/// Returns the images of an index, `None` for another manifest.
async fn images_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Manifest,
) -> Option<IndexImages> {
    let Body::Index(index) = &manifest.body else { return None };
    Some(IndexImages::read(registry, name, index, Priority::Interactive).await)
}

/// Puts an inspection together. Its referrers are awaited.
fn assemble(
    repository: &Repository,
    selector: &Selector,
    manifest: Arc<Manifest>,
    variants: Vec<Variant>,
    images: Option<&IndexImages>,
) -> Inspection {
    let left_out = images.map_or(0, |images| images.left_out);
    let mut summary = summary_of(&manifest, &variants, left_out);
    if let Selector::Tag(tag) = selector {
        summary.kind = manifest.kind_under(tag);
    }
    // The outlines are made here, so that the user does not wait for them between two keys.
    manifest.outline();
    for variant in &variants {
        variant.manifest.iter().for_each(|manifest| drop(manifest.outline().clone()));
        variant.config.iter().flatten().for_each(|config| drop(config.outline().clone()));
    }
    Inspection {
        repository: repository.clone(),
        summary,
        manifest,
        variants,
        referrers: Capped::default(),
        referrers_incomplete: None,
        are_referrers_awaited: true,
        referrers_api: Ability::Unknown,
        left_out,
    }
}

fn summary_of(manifest: &Manifest, variants: &[Variant], left_out: usize) -> Summary {
    let config = |variant: &Variant| variant.config.as_ref().and_then(|config| config.as_ref().ok()).cloned();
    let config_failure =
        |variant: &Variant| variant.config.as_ref().and_then(|config| config.as_ref().err()).cloned();
    if !matches!(manifest.body, Body::Index(_)) {
        let mut summary = Summary::of_manifest(manifest, variants.first().and_then(config).as_deref());
        summary.unreadable.extend(variants.first().and_then(config_failure));
        return summary;
    }
    let mut summary = IndexSummary::of(manifest);
    summary.add_left_out(left_out);
    for variant in variants {
        match &variant.manifest {
            Ok(manifest) => {
                let config = config(variant);
                let created = created_of(manifest, config.as_deref());
                let own = config.and_then(|config| config.platform.clone());
                summary.add(manifest, created, variant.listed_platform.iter().cloned().chain(own));
                config_failure(variant)
                    .into_iter()
                    .for_each(|failure| summary.add_unreadable(failure, false));
            }
            Err(failure) => summary.add_unreadable(failure.clone(), true),
        }
    }
    summary.finish(manifest)
}

/// Reads the images of an index and of the indexes within it, or the image itself.
async fn variants_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Arc<Manifest>,
    images: Option<&IndexImages>,
) -> Vec<Variant> {
    let Some(images) = images else {
        return vec![variant_of(registry, name, None, Ok(manifest.clone())).await];
    };
    let room = AtomicUsize::new(MOST_TOGETHER);
    let read: Vec<_> =
        images.images.iter().map(|image| read_image(registry, name, image, &room).boxed()).collect();
    stream::iter(read).buffered(AT_ONCE).collect().await
}

/// Reads an image of an index, as long as there is room for it beside the others.
async fn read_image(
    registry: &dyn Registry,
    name: &RepositoryName,
    image: &IndexImage,
    bytes_left: &AtomicUsize,
) -> Variant {
    let too_large = || Failure::local(image.describe_reading(), TOO_LARGE);
    let fetch = || image.read(registry, name, Priority::Interactive);
    let mut manifest = fetch().await;
    let is_heavy = manifest.as_ref().is_ok_and(|manifest| is_heavy(manifest) || has_large_config(manifest));
    let _turn = if is_heavy {
        // It holds nothing while it waits for its turn.
        drop(manifest);
        let turn = registry.large_content_permit().await;
        let has_room = bytes_left.load(Ordering::Relaxed) > 0;
        manifest = if has_room { fetch().await } else { Err(too_large()) };
        turn
    } else {
        None
    };
    let variant = variant_of(registry, name, Some(image), manifest).await;
    let weight = variant.memory_size();
    let taken =
        bytes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(weight));
    match taken {
        Ok(_) => variant,
        Err(_) => {
            bytes_left.store(0, Ordering::Relaxed);
            variant_of(registry, name, Some(image), Err(too_large())).await
        }
    }
}

async fn variant_of(
    registry: &dyn Registry,
    name: &RepositoryName,
    image: Option<&IndexImage>,
    manifest: Result<Arc<Manifest>, Failure>,
) -> Variant {
    let config = match &manifest {
        Ok(manifest) => read_config(registry, name, manifest, Priority::Interactive).await,
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
    let is_known = |platform: &Platform| !platform.is_unknown();
    let listed_platform = image.and_then(|image| image.platform.clone()).filter(is_known);
    let own_platform = read.and_then(|config| config.platform.clone()).filter(is_known);
    let kind = match (&manifest, image) {
        (Ok(manifest), _) => manifest.kind(),
        (Err(_), Some(image)) => image.descriptor.kind(),
        (Err(_), None) => Kind::Unknown,
    };
    Variant {
        platform: own_platform.or_else(|| listed_platform.clone()),
        listed_platform,
        kind,
        descriptor: image.map(|image| image.descriptor.clone()),
        within: image.map(|image| image.within.clone()).unwrap_or_default(),
        size: manifest.as_ref().ok().and_then(|manifest| size_of(std::iter::once(&**manifest))),
        manifest,
        config,
        layers,
        referrers: Capped::default(),
    }
}

/// The search for everything that refers to a manifest.
struct ReferrerSearch<'a> {
    registry: &'a dyn Registry,
    name: &'a RepositoryName,
    /// The digest tags of the repository, if they are known.
    digest_tags: Option<&'a [Tag]>,
}

impl ReferrerSearch<'_> {
    /// Returns the referrers of a manifest, and those of the images of an index.
    async fn of_all(&self, manifest: &Manifest, images: Option<&IndexImages>) -> FoundReferrers {
        let images = images.map_or(&[][..], |images| &images.images);
        let tries_tags = images.len() <= FEW_IMAGES;
        let of_images: Vec<_> = images
            .iter()
            .map(|image| {
                async move {
                    match image.descriptor.digest {
                        Some(digest) => self.of(digest, &image.attestations, tries_tags).await,
                        None => (Capped::default(), None),
                    }
                }
                .boxed()
            })
            .collect();
        let of_images = stream::iter(of_images).buffered(AT_ONCE).collect::<Vec<_>>();
        let ((of_image, incomplete), of_images) =
            future::join(self.of(manifest.digest, &[], true).boxed(), of_images).await;
        let (of_variants, of_images): (Vec<_>, Vec<Option<SafeText>>) = of_images.into_iter().unzip();
        FoundReferrers {
            of_image,
            of_variants,
            incomplete: incomplete.or_else(|| of_images.into_iter().flatten().next()),
            api: self.registry.referrers_api(),
        }
    }

    /// Returns the referrers of a manifest, after the attestations that its index lists, and the reason why there may be
    /// more. If referrers cannot be listed they are missing. `tries_tags` says whether the usual digest tags are tried
    /// if those of the repository are not known.
    async fn of(
        &self,
        subject: Digest,
        attestations: &[Descriptor],
        tries_tags: bool,
    ) -> (Capped<Vec<ListedReferrer>>, Option<SafeText>) {
        let named = match self.digest_tags {
            Some(tags) => tags
                .iter()
                .filter(|tag| tag.suffix_after(&subject).is_some_and(|suffix| !suffix.is_empty()))
                .cloned()
                .collect(),
            None if tries_tags => usual_tags(&subject),
            None => Vec::new(),
        };
        let names_it = |tag: &Tag| tag.suffix_after(&subject) == Some("");
        let may_have_fallback = self.digest_tags.is_none_or(|tags| tags.iter().any(names_it));
        let (by_subject, by_tag) = future::join(
            self.registry.first_referrers(self.name, &subject, may_have_fallback),
            self.read_digest_tags(subject, named),
        )
        .await;
        let by_subject = by_subject.unwrap_or_else(|error| {
            let incomplete = Some(SafeText::from(format!("they cannot be listed: {}", error.cause)));
            Referrers { incomplete, ..Referrers::default() }
        });
        let found = by_subject.found.unwrap_or(ReferrerSource::Api);
        let left_out = by_subject.descriptors.left_out();
        let mut descriptors = attestations.to_vec();
        descriptors.extend(by_subject.descriptors);
        let kinds = read_kinds(self.registry, self.name, &descriptors, Priority::Interactive).await;
        let listed = descriptors.into_iter().zip(kinds).enumerate().map(|(number, (descriptor, kinds))| {
            let found = if number < attestations.len() { ReferrerSource::Index } else { found };
            ListedReferrer { kinds, descriptor, found }
        });
        // buildkit lists an attestation in the index and gives it a subject too.
        let mut seen = HashSet::new();
        let is_new = |referrer: &ListedReferrer| {
            let descriptor = &referrer.descriptor;
            descriptor.digest != Some(subject) && seen.insert(descriptor.digest_text.clone())
        };
        let all = listed.chain(by_tag).filter(is_new).collect();
        (Capped::new(all, left_out), by_subject.incomplete)
    }

    async fn read_digest_tags(&self, subject: Digest, tags: Vec<Tag>) -> Vec<ListedReferrer> {
        let looked_at: Vec<_> = tags
            .iter()
            .take(MOST_DIGEST_TAGS)
            .map(|tag| self.read_digest_tag(subject, tag).boxed())
            .collect();
        let found: Vec<Option<ListedReferrer>> = stream::iter(looked_at).buffered(AT_ONCE).collect().await;
        found.into_iter().flatten().collect()
    }

    /// Returns the referrer under a digest tag. A registry that takes the tag for the digest itself has none there.
    async fn read_digest_tag(&self, subject: Digest, tag: &Tag) -> Option<ListedReferrer> {
        let manifest = self.registry.latest_manifest(self.name, tag, Priority::Background).await.ok()?;
        if manifest.has_digest(&subject) {
            return None;
        }
        let mut kinds = kinds_of_manifest(self.registry, self.name, &manifest).await;
        if !kinds.iter().all(Kind::is_about_another) {
            kinds = vec![manifest.kind_under(tag)];
        }
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
        Some(ListedReferrer { kinds, descriptor, found: ReferrerSource::DigestTag })
    }
}

fn usual_tags(digest: &Digest) -> Vec<Tag> {
    let tag = |suffix| Tag::parse(&format!("{}{suffix}", digest.tag_stem())).ok();
    COSIGN.into_iter().filter_map(tag).collect()
}
