//! The limit of requests that run at once against one host, which follows its answers ([`Adaptation`]). Interactive
//! requests go first, and blobs never take the last permit: browsing gets answers at once while layers are copied.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::adaptation::{Adaptation, RequestKind};

/// Most blobs that are read at once. More would share the same bandwidth.
const MOST_READ: usize = 4;
/// Most blobs that are written at once.
const MOST_WRITTEN: usize = 3;

/// The priority of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// The user is waiting for the answer.
    Interactive,
    /// For a list that fills itself.
    Background,
    /// For a blob that is read.
    Blob,
    /// For a blob that is written, from opening the upload to its end. Counted apart from blobs that are read: a copy
    /// holds one of these permits while it waits for one of those, never the other way round, so copies cannot wait in
    /// a circle.
    Upload,
}

/// The priorities in the order in which they are served.
const PRIORITIES: [Priority; 4] =
    [Priority::Interactive, Priority::Background, Priority::Upload, Priority::Blob];

/// The permits of one host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limit(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    adaptation: Adaptation,
    /// Permits that are out, for each of [`PRIORITIES`].
    in_use: [usize; 4],
    /// The number of [`Reserve`]s.
    reserves: usize,
    waiting: [VecDeque<oneshot::Sender<Permit>>; 4],
}

/// The right to run one request. Dropping it lets the next one go.
#[derive(Debug)]
pub(crate) struct Permit(Option<(Limit, Priority)>);

/// Keeps half of the permits from requests in the background, for work of several interactive requests in turn: while it
/// considers an answer, its next requests do not wait yet, and others would take all permits and connections.
#[derive(Debug)]
pub struct Reserve(Limit);

impl Permit {
    /// Returns the permit of a request that runs under the permit of another.
    pub(crate) fn none() -> Permit {
        Permit(None)
    }
}

impl Queue {
    /// Takes a permit if one is free.
    fn acquire(&mut self, priority: Priority) -> bool {
        let (at, most) = (index_of(priority), self.adaptation.most());
        let of_kind = match priority {
            Priority::Interactive => most,
            Priority::Background if self.reserves > 0 => most - most / 2,
            Priority::Background => most,
            // Blobs leave at least half of the permits to other requests.
            Priority::Upload => MOST_WRITTEN.min((most / 2).saturating_sub(1)).max(1),
            Priority::Blob => MOST_READ.min(most / 2).max(1),
        };
        let is_free = self.in_use.iter().sum::<usize>() < most && self.in_use[at] < of_kind;
        if is_free {
            self.in_use[at] += 1;
        }
        is_free
    }

    fn release(&mut self, priority: Priority) {
        self.in_use[index_of(priority)] -= 1;
    }

    /// Takes a permit for the first waiting request that may have it.
    fn next(&mut self) -> Option<(Priority, oneshot::Sender<Permit>)> {
        let priority = PRIORITIES
            .into_iter()
            .find(|priority| !self.waiting[index_of(*priority)].is_empty() && self.acquire(*priority))?;
        self.waiting[index_of(priority)].pop_front().map(|waiting| (priority, waiting))
    }
}

fn index_of(priority: Priority) -> usize {
    match priority {
        Priority::Interactive => 0,
        Priority::Background => 1,
        Priority::Upload => 2,
        Priority::Blob => 3,
    }
}

impl Limit {
    /// Waits for a permit.
    pub(crate) async fn permit(&self, priority: Priority) -> Permit {
        let turn = {
            let mut queue = self.queue();
            if queue.acquire(priority) {
                return Permit(Some((self.clone(), priority)));
            }
            queue.adaptation.record_full();
            let (sender, turn) = oneshot::channel();
            queue.waiting[index_of(priority)].push_back(sender);
            turn
        };
        // The sender is dropped unsent only together with the whole queue, which `self` keeps alive.
        turn.await.unwrap_or(Permit(None))
    }

    /// Keeps permits for interactive requests as long as the result lives.
    pub(crate) fn reserve(&self) -> Reserve {
        self.queue().reserves += 1;
        Reserve(self.clone())
    }

    /// Records the time from sending a request to the head of its answer.
    pub(crate) fn record_answer(&self, kind: RequestKind, took: Duration, is_http2: bool) {
        self.queue().adaptation.record_answer(kind, took, is_http2, Instant::now());
        self.hand_out();
    }

    /// Records that the server is overloaded. From now on fewer requests run at once.
    pub(crate) fn record_overload(&self) {
        self.queue().adaptation.record_overload(Instant::now());
    }

    fn release(&self, priority: Priority) {
        self.queue().release(priority);
        self.hand_out();
    }

    /// Gives permits to the requests that wait, as long as permits are free.
    fn hand_out(&self) {
        loop {
            let next = self.queue().next();
            let Some((taken, waiting)) = next else { return };
            if let Err(mut unwanted) = waiting.send(Permit(Some((self.clone(), taken)))) {
                unwanted.0 = None;
                self.queue().release(taken);
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        self.0.queue().reserves -= 1;
        self.0.hand_out();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((limit, priority)) = self.0.take() {
            limit.release(priority);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn limit(most: usize) -> Limit {
        let queue = Queue { adaptation: Adaptation::beginning_with(most), ..Queue::default() };
        Limit(Arc::new(Mutex::new(queue)))
    }

    #[test]
    fn a_person_goes_before_a_list_that_came_earlier() {
        let limit = limit(1);
        let first = limit.permit(Priority::Background).now_or_never().expect("it is free");
        let mut background = Box::pin(limit.permit(Priority::Background));
        let mut interactive = Box::pin(limit.permit(Priority::Interactive));
        assert!((&mut background).now_or_never().is_none() && (&mut interactive).now_or_never().is_none());
        drop(first);
        assert!((&mut background).now_or_never().is_none());
        let second = (&mut interactive).now_or_never().expect("its turn");
        drop(second);
        assert!((&mut background).now_or_never().is_some());
    }

    #[test]
    fn a_request_that_gave_up_waiting_costs_no_permit() {
        let limit = limit(1);
        let first = limit.permit(Priority::Interactive).now_or_never();
        let mut gone = Box::pin(limit.permit(Priority::Interactive));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        drop(first);
        assert!(limit.permit(Priority::Background).now_or_never().is_some());
    }

    #[test]
    fn a_permit_that_was_sent_but_never_taken_comes_back() {
        let limit = limit(1);
        let first = limit.permit(Priority::Interactive).now_or_never();
        let mut waiting = Box::pin(limit.permit(Priority::Interactive));
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        drop(waiting);
        assert!(limit.permit(Priority::Background).now_or_never().is_some());
    }

    #[test]
    fn blobs_leave_a_permit_for_other_requests() {
        let limit = limit(8);
        let take = |priority| limit.permit(priority).now_or_never();
        let blobs: Vec<_> = (0..8).filter_map(|_| take(Priority::Blob)).collect();
        let uploads: Vec<_> = (0..8).filter_map(|_| take(Priority::Upload)).collect();
        assert_eq!((blobs.len(), uploads.len()), (4, 3));
        assert!(take(Priority::Background).is_some());
    }

    #[test]
    fn a_reserve_leaves_half_of_the_permits_to_a_person() {
        let limit = limit(8);
        let take = |priority| limit.permit(priority).now_or_never();
        let reserve = limit.reserve();
        assert!(take(Priority::Interactive).is_some());
        let mut rows: Vec<_> = (0..8).filter_map(|_| take(Priority::Background)).collect();
        assert_eq!(rows.len(), 4);
        let mut waiting = Box::pin(limit.permit(Priority::Background));
        assert!((&mut waiting).now_or_never().is_none());
        drop(reserve);
        rows.extend((&mut waiting).now_or_never());
        rows.extend((0..8).filter_map(|_| take(Priority::Background)));
        assert_eq!(rows.len(), 8, "nothing is kept free for nobody");
    }

    #[test]
    fn a_blob_that_waits_for_its_kind_holds_up_no_other_request() {
        let limit = limit(2);
        let first = limit.permit(Priority::Blob).now_or_never().expect("it is free");
        let mut second = Box::pin(limit.permit(Priority::Blob));
        assert!((&mut second).now_or_never().is_none());
        drop(limit.permit(Priority::Background).now_or_never().expect("it is free"));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert!((&mut second).now_or_never().is_some());
    }

    #[test]
    fn a_higher_number_lets_requests_go_that_wait() {
        let limit = limit(2);
        let take = || limit.permit(Priority::Background);
        let first = [take().now_or_never(), take().now_or_never()];
        let mut third = Box::pin(take());
        assert!(first.iter().all(Option::is_some) && (&mut third).now_or_never().is_none());
        for _ in 0..2 {
            limit.record_answer(RequestKind::Head, Duration::from_millis(100), false);
        }
        assert!((&mut third).now_or_never().is_some());
    }

    #[test]
    fn a_lower_number_holds_requests_back_until_enough_have_ended() {
        let limit = limit(4);
        let mut running: Vec<_> =
            (0..4).filter_map(|_| limit.permit(Priority::Background).now_or_never()).collect();
        limit.record_overload();
        running.truncate(2);
        assert!(limit.permit(Priority::Interactive).now_or_never().is_none(), "two of two run");
        running.clear();
        assert!(limit.permit(Priority::Interactive).now_or_never().is_some());
    }
}
