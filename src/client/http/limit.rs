//! The limit of requests that run at once against one host. Interactive requests go first, and blobs never take the
//! last permit: browsing gets answers at once while layers are copied.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

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
#[derive(Debug, Clone)]
pub(crate) struct Limit(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    free: usize,
    /// Permits that are out, for each of [`PRIORITIES`].
    in_use: [usize; 4],
    /// The most that may be out, for each of [`PRIORITIES`].
    limits: [usize; 4],
    waiting: [VecDeque<oneshot::Sender<Permit>>; 4],
}

/// The right to run one request. Dropping it lets the next one go.
#[derive(Debug)]
pub(crate) struct Permit(Option<(Limit, Priority)>);

impl Permit {
    /// Returns the permit of a request that runs under the permit of another.
    pub(crate) fn none() -> Permit {
        Permit(None)
    }
}

impl Queue {
    /// Takes a permit if one is free.
    fn acquire(&mut self, priority: Priority) -> bool {
        let at = index_of(priority);
        let is_free = self.free > 0 && self.in_use[at] < self.limits[at];
        if is_free {
            self.free -= 1;
            self.in_use[at] += 1;
        }
        is_free
    }

    fn release(&mut self, priority: Priority) {
        self.free += 1;
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
    /// Creates a limit of so many requests at once. Half of them may read blobs, and one less than half may write them.
    pub(crate) fn new(most: usize) -> Limit {
        let most = most.max(1);
        let (reading, writing) = ((most / 2).max(1), (most / 2).saturating_sub(1).max(1));
        let queue = Queue {
            free: most,
            in_use: [0; 4],
            limits: [most, most, writing, reading],
            waiting: Default::default(),
        };
        Limit(Arc::new(Mutex::new(queue)))
    }

    /// Waits for a permit.
    pub(crate) async fn permit(&self, priority: Priority) -> Permit {
        let turn = {
            let mut queue = self.queue();
            if queue.acquire(priority) {
                return Permit(Some((self.clone(), priority)));
            }
            let (sender, turn) = oneshot::channel();
            queue.waiting[index_of(priority)].push_back(sender);
            turn
        };
        // The sender is dropped unsent only together with the whole queue, which `self` keeps alive.
        turn.await.unwrap_or(Permit(None))
    }

    fn release(&self, priority: Priority) {
        let mut released = priority;
        loop {
            let next = {
                let mut queue = self.queue();
                queue.release(released);
                queue.next()
            };
            let Some((taken, waiting)) = next else { return };
            match waiting.send(Permit(Some((self.clone(), taken)))) {
                Ok(()) => return,
                Err(mut unwanted) => {
                    unwanted.0 = None;
                    released = taken;
                }
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn a_person_goes_before_a_list_that_came_earlier() {
        let limit = Limit::new(1);
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
        let limit = Limit::new(1);
        let first = limit.permit(Priority::Interactive).now_or_never();
        let mut gone = Box::pin(limit.permit(Priority::Interactive));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        drop(first);
        assert!(limit.permit(Priority::Background).now_or_never().is_some());
    }

    #[test]
    fn a_permit_that_was_sent_but_never_taken_comes_back() {
        let limit = Limit::new(1);
        let first = limit.permit(Priority::Interactive).now_or_never();
        let mut waiting = Box::pin(limit.permit(Priority::Interactive));
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        drop(waiting);
        assert!(limit.permit(Priority::Background).now_or_never().is_some());
    }

    #[test]
    fn blobs_leave_a_permit_for_other_requests() {
        let limit = Limit::new(8);
        let take = |priority| limit.permit(priority).now_or_never();
        let blobs: Vec<_> = (0..8).filter_map(|_| take(Priority::Blob)).collect();
        let uploads: Vec<_> = (0..8).filter_map(|_| take(Priority::Upload)).collect();
        assert_eq!((blobs.len(), uploads.len()), (4, 3));
        assert!(take(Priority::Background).is_some());
    }

    #[test]
    fn a_blob_that_waits_for_its_kind_holds_up_no_other_request() {
        let limit = Limit::new(2);
        let first = limit.permit(Priority::Blob).now_or_never().expect("it is free");
        let mut second = Box::pin(limit.permit(Priority::Blob));
        assert!((&mut second).now_or_never().is_none());
        drop(limit.permit(Priority::Background).now_or_never().expect("it is free"));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert!((&mut second).now_or_never().is_some());
    }
}
