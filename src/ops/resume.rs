//! The rest of a change that was cut off, compared with the plan that the user had confirmed. A tag that moved since
//! the entry was written is left alone and named. To change it as it is now, the user has to ask for that anew.

use futures_util::{FutureExt, StreamExt, stream};

use super::change;
use super::context::ChangeContext;
use crate::client::{Pool, Priority};
use crate::model::change::journal::{EntryId, EntryState};
use crate::model::change::progress::Unresolved;
use crate::model::change::remainder::{Confirmed, Now, Remainder, unresolved};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Repository, Selector};
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
        let is_confirmed = |selector: &Selector| !unconfirmed.iter().any(|(other, _)| other == selector);
        rest = request.retain(is_confirmed);
        remainder.moved.extend(unconfirmed.into_iter().map(|(selector, why)| unresolved(&selector, why)));
    }
    Ok(Rest::NothingLeft(remainder.moved))
}

async fn look_up_digests(
    pool: &Pool,
    confirmed: &Confirmed,
    request: &ChangeRequest,
) -> Result<Now, Failure> {
    let all: std::collections::HashSet<(Repository, Selector)> =
        confirmed.open_targets().chain(request.named_sources()).collect();
    let look = |(repository, selector): (Repository, Selector)| {
        async move {
            let registry = pool.registry(&repository.host);
            let known = confirmed.known_digests(&repository, &selector);
            match registry.digest_now(&repository.name, &selector, &known, Priority::Background).await {
                Ok(now) => Ok(((repository, selector), now)),
                Err(error) => {
                    Err(error.failure(format!("cannot look at {}{}", repository.name, selector.suffix())))
                }
            }
        }
        .boxed()
    };
    let looked: Vec<_> =
        stream::iter(all.into_iter().map(look).collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
    looked.into_iter().collect()
}
