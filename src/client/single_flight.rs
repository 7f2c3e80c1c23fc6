//! Joins equal questions that are asked at the same time: the second one waits for the answer to the first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// The questions that are being asked.
#[derive(Debug)]
pub(crate) struct Joined<K, V>(Mutex<HashMap<K, Arc<OnceCell<V>>>>);

impl<K, V> Default for Joined<K, V> {
    fn default() -> Joined<K, V> {
        Joined(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Joined<K, V> {
    /// Returns the answer of `ask`, or of an equal question under way. If the caller that asks gives up, the next
    /// waiting caller asks.
    pub(crate) async fn run_once(&self, key: K, ask: impl Future<Output = V>) -> V {
        let cell = self.lock().entry(key.clone()).or_default().clone();
        let _end = JoinGuard { all: self, key, cell: cell.clone() };
        cell.get_or_init(|| ask).await.clone()
    }

    /// Forgets a question, because its subject has changed. Later callers get an answer of their own.
    pub(crate) fn forget(&self, key: &K) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, Arc<OnceCell<V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a question when it is answered, or when the last waiting caller has gone.
struct JoinGuard<'a, K: Hash + Eq + Clone, V: Clone> {
    all: &'a Joined<K, V>,
    key: K,
    cell: Arc<OnceCell<V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Drop for JoinGuard<'_, K, V> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // The map and this guard hold the cell; any other holder still waits.
        let is_over = self.cell.initialized() || Arc::strong_count(&self.cell) <= 2;
        if is_over && all.get(&self.key).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell)) {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn the_second_one_waits_for_the_first() {
        let joined = Joined::default();
        let (open, gate) = oneshot::channel::<()>();
        let asked = AtomicUsize::new(0);
        let first = joined.run_once(1, async {
            asked.fetch_add(1, Ordering::Relaxed);
            gate.await.ok();
            "answer"
        });
        let second = joined.run_once(1, async { "not asked" });
        let open = async { open.send(()).expect("somebody waits") };
        assert_eq!(futures_util::join!(first, second, open), ("answer", "answer", ()));
        assert_eq!((asked.into_inner(), joined.lock().len()), (1, 0));
    }

    #[tokio::test]
    async fn when_the_first_gives_up_the_second_asks() {
        let joined = Joined::default();
        let mut first = Box::pin(joined.run_once(1, std::future::pending()));
        let mut second = Box::pin(joined.run_once(1, async { "mine" }));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(first);
        assert_eq!(second.await, "mine");
        assert!(joined.lock().is_empty());
    }
}
