//! The rest of a change that was cut off, compared with the plan that the user had confirmed. A tag that moved since
//! the entry was written is left alone and named. To change it as it is now, the user has to ask for that anew.

use std::collections::HashMap;

use futures_util::{FutureExt, StreamExt, stream};

use super::change;
use super::context::ChangeContext;
use crate::client::{Pool, Priority};
use crate::model::change::delete::DeleteMethod;
use crate::model::change::journal::{EntryId, EntryState, JournalEntry};
use crate::model::change::progress::Unresolved;
use crate::model::change::{ChangePlan, ChangeRequest, copy, delete, retag};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Repository, Selector, Tag};
use crate::model::text::SafeText;

/// The number of tags that are asked for at the same time.
const AT_ONCE: usize = 16;
/// How often the rest is planned, each time without the parts that were found to have moved.
const MOST_PLANS: usize = 3;

/// The rest of a change.
#[derive(Debug)]
pub enum Rest {
    /// A plan. It names the parts that moved since, and does not touch them.
    Plan(Box<ChangePlan>),
    /// Nothing is left to do: every part was done, except for those that moved since.
    NothingLeft(Vec<Unresolved>),
}

impl Rest {
    /// Returns the plan, or fails with the reason if nothing is left.
    pub fn into_plan(self, title: &SafeText) -> Result<Box<ChangePlan>, Failure> {
        let moved = match self {
            Rest::Plan(change_plan) => return Ok(change_plan),
            Rest::NothingLeft(moved) => moved,
        };
        let names: Vec<&str> = moved.iter().map(|unresolved| unresolved.name.as_str()).collect();
        let why = match moved.first() {
            None => "all of it was done; its entry in the journal is over now".to_string(),
            Some(first) => format!("{}: {}", names.join(", "), first.failure.why),
        };
        Err(Failure {
            what: SafeText::from(format!("nothing is left of {title}")),
            why: SafeText::from(why),
            hint: moved.first().and_then(|first| first.failure.hint.clone()),
            kind: FailureKind::NotFound,
        })
    }
}

/// Plans the rest of an entry. `request` is the request that the journal returned for it, perhaps changed by the user
/// since. Changes nothing.
pub async fn plan(context: &ChangeContext, id: &EntryId, request: &ChangeRequest) -> Result<Rest, Failure> {
    if let ChangeRequest::Undo(of) | ChangeRequest::UndoByReplacement(of) = request
        && context.journal.entry(of).await?.state == EntryState::Undone
    {
        return Ok(Rest::NothingLeft(Vec::new()));
    }
    let entry = context.journal.entry(id).await?;
    let confirmed = Confirmed::of(&entry);
    let mut remainder = Remainder {
        now: look_up_digests(&context.pool, &confirmed, request).await?,
        confirmed,
        moved: Vec::new(),
    };
    let mut rest = remainder.rest(request.clone());
    for _ in 0..MOST_PLANS {
        let Some(request) = rest else { break };
        let mut change_plan = change::plan(context, &request).await?;
        let unconfirmed = remainder.confirmed.unconfirmed_parts(&change_plan);
        if unconfirmed.is_empty() {
            context.journal.remember_rest(id, request);
            // The plan of an undo finds the parts that moved by itself.
            if !matches!(change_plan, ChangePlan::Undo(_)) {
                change_plan.common_mut().unresolved.extend(remainder.moved);
            }
            return Ok(Rest::Plan(Box::new(change_plan)));
        }
        rest = drop_parts(request, &unconfirmed);
        remainder.moved.extend(unconfirmed.into_iter().map(|(name, why)| unresolved(short_name(&name), why)));
    }
    Ok(Rest::NothingLeft(remainder.moved))
}

/// Everything that a journal entry did, or was about to do, to one tag or digest, in all its steps.
#[derive(Debug)]
struct TouchedTarget {
    /// The digests that it may have as long as no other client touched it.
    known_digests: Vec<Option<Digest>>,
    /// The digest that it has when every step is done.
    end: Option<Digest>,
    is_done: bool,
}

/// Everything that the user confirmed.
struct Confirmed(HashMap<(Repository, Selector), TouchedTarget>);

impl Confirmed {
    fn of(entry: &JournalEntry) -> Confirmed {
        let mut all: HashMap<(Repository, Selector), TouchedTarget> = HashMap::new();
        for item in &entry.items {
            let before = item.before.as_ref().map(|held| held.digest);
            let place = all
                .entry((item.repository.clone(), item.selector.clone()))
                .or_insert_with(|| TouchedTarget { known_digests: vec![before], end: None, is_done: true });
            place.known_digests.push(item.after);
            place.end = item.after;
            place.is_done &= item.done == Some(true);
        }
        Confirmed(all)
    }

    fn get(&self, repository: &Repository, selector: &Selector) -> Option<&TouchedTarget> {
        self.0.get(&(repository.clone(), selector.clone()))
    }

    /// Returns whether a tag or digest had that image when the change was confirmed.
    fn had_digest(&self, repository: &Repository, selector: &Selector, digest: Digest) -> bool {
        self.get(repository, selector).is_some_and(|place| place.known_digests.contains(&Some(digest)))
    }

    /// Returns the selectors of those parts of a plan that were not confirmed as they are now, each with the reason to
    /// leave it alone.
    fn unconfirmed_parts(&self, plan: &ChangePlan) -> Vec<(Selector, String)> {
        match plan {
            ChangePlan::Delete(plan) => self.unconfirmed_deletes(plan),
            ChangePlan::Retag(plan) => self.unconfirmed_retags(plan),
            ChangePlan::Copy(plan) => self.unconfirmed_copies(plan),
            ChangePlan::Undo(_) => Vec::new(),
        }
    }

    fn unconfirmed_deletes(&self, plan: &delete::DeletePlan) -> Vec<(Selector, String)> {
        let was = |selector: Selector, digest| self.had_digest(&plan.repository, &selector, digest);
        let mut unconfirmed = Vec::new();
        for image in &plan.images {
            let tags = image.named.iter().cloned().map(Selector::Tag);
            let named = tags.chain(image.by_digest.then_some(Selector::Digest(image.digest)));
            let is_new = |tag: &&Tag| !was(Selector::Tag((*tag).clone()), image.digest);
            let new_tag = image.others.iter().filter(|_| plan.method == DeleteMethod::Image).find(is_new);
            let new_referrer = plan.referrers_that_go(image).find(|referrer| {
                let tag = referrer.tag.clone().map(Selector::Tag);
                !was(Selector::Digest(referrer.digest), referrer.digest)
                    && !tag.is_some_and(|tag| was(tag, referrer.digest))
            });
            for selector in named {
                let why = match (new_tag, new_referrer) {
                    _ if !was(selector.clone(), image.digest) => Some(describe_move(Some(image.digest))),
                    (Some(tag), _) => {
                        Some(format!("`{tag}` points to it too since the change was confirmed"))
                    }
                    (None, Some(referrer)) => Some(format!(
                        "{} refers to it since the change was confirmed",
                        referrer.digest.short()
                    )),
                    (None, None) => None,
                };
                unconfirmed.extend(why.map(|why| (selector, why)));
            }
        }
        unconfirmed
    }

    fn unconfirmed_retags(&self, plan: &retag::RetagPlan) -> Vec<(Selector, String)> {
        let unconfirmed_part = |step: &retag::RetagStep| {
            let place = self.get(&step.to, &Selector::Tag(step.tag.clone()))?;
            let why = match place {
                _ if place.end != Some(step.digest) => describe_move(Some(step.digest)),
                _ if !place.known_digests.contains(&step.replaces) => {
                    format!("{}: {}", step.tag, describe_move(step.replaces))
                }
                _ => return None,
            };
            Some((step.selector.clone(), why))
        };
        plan.steps.iter().filter_map(unconfirmed_part).collect()
    }

    fn unconfirmed_copies(&self, plan: &copy::CopyPlan) -> Vec<(Selector, String)> {
        let unconfirmed_part = |image: &copy::ImageToCopy| {
            let place = self.get(&plan.to, &Selector::Tag(image.tag.clone()?))?;
            let why = match place {
                _ if place.end != Some(image.digest) => describe_move(Some(image.source)),
                _ if !place.known_digests.contains(&image.replaces) => describe_move(image.replaces),
                _ => return None,
            };
            Some((image.selector.clone(), why))
        };
        plan.images.iter().filter_map(unconfirmed_part).collect()
    }
}

/// The present digests of the tags and digests that the rest of a change concerns.
type Now = HashMap<(Repository, Selector), Option<Digest>>;

async fn look_up_digests(
    pool: &Pool,
    confirmed: &Confirmed,
    request: &ChangeRequest,
) -> Result<Now, Failure> {
    let open = confirmed.0.iter().filter(|(_, place)| !place.is_done).map(|(key, _)| key.clone());
    let sources: Vec<(Repository, Selector)> = match request {
        ChangeRequest::Retag(request) => {
            request.items.iter().map(|(selector, ..)| (request.from.clone(), selector.clone())).collect()
        }
        ChangeRequest::Delete(_)
        | ChangeRequest::Copy(_)
        | ChangeRequest::Undo(_)
        | ChangeRequest::UndoByReplacement(_) => Vec::new(),
    };
    let all: std::collections::HashSet<(Repository, Selector)> = open.chain(sources).collect();
    let look = |(repository, selector): (Repository, Selector)| {
        async move {
            let client = pool.client(&repository.host);
            let place = confirmed.get(&repository, &selector);
            let known =
                place.into_iter().flat_map(|place| place.known_digests.iter().copied().chain([place.end]));
            let known: Vec<Digest> = known.flatten().collect();
            match client.digest_now(&repository.name, &selector, &known, Priority::Background).await {
                Ok(now) => Ok(((repository, selector), now)),
                Err(error) => Err(error.failure(format!("cannot look at {}:{selector}", repository.name))),
            }
        }
        .boxed()
    };
    let looked: Vec<_> =
        stream::iter(all.into_iter().map(look).collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
    looked.into_iter().collect()
}

/// The progress of a tag or digest.
enum Stand {
    /// It has the digest that the change gives it.
    Done,
    /// It is as it was before.
    Open,
    /// Another client changed it.
    Moved(Option<Digest>),
}

/// Reduces a request to the parts that are still open, and collects those that moved.
struct Remainder {
    confirmed: Confirmed,
    now: Now,
    moved: Vec<Unresolved>,
}

impl Remainder {
    fn progress_of(&self, repository: &Repository, selector: &Selector) -> Stand {
        let Some(place) = self.confirmed.get(repository, selector) else { return Stand::Open };
        if place.is_done {
            return Stand::Done;
        }
        match self.now.get(&(repository.clone(), selector.clone())) {
            Some(now) if *now == place.end => Stand::Done,
            Some(now) if !place.known_digests.contains(now) => Stand::Moved(*now),
            _ => Stand::Open,
        }
    }

    /// Returns whether it is open. If it moved, it is added to the list of moved parts.
    fn is_open(&mut self, repository: &Repository, selector: &Selector) -> bool {
        match self.progress_of(repository, selector) {
            Stand::Open => true,
            Stand::Done => false,
            Stand::Moved(now) => {
                self.moved.push(unresolved(short_name(selector), describe_move(now)));
                false
            }
        }
    }

    fn rest(&mut self, request: ChangeRequest) -> Option<ChangeRequest> {
        match request {
            ChangeRequest::Delete(mut request) => {
                let repository = request.repository.clone();
                request.selectors.retain(|selector| self.is_open(&repository, selector));
                if request.selectors.is_empty()
                    && self.moved.is_empty()
                    && request.method == Some(DeleteMethod::Image)
                {
                    // The tags of the image went, and its digest stayed.
                    request.selectors = self.open_digests(&repository);
                }
                (!request.selectors.is_empty()).then_some(ChangeRequest::Delete(request))
            }
            ChangeRequest::Retag(mut request) => {
                let (from, method) = (request.from.clone(), request.mode);
                request
                    .items
                    .retain(|(selector, to, tag)| self.needs_retag(&from, method, selector, to, tag));
                (!request.items.is_empty()).then_some(ChangeRequest::Retag(request))
            }
            ChangeRequest::Copy(mut request) => {
                let to = request.to.clone();
                let selectors = match request.what {
                    copy::What::Images(selectors) => selectors,
                    // These are all tags that existed then; tags that were added since were not confirmed.
                    copy::What::AllTags => self.tags_of(&to),
                };
                let target =
                    |selector: &Selector| request.tag.clone().map_or_else(|| selector.clone(), Selector::Tag);
                let open = selectors.into_iter().filter(|selector| self.is_open(&to, &target(selector)));
                let open: Vec<Selector> = open.collect();
                request.what = copy::What::Images(open.clone());
                (!open.is_empty()).then_some(ChangeRequest::Copy(request))
            }
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => Some(request),
        }
    }

    /// Returns whether an image still has to get its new tag, or to lose its old one.
    fn needs_retag(
        &mut self,
        from: &Repository,
        mode: retag::RetagMode,
        selector: &Selector,
        to: &Repository,
        tag: &Tag,
    ) -> bool {
        let target = Selector::Tag(tag.clone());
        let image = self.confirmed.get(to, &target).and_then(|place| place.end);
        let source = self.now.get(&(from.clone(), selector.clone())).copied().flatten();
        let (is_put, moves) = match self.progress_of(to, &target) {
            Stand::Moved(now) => {
                self.moved.push(unresolved(short_name(&target), describe_move(now)));
                return false;
            }
            Stand::Done => (true, mode.moves()),
            Stand::Open => (false, true),
        };
        // A replacement on the old tag comes from this change, too.
        let is_ours = source.is_some_and(|source| self.confirmed.had_digest(from, selector, source));
        match source == image || (mode.moves() && is_ours) {
            _ if is_put && (!moves || source.is_none()) => false,
            true => true,
            false => {
                self.moved.push(unresolved(short_name(selector), describe_move(source)));
                false
            }
        }
    }

    fn open_digests(&self, of: &Repository) -> Vec<Selector> {
        let digests = self.confirmed.0.keys().filter(|(repository, _)| repository == of);
        let digests = digests.map(|(_, selector)| selector).filter(|one| matches!(one, Selector::Digest(_)));
        let mut open: Vec<Selector> =
            digests.filter(|digest| matches!(self.progress_of(of, digest), Stand::Open)).cloned().collect();
        open.sort_by_key(Selector::to_string);
        open
    }

    /// Returns the tags of images. Lists of referrers are left out: they are planned anew with the images.
    fn tags_of(&self, to: &Repository) -> Vec<Selector> {
        let is_list = |selector: &Selector| matches!(selector, Selector::Tag(tag) if tag.is_referrer_list());
        let all = self.confirmed.0.keys();
        let all = all.filter(|(repository, selector)| repository == to && !is_list(selector));
        let mut all: Vec<Selector> = all.map(|(_, selector)| selector.clone()).collect();
        all.sort_by_key(Selector::to_string);
        all
    }
}

/// Returns the request without these parts, or `None` if nothing is left of it.
fn drop_parts(request: ChangeRequest, unconfirmed: &[(Selector, String)]) -> Option<ChangeRequest> {
    let stays =
        |selector: &Selector| !unconfirmed.iter().any(|(unconfirmed_part, _)| unconfirmed_part == selector);
    match request {
        ChangeRequest::Delete(mut request) => {
            request.selectors.retain(stays);
            (!request.selectors.is_empty()).then_some(ChangeRequest::Delete(request))
        }
        ChangeRequest::Retag(mut request) => {
            request.items.retain(|(selector, ..)| stays(selector));
            (!request.items.is_empty()).then_some(ChangeRequest::Retag(request))
        }
        ChangeRequest::Copy(mut request) => {
            let copy::What::Images(selectors) = &mut request.what else { return None };
            selectors.retain(stays);
            (!selectors.is_empty()).then_some(ChangeRequest::Copy(request))
        }
        ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => None,
    }
}

fn describe_move(now: Option<Digest>) -> String {
    match now {
        Some(now) => format!("it moved since the change was confirmed, to {}", now.short()),
        None => "it is gone since the change was confirmed".into(),
    }
}

fn unresolved(name: SafeText, why: String) -> Unresolved {
    let failure = Failure {
        what: SafeText::from(format!("{name} is skipped")),
        why: SafeText::from(why),
        hint: Some("request it again to change it as it is now".into()),
        kind: FailureKind::Local,
    };
    Unresolved { name, failure }
}

/// Returns the name of a tag, or the short form of a digest.
fn short_name(selector: &Selector) -> SafeText {
    match selector {
        Selector::Tag(tag) => tag.into(),
        Selector::Digest(digest) => SafeText::from(digest.short()),
    }
}
