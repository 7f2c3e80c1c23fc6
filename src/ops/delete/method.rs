//! Chooses how something is deleted: the gentlest method that the server allows, and the reason why a method is not
//! possible.

use crate::client::{ENABLE_DELETES, Registry, delete_hint};
use crate::model::change::delete::{DeleteMethod, DeletePlan, Deletes, ImageToDelete};
use crate::model::change::rules::Refusal;
use crate::model::reference::{Host, RepositoryName, Tag};
use crate::model::server::{Ability, OwnApiUntag};
use crate::model::text::SafeText;
use crate::ops::graph::Indexes;

/// Returns the method if the user chose none. It never removes more than was named: tags are untagged, and if the
/// server cannot do that, the user chooses. If all of them are kept tags, replacements are used in that case, since
/// regtui made these tags itself.
pub(crate) fn default_method(
    images: &[ImageToDelete],
    deletes: &Deletes,
    own_api: Option<&OwnApiUntag>,
) -> DeleteMethod {
    let is_no = |ability: &Ability| matches!(ability, Ability::No(_));
    if images.iter().all(|image| image.named.is_empty()) {
        return DeleteMethod::Image;
    }
    if own_api.is_some_and(|api| is_preferred(api, deletes)) {
        return DeleteMethod::OwnApi;
    }
    let only_keep = images.iter().all(|image| image.named.iter().all(Tag::keeps_image) && !image.by_digest);
    if only_keep && is_no(&deletes.by_tag) && !is_no(&deletes.by_digest) {
        DeleteMethod::Replace
    } else {
        DeleteMethod::Untag
    }
}

/// Returns how the own API of the registry's vendor removes single tags, if it does.
pub(crate) async fn ask_own_api(registry: &dyn Registry) -> Option<OwnApiUntag> {
    registry.own_api()?.untagging().await
}

/// Returns whether nothing gentler than the vendor's own API removes a single tag.
pub(crate) fn is_preferred(api: &OwnApiUntag, deletes: &Deletes) -> bool {
    let is_last = api.is_required && deletes.by_tag != Ability::Yes;
    is_last || api.has_login && matches!(deletes.by_tag, Ability::No(_))
}

/// Returns the reason why a vendor's own API cannot be used, if there is one.
pub(crate) fn own_api_refusal(host: &Host, api: Option<&OwnApiUntag>) -> Option<Refusal> {
    match api {
        None => refusal(format!("no own API of {host}'s vendor is known to remove a tag"), enable_hint(host)),
        Some(api) if !api.has_login => refusal(
            format!("there is no login of {host} that {}'s own API takes", api.vendor),
            SafeText::from(format!("log in: `L`, or `regtui login {host}`")),
        ),
        Some(_) => None,
    }
}

fn own_api_blocked(plan: &DeletePlan, incomplete: Option<&SafeText>, indexes: &Indexes) -> Option<Refusal> {
    let host = &plan.repository.host;
    let refused = only_digest(plan).or_else(|| own_api_refusal(host, plan.own_api.as_ref()));
    if refused.is_some() {
        return refused;
    }
    let api = plan.own_api.as_ref().filter(|api| api.takes_image)?;
    let together = |image: &&ImageToDelete| image.named.len() + image.others.len() > 1;
    if let Some(image) = plan.images.iter().find(together) {
        let mut tags = image.named.iter().chain(&image.others).skip(1);
        let other = tags.next().map(ToString::to_string).unwrap_or_default();
        let why = format!(
            "{}'s own API removes an image with all of its tags, and {} has others (`{other}`{})",
            api.vendor,
            image.named.first().map_or_else(|| image.digest.short(), ToString::to_string),
            if tags.next().is_some() { " …" } else { "" },
        );
        let hint = format!("move the others to other images first; {}", enable_hint(host));
        return refusal(why, SafeText::from(hint));
    }
    if plan.common.loss.keep {
        let why = format!("{}'s own API removes an image with all of its tags: none can keep it", api.vendor);
        return refusal(why, "leave out `--keep`".into());
    }
    images_in_use(plan, incomplete, indexes, "try again later")
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
        DeleteMethod::OwnApi => own_api_blocked(plan, incomplete, indexes),
    }
}

fn untag_blocked(plan: &DeletePlan) -> Option<Refusal> {
    if let Some(refusal) = only_digest(plan) {
        return Some(refusal);
    }
    let Ability::No(why) = &plan.deletes.by_tag else { return None };
    let hint = match &plan.deletes.by_digest {
        _ if plan.own_api.is_some() => "untag by the vendor's own API".into(),
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
/// not let this user ask.
pub(crate) async fn ask_deletes(
    registry: &dyn Registry,
    name: &RepositoryName,
    may_probe: bool,
) -> (Deletes, Option<SafeText>) {
    let denied = if may_probe { registry.probe_deletes(name).await.err() } else { None };
    let deletes = registry.deletes();
    // If the question fails for another reason, nothing is known.
    let denied = denied.filter(|error| matches!(error.cause.status(), Some(401 | 403)));
    (deletes, denied.map(|error| SafeText::from(error.cause.to_string())))
}

/// Returns the note about a refusal to say whether tags can be deleted alone, as [`ask_deletes`] found it out, for a plan
/// that deletes them so.
pub(crate) fn denied_note(deletes: &Deletes, denied: Option<&SafeText>) -> Option<SafeText> {
    let denied = denied.filter(|_| deletes.by_tag == Ability::Unknown)?;
    Some(SafeText::from(format!(
        "the server does not let this user ask whether it deletes by tag ({denied}): the delete may be refused too"
    )))
}

/// Returns the same as [`replacement_impossible`], and also considers whether this user is denied deletes, as
/// [`ask_deletes`] found out: a manifest that is put to be deleted right after could stay then.
pub(crate) fn replacement_refusal(
    host: &Host,
    deletes: &Deletes,
    denied: Option<&SafeText>,
) -> Option<Refusal> {
    replacement_impossible(host, deletes).or_else(|| {
        let why = "the server does not let this user delete by digest";
        let denied = denied.filter(|_| deletes.by_digest == Ability::Unknown)?;
        answered(why, denied, "log in as a user who may delete".into())
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
    images_in_use(plan, incomplete, indexes, instead)
}

/// Returns the reason why the images of a plan must not go: other tags or indexes may need them.
fn images_in_use(
    plan: &DeletePlan,
    incomplete: Option<&SafeText>,
    indexes: &Indexes,
    instead: &'static str,
) -> Option<Refusal> {
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

#[cfg(test)]
mod tests {
    use DeleteMethod::{Image, Replace, Untag};

    use super::*;
    use crate::model::change::builders::{
        all_deletes, delete_plan, deletes_by_digest, digest, image_to_delete, tag,
    };
    use crate::model::change::delete::Parent;

    fn no() -> Ability {
        Ability::No("405".into())
    }

    fn deletes(by_tag: Ability, by_digest: Ability) -> Deletes {
        Deletes { by_tag, by_digest }
    }

    #[test]
    fn the_default_method_never_removes_more_than_was_named() {
        let kept = Tag::kept_tag(&digest("a"), 1).to_string();
        let image = |named: &[&str]| image_to_delete("a", named);
        let with_digest = |named: &[&str]| ImageToDelete { by_digest: true, ..image(named) };
        let table = [
            ("a tag", vec![image(&["1"])], all_deletes(), Untag),
            ("a tag, and nothing is known", vec![image(&["1"])], Deletes::default(), Untag),
            ("a tag, only by digest", vec![image(&["1"])], deletes_by_digest(), Untag),
            ("a digest", vec![image(&[])], all_deletes(), Image),
            ("a digest and a tag of it", vec![with_digest(&["1"])], all_deletes(), Untag),
            ("a digest and another tag", vec![image(&[]), image(&["1"])], all_deletes(), Untag),
            ("a kept tag", vec![image(&[&kept])], all_deletes(), Untag),
            ("a kept tag, only by digest", vec![image(&[&kept])], deletes_by_digest(), Replace),
            ("a kept tag, and nothing is deleted", vec![image(&[&kept])], deletes(no(), no()), Untag),
            ("a kept tag and another one", vec![image(&[&kept, "1"])], deletes_by_digest(), Untag),
            ("a kept tag and its digest", vec![with_digest(&[&kept])], deletes_by_digest(), Untag),
        ];
        for (case, images, deletes, method) in table {
            assert_eq!(default_method(&images, &deletes, None), method, "{case}");
        }
    }

    /// Returns the reason and the hint if the plan is blocked.
    fn blocked_by(plan: &DeletePlan, denied: Option<&'static str>) -> Option<(String, String)> {
        let denied = denied.map(SafeText::from);
        let refusal = blocked(plan, denied.as_ref(), None, &Indexes::default())?;
        Some((refusal.text().to_string(), refusal.hint.expect("a hint").to_string()))
    }

    #[test]
    fn a_method_that_the_server_lacks_is_blocked_with_a_hint_that_helps() {
        let (yes, unknown) = (|| Ability::Yes, || Ability::Unknown);
        let enable = enable_hint(&Host::parse("r.test").expect("a host")).to_string();
        let other = "untag by replacement manifests, or delete the images with all their tags";
        let only_digest =
            format!("{} was named by its digest, so there is no tag to take away", digest("a").short());
        // Whether the image is named by a tag stands after the method.
        let table = [
            ("untag", Untag, true, deletes(yes(), no()), None),
            ("untag, not known", Untag, true, deletes(unknown(), unknown()), None),
            (
                "untag, only by digest",
                Untag,
                true,
                deletes(no(), yes()),
                Some(("the server does not delete by tag (405)", other)),
            ),
            (
                "untag, digests not known",
                Untag,
                true,
                deletes(no(), unknown()),
                Some(("the server does not delete by tag (405)", other)),
            ),
            (
                "untag, nothing is deleted",
                Untag,
                true,
                deletes(no(), no()),
                Some(("the server does not delete by tag (405)", enable.as_str())),
            ),
            (
                "untag a digest",
                Untag,
                false,
                deletes(yes(), yes()),
                Some((only_digest.as_str(), "delete the image, or name its tags")),
            ),
            ("delete", Image, true, deletes(no(), yes()), None),
            ("delete, not known", Image, false, deletes(unknown(), unknown()), None),
            (
                "delete, only by tag",
                Image,
                true,
                deletes(yes(), no()),
                Some(("the server does not delete by digest (405)", enable.as_str())),
            ),
            ("replace, only by digest", Replace, true, deletes(no(), yes()), None),
            ("replace, not known", Replace, true, deletes(unknown(), unknown()), None),
            (
                "replace, and the server untags",
                Replace,
                true,
                deletes(yes(), yes()),
                Some(("the server deletes by tag: no replacement is needed", "untag instead")),
            ),
            (
                "replace, nothing is deleted",
                Replace,
                true,
                deletes(no(), no()),
                Some(("the server does not delete by digest either (405)", enable.as_str())),
            ),
            (
                "replace a digest",
                Replace,
                false,
                deletes(no(), yes()),
                Some((only_digest.as_str(), "delete the image, or name its tags")),
            ),
        ];
        for (case, method, is_tagged, deletes, expected) in table {
            let named: &[&str] = if is_tagged { &["1"] } else { &[] };
            let plan = DeletePlan { deletes, ..delete_plan(method, vec![image_to_delete("a", named)]) };
            let expected = expected.map(|(why, hint)| (why.to_string(), hint.to_string()));
            assert_eq!(blocked_by(&plan, None), expected, "{case}");
        }
    }

    /// A replacement that is put and cannot be deleted would stay.
    #[test]
    fn a_user_who_may_not_delete_makes_no_replacement() {
        let plan = |method, by_tag| {
            let deletes = deletes(by_tag, Ability::Unknown);
            DeletePlan { deletes, ..delete_plan(method, vec![image_to_delete("a", &["1"])]) }
        };
        let denied = Some("403");
        let refused = blocked_by(&plan(Replace, no()), denied).expect("it is refused");
        let expected =
            ("the server does not let this user delete by digest (403)", "log in as a user who may delete");
        assert_eq!((refused.0.as_str(), refused.1.as_str()), expected);
        assert_eq!(blocked_by(&plan(Replace, no()), None), None);
        assert_eq!(blocked_by(&plan(Image, no()), denied), None, "the request itself will tell");
        assert_eq!(blocked_by(&plan(Untag, Ability::Yes), denied), None);
    }

    #[test]
    fn an_image_is_not_deleted_if_unknown_tags_or_indexes_may_need_it() {
        let parent = |content: &str, tags: &[&str]| Parent {
            digest: digest(content),
            tags: tags.iter().map(|name| tag(name)).collect(),
        };
        let listed = |parents| vec![ImageToDelete { parents, ..image_to_delete("a", &["1"]) }];
        let with_its_index = || {
            let mut images = listed(vec![parent("p", &["all"])]);
            images.push(image_to_delete("p", &["all"]));
            images
        };
        let unread = || {
            let mut indexes = Indexes::default();
            indexes.unread.push(digest("u"));
            indexes
        };
        let (a, p, u) = (digest("a").short(), digest("p").short(), digest("u").short());
        let none = Indexes::default;
        // The images, tags of unknown digest, whether the list was cut off, indexes; the reason.
        let table = [
            ("a plain image", listed(vec![]), "", false, none(), None),
            (
                "an unknown tag",
                listed(vec![]),
                "odd",
                false,
                none(),
                Some("the digest of 1 tags is not known (`odd` …): they might be deleted too".to_string()),
            ),
            (
                "a list that was cut off",
                listed(vec![]),
                "",
                true,
                none(),
                Some("not all tags may be known (it was cut off): others might be deleted too".into()),
            ),
            (
                "an index that cannot be read",
                listed(vec![]),
                "",
                false,
                unread(),
                Some(format!("{u} may list the images and cannot be read")),
            ),
            (
                "an index that stays",
                listed(vec![parent("p", &["all"])]),
                "",
                false,
                none(),
                Some(format!("the index `all` lists {a} and would be broken")),
            ),
            (
                "an index without a tag",
                listed(vec![parent("p", &[])]),
                "",
                false,
                none(),
                Some(format!("the index `{p}` lists {a} and would be broken")),
            ),
            ("an index that goes too", with_its_index(), "", false, none(), None),
        ];
        for (case, images, unknown, is_cut_off, indexes, expected) in table {
            let unknown: Vec<Tag> = Tag::parse(unknown).into_iter().collect();
            let incomplete = is_cut_off.then(|| SafeText::from("it was cut off"));
            let why = |method| {
                let plan = DeletePlan { unknown: unknown.clone(), ..delete_plan(method, images.clone()) };
                blocked(&plan, None, incomplete.as_ref(), &indexes).map(|refusal| refusal.why.to_string())
            };
            assert_eq!(why(Image), expected, "{case}");
            assert_eq!(why(Untag), None, "{case}: untagging deletes no image");
        }
    }
}
