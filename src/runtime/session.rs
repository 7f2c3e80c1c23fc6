//! The writing of the session: a while after it has changed, so that not each key reaches the disk, and at the end. Nothing
//! is awake while nothing changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::model::session::Session;
use crate::store::session;
use crate::store::state::StateStore;

/// The usual time for which changes are collected before they are written.
const PAUSE: Duration = Duration::from_secs(10);

/// Writes the newest session.
#[derive(Debug)]
pub(super) struct SessionKeeper {
    waiting: Arc<WaitingSession>,
    state: StateStore,
    writer: Option<JoinHandle<()>>,
    /// The time for which changes are collected.
    pause: Duration,
}

/// The session that is to be written.
#[derive(Debug, Default)]
struct WaitingSession {
    newest: Mutex<NewestSession>,
    /// Ends all pauses.
    end: CancellationToken,
}

#[derive(Debug, Default)]
struct NewestSession {
    session: Option<Session>,
    /// Whether a task will write it.
    is_scheduled: bool,
}

impl WaitingSession {
    fn newest(&self) -> MutexGuard<'_, NewestSession> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the session. If there is none, the task that asks for it ends.
    fn take(&self) -> Option<Session> {
        let mut newest = self.newest();
        let session = newest.session.take();
        newest.is_scheduled = session.is_some();
        session
    }
}

impl SessionKeeper {
    /// Creates the keeper of sessions in this state; nothing runs yet.
    pub(super) fn new(state: StateStore) -> SessionKeeper {
        SessionKeeper { waiting: Arc::default(), state, writer: None, pause: PAUSE }
    }

    /// Writes the session after a pause, unless a newer one comes in it.
    pub(super) fn keep(&mut self, session: Session) {
        let mut newest = self.waiting.newest();
        newest.session = Some(session);
        if std::mem::replace(&mut newest.is_scheduled, true) {
            return;
        }
        drop(newest);
        let (waiting, state, pause) = (self.waiting.clone(), self.state.clone(), self.pause);
        self.writer = Some(tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = waiting.end.cancelled() => {}
                }
                let Some(session) = waiting.take() else { return };
                write(state.clone(), session).await;
            }
        }));
    }

    /// Writes the changes that have not been written yet.
    pub(super) async fn finish(&mut self) {
        self.waiting.end.cancel();
        if let Some(writer) = self.writer.take() {
            // A write that panicked has been reported.
            writer.await.ok();
        }
    }
}

/// Writes a session. A failure costs only the restoring of it, so that it is no message to the user.
async fn write(state: StateStore, session: Session) {
    let written = tokio::task::spawn_blocking(move || session::write(&state, &session)).await;
    if let Err(error) = written.map_err(std::io::Error::other).flatten() {
        tracing::warn!(%error, "the session cannot be stored");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::Host;

    fn session(host: &str) -> Session {
        Session { selected: Some(Host::parse(host).expect("a host")), ..Session::default() }
    }

    #[tokio::test]
    async fn the_newest_of_many_sessions_is_written_after_the_pause_and_the_last_one_at_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = StateStore::new(Some(folder.path().join("regtui")));
        let mut keeper =
            SessionKeeper { pause: Duration::from_millis(1), ..SessionKeeper::new(state.clone()) };
        for host in ["a.test", "b.test"] {
            keeper.keep(session(host));
        }
        keeper.writer.take().expect("a task").await.expect("it ends by itself");
        assert_eq!(session::read(&state), Some(session("b.test")));
        keeper.pause = PAUSE * 1000;
        for host in ["c.test", "d.test"] {
            keeper.keep(session(host));
        }
        assert_eq!(session::read(&state), Some(session("b.test")), "nothing is written for each change");
        keeper.finish().await;
        assert_eq!(session::read(&state), Some(session("d.test")));
    }

    #[tokio::test]
    async fn nothing_is_written_without_a_place() {
        let mut keeper = SessionKeeper::new(StateStore::new(None));
        keeper.keep(session("a.test"));
        keeper.finish().await;
    }
}
