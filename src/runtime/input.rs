//! Keys and the mouse, read by a thread of their own: no work on the network comes before a key, and the loop can take all
//! that is there without waiting.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{self, Event};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::signals;

/// Events that may wait: a paste of keys slows its sender down instead of filling memory.
const QUEUE: usize = 1024;

/// The events of the terminal.
pub struct Input {
    events: Receiver<Event>,
    /// Tells the thread to end.
    is_over: Arc<AtomicBool>,
    /// Answers when nothing is read any more.
    ended: oneshot::Receiver<()>,
}

impl Input {
    /// Reads from now on. Where no thread can be had it is as if the terminal were gone.
    pub fn start() -> Input {
        // From here on the reader hears SIGWINCH, which ends its wait. What fails here fails again where it is read.
        event::poll(Duration::ZERO).ok();
        let (sender, events) = channel(QUEUE);
        let (ending, ended) = oneshot::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let work = move || {
            read_until(&told, &sender);
            drop(ending);
        };
        if let Err(error) = std::thread::Builder::new().name("keys".into()).spawn(work) {
            tracing::error!(%error, "keys cannot be read");
        }
        Input { events, is_over, ended }
    }

    /// Reads nothing: in the place of the one that was stopped.
    pub fn silent() -> Input {
        let (_, events) = channel(1);
        let (_, ended) = oneshot::channel();
        Input { events, is_over: Arc::default(), ended }
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
        self.is_over.store(true, Ordering::SeqCst);
        signals::wake_reader();
        drop(self.events);
        // It answers by being dropped.
        self.ended.await.ok();
    }
}

/// Hands on what is read. From a thread that waits for the terminal itself a key is one hop from the loop; from crossterm's
/// stream it would be two, and each takes its time while others use all processors.
fn read_until(is_over: &AtomicBool, sender: &Sender<Event>) {
    while let Ok(event) = next(is_over)
        && !is_over.load(Ordering::SeqCst)
        && sender.blocking_send(event).is_ok()
    {}
}

/// Waits for an event; [`signals::wake_reader`] makes one.
#[cfg(unix)]
fn next(_: &AtomicBool) -> io::Result<Event> {
    event::read()
}

/// Waits for an event, and looks now and then whether it should: nothing can wake it.
#[cfg(not(unix))]
fn next(is_over: &AtomicBool) -> io::Result<Event> {
    while !event::poll(Duration::from_millis(100))? {
        if is_over.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    event::read()
}
