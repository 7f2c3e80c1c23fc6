//! The plan of new tags: what each image is, and what each tag is now. Only asks; nothing is changed.

use std::collections::HashSet;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::AT_ONCE;
use crate::client::{Client, Error, Lane};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::server::Ability;
use crate::model::text::SafeText;
use crate::model::work::delete;
use crate::model::work::info::ImageInfo;
use crate::model::work::loss::Loss;
use crate::model::work::retag::{RetagMode, RetagPlan, RetagRequest, RetagStep};
use crate::model::work::rules::Refusal;
use crate::ops::delete::manner;
use crate::ops::summary;
use crate::ops::work::{ChangeContext, loss, replacement};

/// Plans tags. Only asks.
pub async fn plan(workshop: &ChangeContext, wish: &RetagRequest) -> Result<RetagPlan, Failure> {
    check(wish)?;
    let client = workshop.pool.client(&wish.from.host);
    let refused = rule_against(workshop, wish);
    let leaving = match wish.manner.moves() && refused.is_none() {
        true => Leaving::of(&client, wish).boxed().await,
        false => Leaving { manner: wish.manner, ways: Vec::new(), blocked: None },
    };
    let asked: Vec<_> = wish.items.iter().map(|item| step(&client, wish, item).boxed()).collect();
    let mut steps: Vec<RetagStep> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let digests = steps.iter().map(|step| step.digest).collect();
    let infos = summary::infos(&client, &wish.from.name, digests).boxed().await;
    steps.iter_mut().zip(infos).for_each(|(step, info)| step.info = info);
    let from = wish.manner.moves().then_some(&wish.from);
    let touched = from.into_iter().chain(steps.iter().map(|step| &step.to));
    let name_to_type = touched.into_iter().find_map(|repository| workshop.rules.name_to_type(repository));
    let Leaving { manner, ways, blocked } = leaving;
    let loss = match refused.is_none() {
        true => loss(&client, wish, &steps).await,
        false => Loss::default(),
    };
    let missed = Vec::new();
    Ok(RetagPlan {
        from: wish.from.clone(),
        manner,
        ways,
        steps,
        loss,
        blocked,
        missed,
        refused,
        name_to_type,
    })
}

/// The images that tags are taken from: those that are replaced, and those that are moved to another repository.
async fn loss(client: &Client, wish: &RetagRequest, steps: &[RetagStep]) -> Loss {
    let replaced = steps.iter().filter(|step| !step.is_done());
    let replaced = replaced.filter_map(|step| Some((step.to.clone(), step.replaces?, false)));
    let moved = steps.iter().filter(|step| wish.manner.moves() && step.to != wish.from);
    let moved = moved.map(|step| (wish.from.clone(), step.digest, false));
    let losing: Vec<_> = replaced.chain(moved).collect();
    match losing.is_empty() {
        true => Loss { keep: wish.keep, ..Loss::default() },
        false => {
            loss::planned(client, client.cleanups(&wish.from.name).await.untagged, wish.keep, losing).await
        }
    }
}

/// What makes no sense whatever the server says.
fn check(wish: &RetagRequest) -> Result<(), Failure> {
    let fail = |why: String, hint: Option<&'static str>| {
        Err(Failure {
            what: SafeText::from(format!("cannot retag images of {}", wish.from.name)),
            why: SafeText::from(why),
            hint: hint.map(SafeText::from),
            kind: FailureKind::Local,
        })
    };
    if wish.items.is_empty() {
        return fail("no image was named".into(), None);
    }
    let mut targets = HashSet::new();
    for (selector, to, tag) in &wish.items {
        if to.host != wish.from.host {
            return fail(format!("{to} is another registry"), Some("copy it instead"));
        }
        if !targets.insert((to, tag)) {
            return fail(format!("two images would get the tag {}:{tag}", to.name), None);
        }
        // Whichever came first, one of the images would be lost or left out.
        let needs_it = |(old, other, new): &(Selector, Repository, Tag)| {
            *old == Selector::Tag(tag.clone()) && (old, other, new) != (selector, to, tag)
        };
        if *to == wish.from && wish.items.iter().any(needs_it) {
            let why = format!("{tag} is given to one image while another one is named by it");
            return fail(why, Some("retag them one after the other"));
        }
    }
    Ok(())
}

/// The rule that forbids it.
pub fn rule_against(workshop: &ChangeContext, wish: &RetagRequest) -> Option<Refusal> {
    let own = wish.manner.moves().then(|| workshop.rules.may_change(&wish.from));
    let targets = wish.items.iter().map(|(_, to, _)| match *to == wish.from {
        true => workshop.rules.may_change(to),
        false => workshop.rules.may_copy(&wish.from, to),
    });
    own.into_iter().chain(targets).find_map(Result::err)
}

/// How old tags go: a tag is moved only where the old one can be taken away alone.
struct Leaving {
    manner: RetagMode,
    ways: Vec<delete::DeleteMethod>,
    blocked: Option<Refusal>,
}

impl Leaving {
    async fn of(client: &Client, wish: &RetagRequest) -> Leaving {
        let (deletes, denied) = manner::asked(client, &wish.from.name, true).await;
        let closed = manner::replacement_closed(&wish.from.host, &deletes, denied.as_ref());
        let ways = match (&deletes.by_tag, &closed) {
            (Ability::No(_), None) => vec![delete::DeleteMethod::Untag, delete::DeleteMethod::Replace],
            _ => Vec::new(),
        };
        let (manner, blocked) = match (wish.manner, deletes.by_tag) {
            (RetagMode::MoveByReplacement, Ability::No(_) | Ability::Unknown) => (wish.manner, closed),
            (_, Ability::No(why)) => (RetagMode::Move, Some(untag_impossible(&why, closed))),
            (_, Ability::Yes | Ability::Unknown) => (RetagMode::Move, None),
        };
        Leaving { manner, ways, blocked }
    }
}

/// Why the old tag would stay, and what helps: a replacement, where that is not closed too.
fn untag_impossible(why: &SafeText, closed: Option<Refusal>) -> Refusal {
    let hint = match closed.and_then(|refusal| refusal.hint) {
        None => "retag without moving, or untag the old tag by replacement manifests".into(),
        Some(hint) => SafeText::from(format!("retag without moving; {hint}")),
    };
    let why = format!("the server does not delete by tag ({why}), so the old tag would stay");
    Refusal { why: SafeText::from(why), hint: Some(hint) }
}

async fn step(
    client: &Client,
    wish: &RetagRequest,
    item: &(Selector, Repository, Tag),
) -> Result<RetagStep, Failure> {
    let (selector, to, tag) = item;
    let from = &wish.from;
    let what = || format!("cannot retag {}:{selector}", from.name);
    let digest = client.digest_now(&from.name, selector, &[], Lane::Background).await;
    let digest = digest.map_err(|error| error.failure(what()))?.ok_or_else(|| Failure {
        what: SafeText::from(what()),
        why: "it is not there".into(),
        hint: None,
        kind: FailureKind::NotFound,
    })?;
    let target = Selector::Tag(tag.clone());
    let replaces = client.digest_now(&to.name, &target, &[digest], Lane::Background).await;
    let replaces = replaces.map_err(|error| error.failure(format!("cannot look at {}:{tag}", to.name)))?;
    let (selector, to, tag) = (selector.clone(), to.clone(), tag.clone());
    let info = ImageInfo::default();
    let mut step = RetagStep { selector, digest, info, to, tag, replaces, left_on: None };
    if wish.manner == RetagMode::MoveByReplacement {
        look_behind(client, from, &mut step).boxed().await.map_err(|error| error.failure(what()))??;
    }
    Ok(step)
}

/// A tag that was left on a replacement when a move was cut off is no image to be moved: the image is what the new tag
/// has already. Fails in the second place where it has another one.
async fn look_behind(
    client: &Client,
    from: &Repository,
    step: &mut RetagStep,
) -> Result<Result<(), Failure>, Error> {
    let by_digest = |digest: Digest| Selector::Digest(digest);
    let old = client.manifest(&from.name, &by_digest(step.digest), Lane::Background).await?;
    if !replacement::is_replacement(&old) {
        return Ok(Ok(()));
    }
    if let Some(image) = step.replaces {
        let new = client.manifest(&step.to.name, &by_digest(image), Lane::Background).await?;
        if replacement::stands_for(&old, &new) {
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
