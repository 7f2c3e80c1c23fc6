//! The count of the tags that are looked up while a plan is made. It is bound to the task that plans, so that the
//! functions in between need not pass it on.

use tokio::sync::watch;
use tokio::task_local;

use crate::model::change::progress::Lookups;

task_local! {
    static LOOKUPS: watch::Sender<Lookups>;
}

/// Runs `planning` and reports its lookups to the channel.
pub async fn report_lookups<T>(lookups: watch::Sender<Lookups>, planning: impl Future<Output = T>) -> T {
    LOOKUPS.scope(lookups, planning).await
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
