//! Keys and the mouse, read by a thread of their own: no work on the network comes before a key, and the loop can take all
//! that is there without waiting.

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// Events that may wait: a paste of keys slows its sender down instead of filling memory.
const QUEUE: usize = 1024;

/// The events of the terminal.
pub struct Input {
    events: Receiver<Event>,
    /// Dropped to stop the thread.
    stop: oneshot::Sender<()>,
    /// Answers when nothing is read any more.
    ended: oneshot::Receiver<()>,
}

impl Input {
    /// Reads from now on. Where no thread can be had it is as if the terminal were gone.
    pub fn start() -> Input {
        let (sender, events) = channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        let work = move || {
            // Nothing but the stream's own waker is waited for: no driver is needed.
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
                runtime.block_on(read_until(stopped, sender));
            }
            drop(ending);
        };
        if let Err(error) = std::thread::Builder::new().name("keys".into()).spawn(work) {
            tracing::error!(%error, "keys cannot be read");
        }
        Input { events, stop, ended }
    }

    /// Reads nothing: in the place of the one that was stopped.
    pub fn silent() -> Input {
        let (_, events) = channel(1);
        let (stop, _) = oneshot::channel();
        let (_, ended) = oneshot::channel();
        Input { events, stop, ended }
    }

    /// The next event; none when the terminal is gone.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Stops reading, and returns when nothing is read any more: others may have the terminal then.
    pub async fn stop(self) {
        drop((self.stop, self.events));
        // It answers by being dropped.
        self.ended.await.ok();
    }
}

async fn read_until(stopped: oneshot::Receiver<()>, sender: Sender<Event>) {
    let read = async move {
        let mut stream = EventStream::new();
        while let Some(Ok(event)) = stream.next().await {
            if sender.send(event).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        _ = stopped => {}
        () = read => {}
    }
}
