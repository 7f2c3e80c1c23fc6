//! Keys and the mouse, read by a task of its own: the loop can then take all that is there without waiting.

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;

/// Events that may wait: a paste of keys slows its sender down instead of filling memory.
const QUEUE: usize = 1024;

/// The events of the terminal.
pub struct Input {
    events: Receiver<Event>,
    reader: JoinHandle<()>,
}

impl Input {
    /// Reads from now on.
    pub fn start() -> Input {
        let (sender, events) = channel(QUEUE);
        let reader = tokio::spawn(async move {
            let mut stream = EventStream::new();
            while let Some(Ok(event)) = stream.next().await {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        Input { events, reader }
    }

    /// Reads nothing: in the place of the one that was stopped.
    pub fn silent() -> Input {
        let (_, events) = channel(1);
        Input { events, reader: tokio::spawn(async {}) }
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
        self.reader.abort();
        // It ends by being aborted.
        self.reader.await.ok();
    }
}
