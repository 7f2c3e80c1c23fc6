//! The Dockerfile of an image, from the provenance of its build or from its history. Reads no layer.

use std::sync::Arc;

use crate::client::{Priority, Registry};
use crate::model::attached::AttachedDocument;
use crate::model::digest::Digest;
use crate::model::dockerfile::Dockerfile;
use crate::model::failure::Failure;
use crate::model::image::LayerTable;
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::platform::Platform;
use crate::model::predicate::{is_envelope, kind_by_annotations};
use crate::model::reference::{Repository, RepositoryName, Selector};
use crate::model::summary::Kind;
use crate::model::text::SafeText;
use crate::ops::files::image::{ChosenManifest, choose_manifest, refuse_other_platform};
use crate::ops::small_blob::read_small_blob;
use crate::ops::summary::read_config;

/// Most attestations of an image that are read.
const MOST_ATTESTATIONS: usize = 8;
/// Most statements of an attestation that are read.
const MOST_STATEMENTS: usize = 16;
/// Most bytes of a statement. That of a build with many steps has megabytes.
const LARGEST_STATEMENT: u64 = 16 << 20;
/// The artifact type of BuildKit's attestations: BuildKit, `docs/attestations/attestation-storage.md`.
const ATTESTATION: &str = "application/vnd.docker.attestation.manifest.v1+json";

/// The Dockerfile of an image for one platform.
#[derive(Debug)]
pub struct FoundDockerfile {
    /// The digest of the image.
    pub digest: Digest,
    /// Its platform.
    pub platform: Option<Platform>,
    /// The Dockerfile.
    pub dockerfile: Dockerfile,
    /// The digest of the attestation that holds it.
    pub attestation: Option<Digest>,
    /// The reason why provenance could not be read, so that it may hold the Dockerfile.
    pub unread: Option<Failure>,
}

/// Finds the Dockerfile of an image, as [`crate::ops::files::image::choose_image`] chooses it.
pub async fn find_dockerfile(
    registry: &dyn Registry,
    repository: &Repository,
    selector: &Selector,
    platform: Option<&Platform>,
) -> Result<FoundDockerfile, Failure> {
    let name = &repository.name;
    let chosen = choose_manifest(registry, repository, selector, platform, Priority::Interactive).await?;
    let ChosenManifest { manifest, listed_platform, listed_annotations, mut attestations } = chosen;
    let config = read_config(registry, name, &manifest, Priority::Interactive).await.transpose()?;
    let table = match &manifest.body {
        Body::Image(_) if manifest.image_config().is_some() => LayerTable::join(&manifest, config.as_deref()),
        Body::Schema1(schema1) => LayerTable::of_schema1(schema1),
        _ => {
            let what = format!("cannot find the Dockerfile of {selector} of {repository}");
            return Err(Failure::local(what, "it is no image"));
        }
    };
    let is_known = |platform: &Platform| !platform.is_unknown();
    let own = config.as_ref().and_then(|config| config.platform.clone()).filter(is_known);
    let own = own.or(listed_platform.filter(is_known));
    refuse_other_platform(repository, selector, platform, own.as_ref())?;
    let mut unread = None;
    if attestations.is_empty() {
        // An image that is named by its own digest: its index is not known, and it may have referrers.
        attestations = referring_attestations(registry, name, &manifest).await;
    }
    for attestation in attestations.iter().take(MOST_ATTESTATIONS) {
        match read_attestation(registry, name, &manifest, attestation).await {
            Ok(Some(dockerfile)) => {
                let (digest, attestation) = (manifest.digest, attestation.digest);
                return Ok(FoundDockerfile { digest, platform: own, dockerfile, attestation, unread });
            }
            Ok(None) => {}
            Err(failure) => unread = Some(failure),
        }
    }
    let annotations: Vec<_> = manifest.annotations().into_iter().chain([&listed_annotations]).collect();
    let dockerfile = Dockerfile::reconstruct(&table, config.as_deref(), &annotations);
    Ok(FoundDockerfile { digest: manifest.digest, platform: own, dockerfile, attestation: None, unread })
}

/// Returns BuildKit's attestations among the referrers. Returns none if they cannot be listed.
async fn referring_attestations(
    registry: &dyn Registry,
    name: &RepositoryName,
    manifest: &Arc<Manifest>,
) -> Vec<Descriptor> {
    let referrers = registry.first_referrers(name, &manifest.digest, true).await;
    let is_attestation = |referrer: &Descriptor| {
        referrer.artifact_type.as_ref().is_some_and(|artifact_type| artifact_type.as_str() == ATTESTATION)
    };
    referrers.into_iter().flat_map(|referrers| referrers.descriptors).filter(is_attestation).collect()
}

/// Returns the Dockerfile in an attestation of an image. Fails if a part that may hold it cannot be read. A statement
/// about other images alone is left out, whatever the attestation is attached to.
async fn read_attestation(
    registry: &dyn Registry,
    name: &RepositoryName,
    image: &Arc<Manifest>,
    attestation: &Descriptor,
) -> Result<Option<Dockerfile>, Failure> {
    let what = || SafeText::from(format!("cannot read the provenance {}", attestation.digest_text));
    let Some(digest) = attestation.digest else {
        return Err(Failure::local(what(), "its digest cannot be checked"));
    };
    let manifest = registry.manifest(name, &Selector::Digest(digest), Priority::Interactive).await;
    let manifest = manifest.map_err(|error| error.failure(what()))?;
    let may_hold_it = |layer: &&Descriptor| match kind_by_annotations(&layer.annotations) {
        Some(kind) => kind == Kind::Provenance,
        None => is_envelope(&layer.media_type),
    };
    for layer in manifest.layers().iter().filter(may_hold_it).take(MOST_STATEMENTS) {
        let statement = read_small_blob(registry, name, layer, LARGEST_STATEMENT).await;
        let statement = statement.map_err(|error| error.failure(what()))?;
        // Megabytes of JSON take a moment.
        let (image, layer) = (image.clone(), layer.clone());
        let read = tokio::task::spawn_blocking(move || {
            let document = AttachedDocument::read(&statement, &layer);
            if document.is_about_others(&image) { None } else { Dockerfile::of_provenance(&statement) }
        })
        .await;
        if let Some(dockerfile) = read.ok().flatten() {
            return Ok(Some(dockerfile));
        }
    }
    Ok(None)
}
