//! The count of the tags that are looked up while a plan is made, and the requests that this needs. Both are bound to the
//! task that plans, so that the functions in between need not pass them on.

use std::future::pending;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::watch::Sender;
use tokio::task_local;

use crate::client::Registry;
use crate::model::change::progress::Lookups;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{RepositoryName, Selector};
use crate::model::request_budget::{RequestCount, RequestNeed};
use crate::model::text::SafeText;

task_local! {
    static LOOKUPS: Sender<Lookups>;
    static SHORTAGES: mpsc::UnboundedSender<RequestNeed>;
    static TOLD: fn(&RequestNeed);
    static IS_AGREED: ();
}

/// Runs `planning` and reports its lookups to the channel.
pub async fn report_lookups<T>(lookups: Sender<Lookups>, planning: impl Future<Output = T>) -> T {
    LOOKUPS.scope(lookups, planning).await
}

/// Runs `planning`, and gives each of its needs to `tell` before the requests are sent.
pub async fn tell_needs<T>(tell: fn(&RequestNeed), planning: impl Future<Output = T>) -> T {
    TOLD.scope(tell, planning).await
}

/// Runs `planning`, which changes nothing, and ends it with a failure before it sends requests for which too few are left.
pub async fn stop_at_shortage<T>(planning: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let (sender, mut shortages) = mpsc::unbounded_channel();
    tokio::select! {
        biased;
        planned = SHORTAGES.scope(sender, planning) => planned,
        Some(need) = shortages.recv() => Err(shortage(&need)),
    }
}

/// Runs `planning`, which [`stop_at_shortage`] does not end: the user agreed to send more requests than are left.
pub(crate) async fn beyond_budget<T>(planning: impl Future<Output = T>) -> T {
    IS_AGREED.scope((), planning).await
}

fn shortage(need: &RequestNeed) -> Failure {
    Failure {
        what: SafeText::from(format!("too few requests are left at {}", need.host)),
        why: SafeText::from(format!("looking it up needs {need}")),
        hint: None,
        kind: FailureKind::OverBudget,
    }
}

/// States the requests that the next part of a plan sends to a registry, if it counts them. Waits for ever if the plan is
/// made by [`stop_at_shortage`] and too few are left. `first` is a manifest that will be read.
pub(crate) async fn state_need(
    registry: &dyn Registry,
    first: Option<(&RepositoryName, &Selector)>,
    count: RequestCount,
) {
    let Some(connection) = registry.connection() else { return };
    if let Some((name, selector)) = first.filter(|_| count.manifest_reads > 1) {
        connection.ask_budget(name, selector).await;
    }
    let Some(budget) = connection.budget() else { return };
    let need = RequestNeed::worth_stating(registry.host(), count, budget, Timestamp::now());
    update(|lookups| lookups.need.clone_from(&need));
    let Some(need) = need else { return };
    // Outside of a plan there is neither of these.
    TOLD.try_with(|tell| tell(&need)).ok();
    let is_agreed = IS_AGREED.try_with(|()| ()).is_ok();
    if !is_agreed
        && !need.fits()
        && SHORTAGES.try_with(|shortages| shortages.send(need)).is_ok_and(|sent| sent.is_ok())
    {
        pending::<()>().await;
    }
}

/// Notes that this number of tags is looked up too. Does nothing outside of [`report_lookups`].
pub(crate) fn add_lookups(tags: usize) {
    update(|lookups| lookups.all += tags);
}

/// Notes that a tag was looked up.
pub(crate) fn end_lookup() {
    update(|lookups| lookups.done += 1);
}

fn update(change: impl FnOnce(&mut Lookups)) {
    // Outside of a plan there is no channel.
    LOOKUPS.try_with(|lookups| lookups.send_modify(change)).ok();
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    #[tokio::test]
    async fn lookups_are_counted_while_a_plan_is_made_and_ignored_otherwise() {
        let (sender, lookups) = watch::channel(Lookups::default());
        let texts = report_lookups(sender, async {
            let before = lookups.borrow().describe();
            add_lookups(300);
            (0..120).for_each(|_| end_lookup());
            (before, lookups.borrow().describe())
        });
        assert_eq!(texts.await, (None, Some("looking up 120 of 300 tags".into())));
        end_lookup();
        assert_eq!(lookups.borrow().done, 120);
    }
}
