//! Plans a delete, with everything that depends on the images that were named. Changes nothing.

mod relations;

use futures_util::{FutureExt, StreamExt, future, stream};

use super::{freed_bytes, method};
use crate::client::{Priority, Registry};
use crate::model::change::PlanCommon;
use crate::model::change::delete::{DeleteMethod, DeletePlan, DeleteRequest, ImageToDelete};
use crate::model::change::image_info::ImageInfo;
use crate::model::change::loss::{Loss, Nameless};
use crate::model::change::progress::Unresolved;
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::media_type::MediaType;
use crate::model::reference::{RepositoryName, Selector, Tag};
use crate::model::text::SafeText;
use crate::model::version_order;
use crate::ops::context::ChangeContext;
use crate::ops::graph::Indexes;
use crate::ops::steps::kept_tags;
use crate::ops::summary;
use crate::ops::tag_list::{self, AT_ONCE, TagList};
use relations::{add_referrers, add_relations, keep_needed_referrers};

/// Plans a delete.
pub(crate) async fn plan(context: &ChangeContext, request: &DeleteRequest) -> Result<DeletePlan, Failure> {
    let registry = context.pool.registry(&request.repository.host);
    let name = &request.repository.name;
    let refused = context.rules.may_change(&request.repository).err();
    let selectors =
        if request.all_tags { list_selectors(&*registry, name).await? } else { request.selectors.clone() };
    let named_tags = selectors.iter().filter_map(|selector| match selector {
        Selector::Tag(tag) => Some(tag.clone()),
        Selector::Digest(_) => None,
    });
    let asked = method::ask_deletes(&*registry, name, refused.is_none());
    let tags = tag_list::tags_with(&*registry, name, named_tags);
    let (tags, (deletes, denied)) = future::join(tags, asked).await;
    let own_api = method::ask_own_api(&*registry).await;
    let tags = tags.map_err(|error| error.failure(format!("cannot list the tags of {name}")))?;
    let (mut unresolved, mut notes) = (Vec::new(), Vec::new());
    let mut images = find_named_images(&*registry, name, &selectors, &tags, &mut unresolved).await?;
    let method =
        request.method.unwrap_or_else(|| method::default_method(&images, &deletes, own_api.as_ref()));
    let digests: Vec<Digest> = images.iter().map(|image| image.digest).collect();
    // If only tags go, manifests stay, so it does not matter which other indexes list them.
    let takes_images = method == DeleteMethod::OwnApi && own_api.as_ref().is_some_and(|api| api.takes_image);
    let tagged = (method == DeleteMethod::Image || takes_images).then(|| tags.digests.values().copied());
    let roots = tagged.into_iter().flatten().chain(digests.iter().copied());
    let infos = summary::infos(&*registry, name, digests.clone()).boxed();
    let indexes = Indexes::read(&*registry, name, roots, &tags.types).boxed();
    let (infos, indexes) = future::join(infos, indexes).await;
    images.iter_mut().zip(infos).for_each(|(image, info)| image.info = info);
    add_relations(&mut images, method, &tags, &indexes);
    add_referrers(&*registry, name, &mut images, &tags, &mut notes).await;
    keep_needed_referrers(&mut images, method, &tags, &indexes);
    notes.extend(tags.incomplete_note());
    notes.extend(request.all_tags.then(|| empty_repository_note(name)));
    if method == DeleteMethod::OwnApi {
        notes.extend(own_api.as_ref().and_then(|api| api.note.clone()));
    }
    if method == DeleteMethod::Untag {
        notes.extend(method::denied_note(&deletes, denied.as_ref()));
    }
    let mut plan = DeletePlan {
        repository: request.repository.clone(),
        method,
        all_tags: request.all_tags,
        along: request.along,
        deletes,
        own_api,
        images,
        common: PlanCommon { refused, unresolved, notes, ..PlanCommon::default() },
        unknown: tags.unknown,
        frees: None,
        shared: None,
        shared_with: 0,
        tags: tags.digests,
    };
    let far = (plan.is_far_reaching() || plan.all_tags).then(|| name.clone());
    plan.common.name_to_type = far.or_else(|| context.rules.name_to_type(&request.repository));
    if let Some(weight) = freed_bytes::compute_freed_bytes(&*registry, &plan).await {
        plan.frees = Some(weight.frees);
        plan.shared = Some(weight.shared);
        plan.shared_with = weight.shared_with;
    }
    if plan.common.refused.is_none() {
        plan.common.loss = loss(&*registry, &plan, request.keep, tags.incomplete.is_none()).await;
    }
    plan.common.blocked = method::blocked(&plan, denied.as_ref(), tags.incomplete.as_ref(), &indexes);
    plan.common.methods = plan.offered_methods(plan.common.blocked.is_some());
    Ok(plan)
}

/// Returns all listed tags of a repository, the newest version first. Fails if there is none.
async fn list_selectors(registry: &dyn Registry, name: &RepositoryName) -> Result<Vec<Selector>, Failure> {
    let names = tag_list::list_names(registry, name).await;
    let names = names.map_err(|error| error.failure(format!("cannot list the tags of {name}")))?;
    if names.tags.is_empty() {
        return Err(missing(format!("nothing to delete in {name}"), "it has no tags".into()));
    }
    let tags = version_order::newest_first(names.tags, Tag::as_str);
    Ok(tags.into_iter().map(Selector::Tag).collect())
}

/// Returns the note about a repository that loses all of its tags.
fn empty_repository_note(name: &RepositoryName) -> SafeText {
    SafeText::from(format!(
        "{name} itself stays: most registries keep listing a repository without tags, and their registry API has no \
         request to remove it"
    ))
}

/// Returns the images that lose their last tag, and the tagged referrers that go along. If images are deleted, returns
/// those, which no tag can keep.
async fn loss(registry: &dyn Registry, plan: &DeletePlan, keep: bool, is_complete: bool) -> Loss {
    let cleanups = registry.cleanups(&plan.repository.name).await;
    if plan.method == DeleteMethod::Image {
        let nameless = |image: &ImageToDelete| Nameless {
            repository: plan.repository.clone(),
            digest: image.digest,
            is_last: true,
            tag: None,
        };
        return Loss { cleanup: cleanups.deleted, keep, images: plan.images.iter().map(nameless).collect() };
    }
    let is_sure = plan.unknown.is_empty() && is_complete;
    // The user deletes kept tags because they are not needed any more, so their images need no other tag.
    let is_spare =
        |image: &&ImageToDelete| !image.named.is_empty() && image.named.iter().all(Tag::keeps_image);
    let bare = || plan.images.iter().filter(|image| image.others.is_empty() && !is_spare(image));
    let referrers = bare().flat_map(|image| plan.referrers_that_go(image)).filter(|one| one.tag.is_some());
    let digests = bare().map(|image| image.digest).chain(referrers.map(|one| one.digest));
    let losing = digests.map(|digest| (plan.repository.clone(), digest, is_sure)).collect();
    kept_tags::plan_kept_tags(registry, cleanups.untagged, keep, losing).await
}

/// Returns the images that were named, one for each digest, with the tags that they have.
async fn find_named_images(
    registry: &dyn Registry,
    name: &RepositoryName,
    selectors: &[Selector],
    tags: &TagList,
    unresolved: &mut Vec<Unresolved>,
) -> Result<Vec<ImageToDelete>, Failure> {
    let mut found: Vec<(Digest, Vec<Tag>, bool)> = Vec::new();
    for selector in selectors {
        let digest = match selector {
            Selector::Digest(digest) => Some(*digest),
            Selector::Tag(tag) => tags.digests.get(tag).copied(),
        };
        let Some(digest) = digest else {
            let failure = match selector {
                Selector::Tag(tag) => tags.failures.get(tag).cloned(),
                Selector::Digest(_) => None,
            };
            match failure {
                Some(failure) => {
                    unresolved.push(Unresolved {
                        name: selector.to_string().into(),
                        ..Unresolved::of(selector, failure)
                    });
                }
                None => unresolved.push(unresolved_missing(name, selector)),
            }
            continue;
        };
        let at = found.iter().position(|(known, ..)| *known == digest).unwrap_or_else(|| {
            found.push((digest, Vec::new(), false));
            found.len() - 1
        });
        match (selector, found.get_mut(at)) {
            (Selector::Tag(tag), Some((_, named, _))) if !named.contains(tag) => named.push(tag.clone()),
            (Selector::Digest(_), Some((_, _, by_digest))) => *by_digest = true,
            _ => {}
        }
    }
    let read = |(digest, named, by_digest)| {
        async move {
            let manifest = registry.manifest(name, &Selector::Digest(digest), Priority::Background).await;
            (digest, named, by_digest, manifest)
        }
        .boxed()
    };
    let read: Vec<_> = stream::iter(found.into_iter().map(read)).buffered(AT_ONCE).collect().await;
    let mut images = Vec::new();
    for (digest, named, by_digest, manifest) in read {
        match manifest {
            Ok(manifest) => {
                let others = tags.of(digest).filter(|tag| !named.contains(tag)).cloned().collect();
                images.push(image(digest, manifest.media_type.clone(), named, by_digest, others));
            }
            Err(error) => {
                if error.cause.status() == Some(404) {
                    let tags = named.into_iter().map(Selector::Tag);
                    let all = tags.chain(by_digest.then_some(Selector::Digest(digest)));
                    unresolved.extend(all.map(|selector| unresolved_missing(name, &selector)));
                    continue;
                }
                let first = named.first().map_or_else(|| digest.to_string(), Tag::to_string);
                let what = || format!("cannot read {first} of {name}, so it could not be put back");
                let failure = error.failure(what());
                let tags = named.into_iter().map(Selector::Tag);
                let all = tags.chain(by_digest.then_some(Selector::Digest(digest)));
                unresolved.extend(all.map(|selector| Unresolved::of(&selector, failure.clone())));
            }
        }
    }
    if images.is_empty() {
        // A failure to read an image that may exist says more than a missing one.
        let worst = unresolved.iter().find(|unresolved| unresolved.failure.kind != FailureKind::NotFound);
        return Err(match (worst, unresolved.as_slice()) {
            (Some(worst), _) => worst.failure.clone(),
            (None, [only]) => only.failure.clone(),
            (None, []) => missing(format!("nothing to delete in {name}"), "no image was named".into()),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|unresolved| unresolved.name.as_str()).collect();
                missing(format!("nothing to delete in {name}"), format!("{} are not there", names.join(", ")))
            }
        });
    }
    Ok(images)
}

/// Returns the failure of a tag or digest that was named and does not exist.
fn unresolved_missing(name: &RepositoryName, selector: &Selector) -> Unresolved {
    let what = format!("cannot delete {name}{}", selector.suffix());
    Unresolved::of(selector, missing(what, "it is not there".into()))
}

fn missing(what: String, why: String) -> Failure {
    Failure { what: SafeText::from(what), why: SafeText::from(why), hint: None, kind: FailureKind::NotFound }
}

fn image(
    digest: Digest,
    media_type: MediaType,
    named: Vec<Tag>,
    by_digest: bool,
    others: Vec<Tag>,
) -> ImageToDelete {
    ImageToDelete {
        digest,
        media_type,
        info: ImageInfo::default(),
        named,
        by_digest,
        others,
        parents: Vec::new(),
        children: Vec::new(),
        needed_children: Vec::new(),
        referrers: Vec::new(),
    }
}
