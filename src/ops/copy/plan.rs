//! Plans a copy: every image, manifest and blob, and those of them that the destination has already. Changes nothing.

use futures_util::{FutureExt, StreamExt, stream};

use super::destination::Destination;
use super::draft::Draft;
use super::selection::Picked;
use super::tree::AT_ONCE;
use crate::client::Registry;
use crate::model::change::PlanCommon;
use crate::model::change::copy::{CopyPlan, CopyRequest, CopySide, ImageToCopy, ManifestFormat, SideRole};
use crate::model::change::image_info::ImageInfo;
use crate::model::change::loss::Loss;
use crate::model::failure::Failure;
use crate::model::request_budget::RequestCount;
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;
use crate::ops::planning;
use crate::ops::steps::kept_tags;
use crate::ops::summary;

/// Plans the copy that is requested. The tags of the source are resolved once, here; from then on everything is copied
/// by digest.
///
/// Fails if nothing can be copied. If only some of several images cannot be copied, the plan names them and leaves them
/// out. The destination is not contacted if a rule forbids the copy.
pub async fn plan(context: &ChangeContext, request: &CopyRequest) -> Result<CopyPlan, Failure> {
    let refused = context.rules.may_copy(&request.from, &request.to).err();
    let source = context.pool.registry(&request.from.host);
    let picked = Picked::of(&*source, request).await?;
    let first = picked.picks.first().map(|pick| (&request.from.name, &pick.selector));
    planning::state_need(&*source, first, RequestCount::of_manifest_reads(picked.picks.len())).await;
    let mut draft = Draft::new(&*source, request, picked.left_out, picked.unresolved);
    draft.read(picked.picks).await?;
    if request.referrers {
        draft.add_companions(picked.digest_tags.as_deref()).await?;
    }
    draft.restore_own_media_types();
    let has_docker_manifests = draft.has_docker_manifests();
    draft.convert()?;
    let to = context.pool.registry(&request.to.host);
    let destination = refused.is_none().then(|| Destination::new(&*to, &request.to));
    let there = draft.ask(destination.as_ref()).await?;
    let blobs = draft.blobs(&there, destination.as_ref()).await?;
    let mut images: Vec<ImageToCopy> = draft.tops.iter().map(|top| top.image(&there)).collect();
    let infos: Vec<_> = draft
        .tops
        .iter()
        .map(|top| summary::info_of(&*source, &request.from.name, &top.unconverted).boxed())
        .collect();
    let infos: Vec<ImageInfo> = stream::iter(infos).buffered(AT_ONCE).collect().await;
    images.iter_mut().zip(infos).for_each(|(image, info)| image.info = info);
    let manifests = draft.manifests(&there);
    let lists = there.lists(&manifests);
    let sides = sides(request, &*source, refused.is_none().then_some(&*to)).await?;
    let unauthenticated = destination.as_ref().and_then(Destination::unauthenticated);
    let loss = if refused.is_none() && unauthenticated.is_none() {
        loss(&*to, request, &images).await
    } else {
        Loss::default()
    };
    let mut notes: Vec<SafeText> =
        destination.and_then(|destination| destination.note()).into_iter().collect();
    let puts_docker = has_docker_manifests && request.format == ManifestFormat::Source;
    if puts_docker && refused.is_none() && unauthenticated.is_none() {
        notes.extend(to.docker_note().await);
    }
    let common = PlanCommon {
        refused: refused.or(unauthenticated),
        loss,
        unresolved: draft.unresolved,
        notes,
        name_to_type: context.rules.name_to_type(&request.to),
        ..PlanCommon::default()
    };
    Ok(CopyPlan {
        common,
        request: request.clone(),
        from: request.from.clone(),
        to: request.to.clone(),
        manifests,
        blobs,
        referrers: draft.referrers.iter().map(|(manifest, _)| manifest.digest).collect(),
        lists,
        digests_change: images.iter().any(|image| image.digest != image.source),
        converted: draft.converted.into(),
        can_be_converted: has_docker_manifests,
        images,
        left_out: draft.left_out,
        sides,
    })
}

/// Returns the images at the destination that tags are taken from.
async fn loss(registry: &dyn Registry, request: &CopyRequest, images: &[ImageToCopy]) -> Loss {
    let replaced = images.iter().filter(|image| !image.is_done());
    let losing: Vec<_> =
        replaced.filter_map(|image| Some((request.to.clone(), image.replaces?, false))).collect();
    kept_tags::loss_of_untagging(registry, &request.to.name, request.keep, losing).await
}

/// Returns how the registries that were asked are reached. Leaves out those that are not reached over a network.
async fn sides(
    request: &CopyRequest,
    source: &dyn Registry,
    destination: Option<&dyn Registry>,
) -> Result<Vec<CopySide>, Failure> {
    let is_one = request.from.host == request.to.host;
    let role = if is_one { SideRole::Both } else { SideRole::Source };
    let mut sides = vec![(role, source, &request.from)];
    sides.extend(
        destination.filter(|_| !is_one).map(|registry| (SideRole::Destination, registry, &request.to)),
    );
    let mut all = Vec::new();
    for (role, side, repository) in sides {
        let Some(connection) = side.connection() else { continue };
        let registry = side.host().clone();
        let what = || format!("cannot reach {registry}");
        let transport = connection.transport().await.map_err(|error| error.failure(what()))?;
        let (sends, asked) = connection.sent_secret(&repository.name).await;
        all.push(CopySide { registry, role, transport, sends, asked });
    }
    Ok(all)
}
