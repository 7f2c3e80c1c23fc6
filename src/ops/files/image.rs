//! The image of a platform, with the layers to read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::client::{Priority, Registry};
use crate::layer::WINDOWS_ROOT;
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::image::{ImageConfig, LayerTable};
use crate::model::manifest::{Body, Descriptor, Manifest};
use crate::model::platform::Platform;
use crate::model::reference::{Repository, Selector};
use crate::ops::index_images::IndexImages;
use crate::ops::summary::read_config;

/// A layer of an image.
#[derive(Debug, Clone)]
pub struct LayerSource {
    /// The descriptor in the manifest.
    pub descriptor: Descriptor,
    /// The digest of the uncompressed bytes that the config names.
    pub diff_id: Option<Digest>,
    /// The step of the build that made the layer. Untrusted text.
    pub instruction: Option<String>,
}

/// An image whose files can be read: one for a single platform, or an artifact.
#[derive(Debug, Clone)]
pub struct ImageSource {
    /// The repository.
    pub repository: Repository,
    /// The manifest of the image itself, not of an index.
    pub manifest: Arc<Manifest>,
    /// Its platform.
    pub platform: Option<Platform>,
    /// Its config. Artifacts have none that is an image's.
    pub config: Option<Arc<ImageConfig>>,
    /// The layers, bottom first.
    pub layers: Vec<LayerSource>,
}

impl ImageSource {
    /// Whether it is for Windows, whose layers hold the files in a directory of their own.
    pub fn is_windows(&self) -> bool {
        self.platform.as_ref().is_some_and(|platform| platform.os == "windows")
    }

    /// Returns the directory of its layers whose content stands at the root of its tree; empty for the layers as they are.
    pub(crate) fn root(&self) -> &'static [u8] {
        if self.is_windows() { WINDOWS_ROOT } else { b"" }
    }

    /// Combines a manifest and its config. Fails for manifests that have no layers, or more than are kept.
    pub fn new(
        repository: &Repository,
        manifest: Arc<Manifest>,
        config: Option<Arc<ImageConfig>>,
        listed_platform: Option<Platform>,
    ) -> Result<ImageSource, Failure> {
        let refuse = |why: &'static str| {
            Err(Failure::local(format!("cannot read the files of {}", manifest.digest), why))
        };
        match &manifest.body {
            Body::Image(_) | Body::Artifact(_) => {}
            Body::Schema1(_) => return refuse("the files of schema 1 images are not read"),
            Body::Index(_) => return refuse("it is an index"),
            Body::Unknown => return refuse("it is no image"),
        }
        if manifest.layers_left_out() > 0 {
            return refuse("it has too many layers");
        }
        let table = LayerTable::join(&manifest, config.as_deref());
        let count = manifest.layers().len();
        let has_all = config
            .as_ref()
            .is_some_and(|config| config.diff_ids.is_whole() && config.diff_ids.len() == count);
        let rows = table.rows.into_iter().filter_map(|row| {
            let step = row.step().to_string();
            let diff_id = row.diff_id.filter(|_| has_all);
            let instruction = Some(step).filter(|step| !step.is_empty() && !table.approximate);
            row.layer.map(|descriptor| LayerSource { descriptor, diff_id, instruction })
        });
        let layers: Vec<LayerSource> = rows.collect();
        let is_known = |platform: &Platform| !platform.is_unknown();
        let own = config.as_ref().and_then(|config| config.platform.clone()).filter(is_known);
        let platform = own.or(listed_platform.filter(is_known));
        Ok(ImageSource { repository: repository.clone(), manifest, platform, config, layers })
    }
}

/// Returns the platform of this machine. Containers run on Linux, whatever the machine runs.
pub fn own_platform() -> Option<Platform> {
    let architecture = match std::env::consts::ARCH {
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    };
    Platform::parse(&format!("linux/{architecture}"))
}

/// The manifest of an image for one platform.
#[derive(Debug)]
pub(crate) struct ChosenManifest {
    /// The manifest of the image itself, not of an index.
    pub(crate) manifest: Arc<Manifest>,
    /// The platform that the index names.
    pub(crate) listed_platform: Option<Platform>,
    /// The annotations of the index and of the image in it; those of the image win. Untrusted text.
    pub(crate) listed_annotations: BTreeMap<String, String>,
    /// The attestations of the image that the index lists.
    pub(crate) attestations: Vec<Descriptor>,
}

/// Reads the manifest that a tag or digest leads to. Of an index it is that for `platform`; without one the manifest for
/// this machine, else the only one. Otherwise fails and names the platforms that there are.
pub(crate) async fn choose_manifest(
    registry: &dyn Registry,
    repository: &Repository,
    selector: &Selector,
    platform: Option<&Platform>,
    priority: Priority,
) -> Result<ChosenManifest, Failure> {
    let name = &repository.name;
    let manifest = read_top(registry, repository, selector, priority).await?;
    let Body::Index(index) = &manifest.body else {
        return Ok(ChosenManifest {
            manifest,
            listed_platform: None,
            listed_annotations: BTreeMap::new(),
            attestations: Vec::new(),
        });
    };
    let images = IndexImages::read(registry, name, index, priority).await;
    let known = |image: &&crate::ops::index_images::IndexImage| {
        image.platform.as_ref().is_none_or(|platform| !platform.is_unknown())
    };
    let images: Vec<_> = images.images.iter().filter(known).collect();
    let platforms: Vec<Option<&Platform>> = images.iter().map(|image| image.platform.as_ref()).collect();
    let chosen = choose_platform(&platforms, platform, own_platform().as_ref());
    let what = || format!("cannot choose an image of {selector} of {repository}");
    let chosen = chosen.map_err(|why| Failure::local(what(), why))?;
    let image = images[chosen];
    let mut listed_annotations = (*index.annotations).clone();
    listed_annotations.extend((*image.descriptor.annotations).clone());
    Ok(ChosenManifest {
        manifest: image.read(registry, name, priority).await?,
        listed_platform: image.platform.clone(),
        listed_annotations,
        attestations: image.attestations.clone(),
    })
}

/// Reads the manifest that a tag or digest leads to, which may be an index.
async fn read_top(
    registry: &dyn Registry,
    repository: &Repository,
    selector: &Selector,
    priority: Priority,
) -> Result<Arc<Manifest>, Failure> {
    let read = match selector {
        Selector::Tag(tag) => registry.latest_manifest(&repository.name, tag, priority).await,
        Selector::Digest(_) => registry.manifest(&repository.name, selector, priority).await,
    };
    read.map_err(|error| error.failure(format!("cannot read {selector} of {repository}")))
}

/// The platforms that a manifest leads to.
#[derive(Debug)]
pub(crate) struct ListedPlatforms {
    /// The digest of the manifest that the tag or digest leads to.
    pub(crate) digest: Digest,
    /// The platforms of an index that are named. `None` for an image that stands alone.
    pub(crate) platforms: Option<Vec<Platform>>,
}

/// Returns the platforms of the manifest that a tag or digest leads to.
pub(crate) async fn list_platforms(
    registry: &dyn Registry,
    repository: &Repository,
    selector: &Selector,
    priority: Priority,
) -> Result<ListedPlatforms, Failure> {
    let manifest = read_top(registry, repository, selector, priority).await?;
    let digest = manifest.digest;
    let Body::Index(index) = &manifest.body else { return Ok(ListedPlatforms { digest, platforms: None }) };
    let images = IndexImages::read(registry, &repository.name, index, priority).await;
    let platforms = images.images.iter().filter_map(|image| image.platform.clone());
    let platforms = platforms.filter(|platform| !platform.is_unknown()).collect();
    Ok(ListedPlatforms { digest, platforms: Some(platforms) })
}

/// Reads the image that a tag or digest leads to, as [`choose_manifest`] chooses it.
pub async fn choose_image(
    registry: &dyn Registry,
    repository: &Repository,
    selector: &Selector,
    platform: Option<&Platform>,
) -> Result<ImageSource, Failure> {
    let ChosenManifest { manifest, listed_platform, .. } =
        choose_manifest(registry, repository, selector, platform, Priority::Interactive).await?;
    let config = read_config(registry, &repository.name, &manifest, Priority::Interactive).await;
    let image = ImageSource::new(repository, manifest, config.transpose()?, listed_platform)?;
    refuse_other_platform(repository, selector, platform, image.platform.as_ref())?;
    Ok(image)
}

/// Fails if the platform of an image is not the one that is wanted.
pub(crate) fn refuse_other_platform(
    repository: &Repository,
    selector: &Selector,
    wanted: Option<&Platform>,
    own: Option<&Platform>,
) -> Result<(), Failure> {
    match (wanted, own) {
        (Some(wanted), Some(own)) if !wanted.is_same_machine(own) => Err(Failure::local(
            format!("cannot choose an image of {selector} of {repository}"),
            format!("it is for {own}, not for {wanted}"),
        )),
        _ => Ok(()),
    }
}

/// Returns the index of the platform that is wanted, else that of this machine, else the only one. The error names those
/// that there are.
fn choose_platform(
    listed: &[Option<&Platform>],
    wanted: Option<&Platform>,
    own: Option<&Platform>,
) -> Result<usize, String> {
    let find = |wanted: &Platform| {
        listed.iter().position(|platform| platform.is_some_and(|platform| platform.is_same_machine(wanted)))
    };
    let names = || {
        let names: Vec<String> = listed.iter().flatten().map(ToString::to_string).collect();
        if names.is_empty() { "none that is named".to_string() } else { names.join(", ") }
    };
    match (wanted, listed) {
        (_, []) => Err("the index lists no image".to_string()),
        (Some(wanted), _) => {
            find(wanted).ok_or_else(|| format!("there is no {wanted}; there are {}", names()))
        }
        (None, [_]) => Ok(0),
        (None, _) => {
            own.and_then(find).ok_or_else(|| format!("`--platform` chooses one: there are {}", names()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_that_is_named_comes_before_that_of_the_machine_and_the_only_one() {
        let platform = |text: &str| Platform::parse(text).expect("a platform");
        let (amd, arm, arm32) = (platform("linux/amd64"), platform("linux/arm64"), platform("linux/arm/v6"));
        let two = [Some(&amd), Some(&arm)];
        assert_eq!(choose_platform(&two, Some(&arm), Some(&amd)), Ok(1));
        assert_eq!(choose_platform(&two, None, Some(&arm)), Ok(1));
        assert_eq!(choose_platform(&[Some(&arm)], None, Some(&amd)), Ok(0));
        assert_eq!(choose_platform(&[None], None, None), Ok(0));
        for (listed, wanted) in [(&two[..], Some(&arm32)), (&two[..], None), (&[][..], None)] {
            let error = choose_platform(listed, wanted, Some(&arm32)).expect_err("none is chosen");
            assert!(listed.is_empty() || error.contains("linux/amd64, linux/arm64"), "{error}");
        }
    }
}
