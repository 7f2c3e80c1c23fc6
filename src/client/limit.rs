//! How many requests run at once against one host. The interactive lane goes first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A person, now.
    Interactive,
    /// A list that fills itself.
    Background,
}

/// The permits of one host.
#[derive(Debug, Clone)]
pub struct Limit(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    free: usize,
    interactive: VecDeque<oneshot::Sender<Permit>>,
    background: VecDeque<oneshot::Sender<Permit>>,
}

/// The right to run one request. Dropping it lets the next one go.
#[derive(Debug)]
pub struct Permit(Option<Limit>);

impl Limit {
    /// So many at once.
    pub fn new(most: usize) -> Limit {
        let queue = Queue { free: most.max(1), interactive: VecDeque::new(), background: VecDeque::new() };
        Limit(Arc::new(Mutex::new(queue)))
    }

    /// Waits for a permit.
    pub async fn permit(&self, lane: Lane) -> Permit {
        let turn = {
            let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.free > 0 {
                queue.free -= 1;
                return Permit(Some(self.clone()));
            }
            let (sender, turn) = oneshot::channel();
            match lane {
                Lane::Interactive => queue.interactive.push_back(sender),
                Lane::Background => queue.background.push_back(sender),
            }
            turn
        };
        // The sender is dropped unsent only together with the whole queue, which `self` keeps alive.
        turn.await.unwrap_or(Permit(None))
    }

    fn give_back(&self) {
        let mut permit = Permit(Some(self.clone()));
        loop {
            let next = {
                let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                match queue.interactive.pop_front().or_else(|| queue.background.pop_front()) {
                    Some(next) => next,
                    None => {
                        queue.free += 1;
                        permit.0 = None;
                        return;
                    }
                }
            };
            match next.send(permit) {
                Ok(()) => return,
                Err(unwanted) => permit = unwanted,
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(limit) = self.0.take() {
            limit.give_back();
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
        let first = limit.permit(Lane::Background).now_or_never().expect("it is free");
        let mut background = Box::pin(limit.permit(Lane::Background));
        let mut interactive = Box::pin(limit.permit(Lane::Interactive));
        assert!((&mut background).now_or_never().is_none() && (&mut interactive).now_or_never().is_none());
        drop(first);
        assert!((&mut background).now_or_never().is_none());
        let second = (&mut interactive).now_or_never().expect("its turn");
        drop(second);
        assert!((&mut background).now_or_never().is_some());
    }

    #[test]
    fn who_gave_up_waiting_costs_no_permit() {
        let limit = Limit::new(1);
        let first = limit.permit(Lane::Interactive).now_or_never();
        let mut gone = Box::pin(limit.permit(Lane::Interactive));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        drop(first);
        assert!(limit.permit(Lane::Background).now_or_never().is_some());
    }

    #[test]
    fn a_permit_that_was_sent_but_never_taken_comes_back() {
        let limit = Limit::new(1);
        let first = limit.permit(Lane::Interactive).now_or_never();
        let mut waiting = Box::pin(limit.permit(Lane::Interactive));
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        drop(waiting);
        assert!(limit.permit(Lane::Background).now_or_never().is_some());
    }
}
