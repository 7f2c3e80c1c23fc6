//! Compares two images for a platform that both have, and counts the layers that they share.

use std::sync::Arc;

use futures_util::{FutureExt, future};

use super::{DiffedImages, input};
use crate::client::{Pool, Priority, Registry};
use crate::model::failure::Failure;
use crate::model::image_diff::{ImageDiff, SharedLayers};
use crate::model::platform::Platform;
use crate::model::reference::{Reference, Repository, Selector};
use crate::ops::files::image::{
    ImageSource, ListedPlatforms, choose_image, choose_manifest, list_platforms, own_platform,
};

/// One of two images, before its platform is chosen.
struct Side {
    registry: Arc<dyn Registry>,
    repository: Repository,
    /// The digest that the name led to, so that both steps are about the same image.
    selector: Selector,
    /// The platforms of an index.
    listed: Option<Vec<Platform>>,
}

impl Side {
    async fn read(pool: &Pool, side: &Reference) -> Result<Side, Failure> {
        let (registry, repository) =
            (pool.registry_for_reading(&side.repository.host), side.repository.clone());
        let ListedPlatforms { digest, platforms: listed } =
            list_platforms(&*registry, &repository, &side.selector(), Priority::Interactive).await?;
        Ok(Side { registry, repository, selector: Selector::Digest(digest), listed })
    }

    async fn choose(&self, platform: Option<&Platform>) -> Result<ImageSource, Failure> {
        choose_image(&*self.registry, &self.repository, &self.selector, platform).await
    }

    fn has(&self, platform: &Platform) -> bool {
        self.listed.iter().flatten().any(|listed| listed.is_same_machine(platform))
    }
}

/// Compares two images for one platform: `preferred` if both have it, else that of this machine, else the first one that both
/// have. Also returns the platforms to choose from.
pub async fn diff_images_for(
    pool: &Pool,
    left: &Reference,
    right: &Reference,
    preferred: Option<&Platform>,
) -> Result<(DiffedImages, Vec<Platform>), Failure> {
    let (one, other) = future::join(Side::read(pool, left).boxed(), Side::read(pool, right).boxed()).await;
    let (one, other) = (one?, other?);
    let (one, other, platforms) = match (&one.listed, &other.listed) {
        (None, None) => {
            let (one, other) = future::join(one.choose(None).boxed(), other.choose(None).boxed()).await;
            (one?, other?, Vec::new())
        }
        (Some(listed), Some(_)) => {
            let both: Vec<Platform> = listed.iter().filter(|one| other.has(one)).cloned().collect();
            let Some(chosen) = prefer(&both, preferred) else {
                return Err(no_platform(left, &one, right, &other));
            };
            let chosen = Some(&chosen);
            let (one, other) = future::join(one.choose(chosen).boxed(), other.choose(chosen).boxed()).await;
            (one?, other?, both)
        }
        // The image that is no index decides.
        (Some(_), None) => {
            let other = other.choose(None).await?;
            (choose_like(&one, &other, preferred).await?, other, Vec::new())
        }
        (None, Some(_)) => {
            let one = one.choose(None).await?;
            let like = choose_like(&other, &one, preferred).await?;
            (one, like, Vec::new())
        }
    };
    let names = [left, right].map(ToString::to_string);
    let diff = ImageDiff::of(input(&names[0], &one), input(&names[1], &other));
    Ok((DiffedImages::new(pool, one, other, diff), platforms))
}

/// Chooses the image of an index for the platform of another image.
async fn choose_like(
    side: &Side,
    other: &ImageSource,
    preferred: Option<&Platform>,
) -> Result<ImageSource, Failure> {
    let listed = side.listed.as_deref().unwrap_or_default();
    let like = other.platform.as_ref().filter(|platform| side.has(platform)).cloned();
    let chosen = like.or_else(|| prefer(listed, preferred));
    side.choose(chosen.as_ref()).await
}

/// Returns the platform that is preferred, else that of this machine, else the first.
fn prefer(platforms: &[Platform], preferred: Option<&Platform>) -> Option<Platform> {
    let own = own_platform();
    let find = |wanted: &Platform| platforms.iter().find(|platform| platform.is_same_machine(wanted));
    preferred.and_then(find).or_else(|| own.as_ref().and_then(find)).or(platforms.first()).cloned()
}

fn no_platform(left: &Reference, one: &Side, right: &Reference, other: &Side) -> Failure {
    let names = |side: &Side| {
        let names: Vec<String> = side.listed.iter().flatten().map(ToString::to_string).collect();
        if names.is_empty() { "none that is named".to_string() } else { names.join(", ") }
    };
    Failure::local(
        format!("cannot compare {left} and {right}"),
        format!("no platform is in both: there are {}, and {}", names(one), names(other)),
    )
}

/// Counts the layers of the right image that the left one has too, by their manifests alone.
pub async fn count_shared_layers(
    pool: &Pool,
    left: &Reference,
    right: &Reference,
    platform: Option<&Platform>,
) -> Result<SharedLayers, Failure> {
    let manifest = |side: &Reference| {
        let (registry, side) = (pool.registry_for_reading(&side.repository.host), side.clone());
        async move {
            let priority = Priority::Background;
            let ListedPlatforms { digest, platforms } =
                list_platforms(&*registry, &side.repository, &side.selector(), priority).await?;
            let chosen = platforms.and_then(|listed| prefer(&listed, platform));
            let selector = Selector::Digest(digest);
            choose_manifest(&*registry, &side.repository, &selector, chosen.as_ref(), priority).await
        }
        .boxed()
    };
    let (left, right) = future::join(manifest(left), manifest(right)).await;
    Ok(SharedLayers::of(&left?.manifest, &right?.manifest))
}
