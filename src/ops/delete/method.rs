//! Chooses how something is deleted: the gentlest method that the server allows, and the reason why a method is not
//! possible.

use crate::client::{ENABLE_DELETES, Registry, delete_hint};
use crate::model::change::delete::{DeleteMethod, DeletePlan, Deletes, ImageToDelete};
use crate::model::change::rules::Refusal;
use crate::model::reference::{Host, RepositoryName, Tag};
use crate::model::server::Ability;
use crate::model::text::SafeText;
use crate::ops::graph::Indexes;

/// Returns the method if the user chose none. It never removes more than was named: tags are untagged, and if the
/// server cannot do that, the user chooses. If all of them are kept tags, replacements are used in that case, since
/// regtui made these tags itself.
pub(crate) fn default_method(images: &[ImageToDelete], deletes: &Deletes) -> DeleteMethod {
    let is_no = |ability: &Ability| matches!(ability, Ability::No(_));
    if images.iter().all(|image| image.named.is_empty()) {
        return DeleteMethod::Image;
    }
    let only_keep = images.iter().all(|image| image.named.iter().all(Tag::keeps_image) && !image.by_digest);
    if only_keep && is_no(&deletes.by_tag) && !is_no(&deletes.by_digest) {
        DeleteMethod::Replace
    } else {
        DeleteMethod::Untag
    }
}

/// Returns the reason why the plan's method is not possible, if there is one.
pub(crate) fn blocked(
    plan: &DeletePlan,
    denied: Option<&SafeText>,
    incomplete: Option<&SafeText>,
    indexes: &Indexes,
) -> Option<Refusal> {
    match plan.method {
        DeleteMethod::Untag => untag_blocked(plan),
        DeleteMethod::Image => image_blocked(plan, incomplete, indexes),
        DeleteMethod::Replace => replace_blocked(plan, denied),
    }
}

fn untag_blocked(plan: &DeletePlan) -> Option<Refusal> {
    if let Some(refusal) = only_digest(plan) {
        return Some(refusal);
    }
    let Ability::No(why) = &plan.deletes.by_tag else { return None };
    let hint = match &plan.deletes.by_digest {
        Ability::No(_) => enable_hint(&plan.repository.host),
        _ => "untag by replacement manifests, or delete the images with all their tags".into(),
    };
    answered("the server does not delete by tag", why, hint)
}

fn replace_blocked(plan: &DeletePlan, denied: Option<&SafeText>) -> Option<Refusal> {
    if let Some(refusal) = only_digest(plan) {
        return Some(refusal);
    }
    replacement_refusal(&plan.repository.host, &plan.deletes, denied)
}

/// Returns the deletes that a server supports; it is asked if `may_probe`. Also returns the refusal if the server does
/// not let this user ask whether it deletes by digest: a manifest that is put to be deleted right after could stay
/// then.
pub(crate) async fn ask_deletes(
    registry: &dyn Registry,
    name: &RepositoryName,
    may_probe: bool,
) -> (Deletes, Option<SafeText>) {
    let denied = if may_probe { registry.probe_deletes(name).await.err() } else { None };
    let deletes = registry.deletes();
    // If the question fails for another reason, nothing is known.
    let denied = denied.filter(|error| matches!(error.cause.status(), Some(401 | 403)));
    let denied = denied.filter(|_| deletes.by_digest == Ability::Unknown);
    (deletes, denied.map(|error| SafeText::from(error.cause.to_string())))
}

/// Returns the same as [`replacement_impossible`], and also considers whether this user is denied deletes, as [`ask_deletes`]
/// found out.
pub(crate) fn replacement_refusal(
    host: &Host,
    deletes: &Deletes,
    denied: Option<&SafeText>,
) -> Option<Refusal> {
    replacement_impossible(host, deletes).or_else(|| {
        let why = "the server does not let this user delete by digest";
        answered(why, denied?, "log in as a user who may delete".into())
    })
}

/// Returns the reason why tags cannot, or need not, be removed by replacements on that host.
fn replacement_impossible(host: &Host, deletes: &Deletes) -> Option<Refusal> {
    match (&deletes.by_tag, &deletes.by_digest) {
        (_, Ability::No(why)) => {
            answered("the server does not delete by digest either", why, enable_hint(host))
        }
        (Ability::Yes, _) => {
            refusal("the server deletes by tag: no replacement is needed".into(), "untag instead".into())
        }
        _ if delete_hint(host).is_some() => {
            refusal(format!("replacement manifests do harm on {host}"), enable_hint(host))
        }
        _ => None,
    }
}

fn image_blocked(plan: &DeletePlan, incomplete: Option<&SafeText>, indexes: &Indexes) -> Option<Refusal> {
    if let Ability::No(why) = &plan.deletes.by_digest {
        let hint = enable_hint(&plan.repository.host);
        return answered("the server does not delete by digest", why, hint);
    }
    let instead = match plan.deletes.by_tag {
        Ability::No(_) => "untag by replacement manifests instead",
        Ability::Yes | Ability::Unknown => "untag instead",
    };
    if let Some(tag) = plan.unknown.first() {
        let why = format!(
            "the digest of {} tags is not known (`{tag}` …): they might be deleted too",
            plan.unknown.len()
        );
        return refusal(why, format!("try again, or {instead}").into());
    }
    if let Some(why) = incomplete {
        let why = format!("not all tags may be known ({why}): others might be deleted too");
        return refusal(why, instead.into());
    }
    if let Some(digest) = indexes.unread.first() {
        let why = format!("{} may list the images and cannot be read", digest.short());
        return refusal(why, format!("try again, or {instead}").into());
    }
    let is_named = |digest| plan.images.iter().any(|image| image.digest == digest);
    plan.images.iter().find_map(|image| {
        let parent = image.parents.iter().find(|parent| !is_named(parent.digest))?;
        let parent = parent.tags.first().map_or_else(|| parent.digest.short(), ToString::to_string);
        let why = format!("the index `{parent}` lists {} and would be broken", image.digest.short());
        refusal(why, format!("delete the index first or along with it, or {instead}").into())
    })
}

fn only_digest(plan: &DeletePlan) -> Option<Refusal> {
    let image = plan.images.iter().find(|image| image.named.is_empty())?;
    let why = format!("{} was named by its digest, so there is no tag to take away", image.digest.short());
    refusal(why, "delete the image, or name its tags".into())
}

fn refusal(why: String, hint: SafeText) -> Option<Refusal> {
    Some(Refusal { why: SafeText::from(why), answer: None, hint: Some(hint) })
}

fn answered(why: &'static str, answer: &SafeText, hint: SafeText) -> Option<Refusal> {
    Some(Refusal { why: why.into(), answer: Some(answer.clone()), hint: Some(hint) })
}

/// Returns a hint about enabling deletes on a server: docs/REGISTRIES.md §7.1.
pub(crate) fn enable_hint(host: &Host) -> SafeText {
    delete_hint(host).unwrap_or(ENABLE_DELETES).into()
}
