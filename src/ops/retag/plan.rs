//! Plans new tags: the digest of each image, and the digest that each tag has now. Changes nothing.

use std::collections::HashSet;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, restore};
use crate::client::{Error, Priority, Registry};
use crate::model::change::image_info::ImageInfo;
use crate::model::change::loss::Loss;
use crate::model::change::retag::{RetagMode, RetagPlan, RetagRequest, RetagStep};
use crate::model::change::rules::Refusal;
use crate::model::change::{PlanCommon, delete};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::replacement::{is_replacement, is_replacement_of};
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::request_budget::RequestCount;
use crate::model::server::{Ability, OwnApiUntag};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;
use crate::ops::delete::method;
use crate::ops::planning;
use crate::ops::steps::kept_tags;
use crate::ops::summary;

/// Plans the requested tags. Changes nothing.
pub(crate) async fn plan(context: &ChangeContext, request: &RetagRequest) -> Result<RetagPlan, Failure> {
    check(request)?;
    let registry = context.pool.registry(&request.from.host);
    let refused = rule_against(context, request);
    let leaving = if request.mode.moves() && refused.is_none() {
        Leaving::of(&*registry, request).boxed().await
    } else {
        Leaving { mode: request.mode, methods: Vec::new(), blocked: None, own_api: None }
    };
    let first = request.items.first().map(|(selector, ..)| (&request.from.name, selector));
    let items = request.items.len();
    // For each item: both tags, and the manifest of the first.
    let count = RequestCount { all: 3 * items as u64, ..RequestCount::of_manifest_reads(items) };
    planning::state_need(&*registry, first, count).await;
    let asked: Vec<_> = request.items.iter().map(|item| step(&*registry, request, item).boxed()).collect();
    let mut steps: Vec<RetagStep> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let digests = steps.iter().map(|step| step.digest).collect();
    let infos = summary::infos(&*registry, &request.from.name, digests).boxed().await;
    steps.iter_mut().zip(infos).for_each(|(step, info)| step.info = info);
    let from = request.mode.moves().then_some(&request.from);
    let touched = from.into_iter().chain(steps.iter().map(|step| &step.to));
    let name_to_type = touched.into_iter().find_map(|repository| context.rules.name_to_type(repository));
    let Leaving { mode, methods, mut blocked, own_api } = leaving;
    let needs_restore = steps.iter().any(|step| step.by_own_api);
    let restore = if needs_restore { restore::ask(&*registry).await } else { None };
    blocked = blocked.or_else(|| restore::refusal(&request.from.host, restore.as_ref()?));
    let loss = if refused.is_none() { loss(&*registry, request, &steps).await } else { Loss::default() };
    let common = PlanCommon { refused, blocked, methods, loss, name_to_type, ..PlanCommon::default() };
    Ok(RetagPlan { common, from: request.from.clone(), mode, own_api, restore, steps })
}

/// Returns the images that tags are taken from: those that are replaced, and those that are moved to another
/// repository.
async fn loss(registry: &dyn Registry, request: &RetagRequest, steps: &[RetagStep]) -> Loss {
    let replaced = steps.iter().filter(|step| !step.is_done());
    let replaced = replaced.filter_map(|step| Some((step.to.clone(), step.replaces?, false)));
    let moved = steps.iter().filter(|step| request.mode.moves() && step.to != request.from);
    let moved = moved.map(|step| (request.from.clone(), step.digest, false));
    let losing: Vec<_> = replaced.chain(moved).collect();
    kept_tags::loss_of_untagging(registry, &request.from.name, request.keep, losing).await
}

/// Fails if the request makes no sense, whatever the server answers.
fn check(request: &RetagRequest) -> Result<(), Failure> {
    let fail = |why: String, hint: Option<&'static str>| {
        Err(Failure {
            what: SafeText::from(format!("cannot retag images of {}", request.from.name)),
            why: SafeText::from(why),
            hint: hint.map(SafeText::from),
            kind: FailureKind::Local,
        })
    };
    if request.items.is_empty() {
        return fail("no image was named".into(), None);
    }
    let mut targets = HashSet::new();
    for (selector, to, tag) in &request.items {
        if to.host != request.from.host {
            return fail(format!("{to} is another registry"), Some("copy it instead"));
        }
        if !targets.insert((to, tag)) {
            return fail(format!("two images would get the tag {}:{tag}", to.name), None);
        }
        // In any order, one of the images would be lost or left out.
        let needs_it = |(old, other, new): &(Selector, Repository, Tag)| {
            *old == Selector::Tag(tag.clone()) && (old, other, new) != (selector, to, tag)
        };
        if *to == request.from && request.items.iter().any(needs_it) {
            let why = format!("{tag} is given to one image while another one is named by it");
            return fail(why, Some("retag them one after the other"));
        }
    }
    Ok(())
}

/// Returns the rule that forbids the request.
pub(crate) fn rule_against(context: &ChangeContext, request: &RetagRequest) -> Option<Refusal> {
    let own = request.mode.moves().then(|| context.rules.may_change(&request.from));
    let targets = request.items.iter().map(|(_, to, _)| {
        if *to == request.from {
            context.rules.may_change(to)
        } else {
            context.rules.may_copy(&request.from, to)
        }
    });
    own.into_iter().chain(targets).find_map(Result::err)
}

/// The removal of old tags. A tag is moved only if the old one can be removed alone.
struct Leaving {
    mode: RetagMode,
    methods: Vec<delete::DeleteMethod>,
    blocked: Option<Refusal>,
    own_api: Option<OwnApiUntag>,
}

impl Leaving {
    async fn of(registry: &dyn Registry, request: &RetagRequest) -> Leaving {
        let (deletes, denied) = method::ask_deletes(registry, &request.from.name, true).await;
        let own_api = method::ask_own_api(registry).await;
        let closed = method::replacement_refusal(&request.from.host, &deletes, denied.as_ref());
        let can_untag = deletes.by_tag == Ability::Yes;
        let mut ways = Vec::new();
        if !can_untag || request.mode == RetagMode::MoveByOwnApi {
            ways.extend(own_api.as_ref().map(|_| delete::DeleteMethod::OwnApi));
        }
        if matches!(deletes.by_tag, Ability::No(_)) && closed.is_none() {
            ways.push(delete::DeleteMethod::Replace);
        }
        if !ways.is_empty() {
            ways.insert(0, delete::DeleteMethod::Untag);
        }
        let stays = request.items.iter().any(|(_, to, _)| *to == request.from);
        let own_refusal = || match &own_api {
            Some(api) if api.takes_image && stays => Some(takes_image(api)),
            api => method::own_api_refusal(&request.from.host, api.as_ref()),
        };
        let prefers_own_api = own_api.as_ref().is_some_and(|api| method::is_preferred(api, &deletes));
        let mode = match request.mode {
            RetagMode::Move if prefers_own_api => RetagMode::MoveByOwnApi,
            mode => mode,
        };
        let (mode, blocked) = match (mode, deletes.by_tag) {
            (RetagMode::MoveByOwnApi, _) => (mode, own_refusal()),
            (RetagMode::MoveByReplacement, Ability::No(_) | Ability::Unknown) => (mode, closed),
            (_, Ability::No(why)) => (RetagMode::Move, Some(untag_impossible(&why, closed))),
            (_, Ability::Unknown) => (RetagMode::Move, Some(untag_uncertain(denied.as_ref()))),
            (_, Ability::Yes) => (RetagMode::Move, None),
        };
        Leaving { mode, methods: ways, blocked, own_api }
    }
}

/// Returns the reason why an API that removes images with their only tag renames none.
fn takes_image(api: &OwnApiUntag) -> Refusal {
    let why =
        format!("{}'s own API removes an image with all of its tags, so with the new one too", api.vendor);
    Refusal { why: SafeText::from(why), answer: None, hint: Some("retag without moving".into()) }
}

/// Returns the reason why the old tag would stay, with a hint: a replacement, if that is possible.
fn untag_impossible(why: &SafeText, closed: Option<Refusal>) -> Refusal {
    let hint = match closed.and_then(|refusal| refusal.hint) {
        None => "retag without moving, or untag the old tag by replacement manifests".into(),
        Some(hint) => SafeText::from(format!("retag without moving; {hint}")),
    };
    let why = format!("the server does not delete by tag ({why}), so the old tag would stay");
    Refusal { why: SafeText::from(why), answer: None, hint: Some(hint) }
}

/// Returns the reason why the old tag might stay: the server did not say that it deletes by tag.
fn untag_uncertain(denied: Option<&SafeText>) -> Refusal {
    let (why, hint) = match denied {
        Some(_) => (
            "the server does not let this user delete by tag, so the old tag would stay",
            "retag without moving, or log in as a user who may delete",
        ),
        None => (
            "the server does not say whether it deletes by tag, so the old tag might stay",
            "retag without moving, and untag the old tag afterwards",
        ),
    };
    Refusal { why: why.into(), answer: denied.cloned(), hint: Some(hint.into()) }
}

async fn step(
    registry: &dyn Registry,
    request: &RetagRequest,
    item: &(Selector, Repository, Tag),
) -> Result<RetagStep, Failure> {
    let (selector, to, tag) = item;
    let from = &request.from;
    let what = || format!("cannot retag {}{}", from.name, selector.suffix());
    let served = registry.digest_now(&from.name, selector, &[], Priority::Background).await;
    let served = served.map_err(|error| error.failure(what()))?;
    let kept = match served {
        Some(_) => None,
        None => restore::kept_image(registry, request, item).boxed().await,
    };
    let digest = served.or(kept).ok_or_else(|| Failure {
        what: SafeText::from(what()),
        why: "it is not there".into(),
        hint: None,
        kind: FailureKind::NotFound,
    })?;
    let target = Selector::Tag(tag.clone());
    let replaces = registry.digest_now(&to.name, &target, &[digest], Priority::Background).await;
    let replaces = replaces.map_err(|error| error.failure(format!("cannot look at {}:{tag}", to.name)))?;
    let (selector, to, tag) = (selector.clone(), to.clone(), tag.clone());
    let info = ImageInfo::default();
    let by_own_api = served.is_none();
    let mut step = RetagStep { selector, digest, info, to, tag, replaces, left_on: None, by_own_api };
    if request.mode == RetagMode::MoveByReplacement {
        resolve_replacement(registry, from, &mut step)
            .boxed()
            .await
            .map_err(|error| error.failure(what()))??;
    }
    Ok(step)
}

/// Finds the image behind a tag that was left on a replacement when a move was cut off. The image to move is the one
/// that the new tag has already. The inner result is a failure if the new tag has another image.
async fn resolve_replacement(
    registry: &dyn Registry,
    from: &Repository,
    step: &mut RetagStep,
) -> Result<Result<(), Failure>, Error> {
    let by_digest = |digest: Digest| Selector::Digest(digest);
    let old = registry.manifest(&from.name, &by_digest(step.digest), Priority::Background).await?;
    if !is_replacement(&old) {
        return Ok(Ok(()));
    }
    if let Some(image) = step.replaces {
        let new = registry.manifest(&step.to.name, &by_digest(image), Priority::Background).await?;
        if is_replacement_of(&old, &new) {
            (step.digest, step.left_on) = (image, Some(step.digest));
            return Ok(Ok(()));
        }
    }
    Ok(Err(Failure {
        what: SafeText::from(format!("cannot rename {}:{}", from.name, step.selector)),
        why: "it was left on a replacement of its image when a change was cut off".into(),
        hint: Some("the journal lists that change: undoing it puts the image back".into()),
        kind: FailureKind::Local,
    }))
}

#[cfg(test)]
mod tests {
    use RetagMode::{Add, Move, MoveByReplacement};

    use super::*;
    use crate::client::{ClientSettings, Pool};
    use crate::model::change::builders::{refusal, repository, retag_request};
    use crate::model::change::rules::{Rule, Rules};
    use crate::model::reference::Host;
    use crate::ops::journal::Journal;

    /// Old tags, each with the repository and the tag to put it under.
    type Items<'a> = &'a [(&'a str, &'a str, &'a str)];

    /// Returns a request to give images of `app` tags in other repositories.
    fn request(mode: RetagMode, items: Items) -> RetagRequest {
        let names: Vec<(&str, &str)> = items.iter().map(|(old, _, new)| (*old, *new)).collect();
        let mut request = retag_request(mode, &names);
        for (item, (_, to, _)) in request.items.iter_mut().zip(items) {
            item.1 = repository(to);
        }
        request
    }

    #[test]
    fn requests_that_make_no_sense_are_refused_before_the_server_is_asked() {
        const APP: &str = "r.test/team/app";
        let both = "is given to one image while another one is named by it";
        let table: [(&str, Items, Option<&str>); 10] = [
            ("a new tag", &[("1", APP, "2")], None),
            ("the same tag", &[("1", APP, "1")], None),
            ("another repository", &[("1", "r.test/b", "1")], None),
            ("one image under two tags", &[("1", APP, "2"), ("1", APP, "3")], None),
            ("the same tag in two repositories", &[("1", APP, "x"), ("2", "r.test/b", "x")], None),
            ("nothing", &[], Some("no image was named")),
            ("another registry", &[("1", "s.test/b", "1")], Some("s.test/b is another registry")),
            (
                "one tag for two images",
                &[("1", APP, "x"), ("2", APP, "x")],
                Some("two images would get the tag team/app:x"),
            ),
            ("a tag that is given and taken", &[("2", APP, "1"), ("1", APP, "3")], Some(both)),
            ("the same in the other order", &[("1", APP, "3"), ("2", APP, "1")], Some(both)),
        ];
        for (case, items, why) in table {
            for mode in [Add, Move, MoveByReplacement] {
                let refused = check(&request(mode, items)).err().map(|failure| failure.why);
                let is_it = match (&refused, why) {
                    (None, None) => true,
                    (Some(refused), Some(why)) => refused.as_str().contains(why),
                    _ => false,
                };
                assert!(is_it, "{case}, {mode:?}: {refused:?}");
            }
        }
        let swapped = check(&request(Add, &[("2", APP, "1"), ("1", APP, "2")])).expect_err("in which order?");
        assert_eq!(swapped.hint.expect("a hint").as_str(), "retag them one after the other");
    }

    #[test]
    fn a_rule_for_any_repository_that_changes_forbids_the_retag() {
        let rule = |name: &str, repositories: &str| Rule {
            name: name.into(),
            host: Host::parse("r.test").expect("a host"),
            repositories: Some(repositories.into()),
            read_only: false,
            protect: false,
            promote: None,
        };
        let read_only = |repositories| Rule { read_only: true, ..rule("read-only", repositories) };
        let promote = Rule { promote: Some(vec!["r.test/prod".into()]), ..rule("promote", "team/*") };
        let here: Items = &[("1", "r.test/team/app", "2")];
        let there: Items = &[("1", "r.test/b", "2")];
        let table = [
            ("no rule", None, Add, here, false),
            ("its own repository", Some(read_only("team/app")), Add, here, true),
            ("its own repository keeps its tags", Some(read_only("team/app")), Add, there, false),
            ("its own repository loses a tag", Some(read_only("team/app")), Move, there, true),
            ("the other repository", Some(read_only("b")), Add, there, true),
            ("a repository that is not touched", Some(read_only("c")), Move, there, false),
            ("a promotion elsewhere", Some(promote.clone()), Add, there, true),
            ("a promotion within the repository", Some(promote), Add, here, false),
        ];
        for (case, rule, mode, items, is_refused) in table {
            let context = ChangeContext {
                pool: Pool::new(ClientSettings::default()),
                rules: Rules { read_only: None, rules: rule.into_iter().collect(), ..Rules::default() },
                journal: Journal::open("unused".into()),
            };
            assert_eq!(rule_against(&context, &request(mode, items)).is_some(), is_refused, "{case}");
        }
    }

    #[test]
    fn a_rename_that_cannot_untag_names_a_replacement_or_the_reason_why_there_is_none() {
        let why = "the server does not delete by tag (405), so the old tag would stay";
        for (closed, hint) in [
            (None, "retag without moving, or untag the old tag by replacement manifests"),
            (Some(refusal("it deletes nothing")), "retag without moving; ask its owner"),
        ] {
            let refusal = untag_impossible(&"405".into(), closed);
            assert_eq!(
                (refusal.why.as_str(), refusal.hint.as_ref().map(SafeText::as_str)),
                (why, Some(hint))
            );
        }
    }
}
