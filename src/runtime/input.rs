//! Keys and the mouse, read by a thread of its own. A key never waits for the network, and the loop can take all
//! pending events without waiting.
//!
//! On Unix the thread reads the bytes of the terminal itself: [`parser`] cuts them into pieces, and [`keys`] turns
//! pieces into events. crossterm's parser takes the rest of a sequence that it does not know for keys, and waits for
//! ever for the end of a sequence.

#[cfg(unix)]
mod keys;
#[cfg(unix)]
mod parser;
#[cfg(unix)]
mod tty;

use crossterm::event::Event;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

#[cfg(not(unix))]
use console::{TerminalReader, TerminalStopper};
#[cfg(unix)]
use tty::{TerminalReader, TerminalStopper};

/// The most events that may wait. A fast sender, such as a paste of keys, is slowed down instead of filling memory.
const QUEUE: usize = 1024;

/// The events of the terminal.
pub(crate) struct Input {
    events: Receiver<Event>,
    /// Ends the thread when it is dropped.
    stopper: Option<TerminalStopper>,
    /// Resolves when the thread has stopped reading.
    ended: oneshot::Receiver<()>,
}

impl Input {
    /// Starts to read. If no thread or no terminal is available, the input ends at once, as if the terminal were gone.
    pub(crate) fn start() -> Input {
        let (sender, events) = channel(QUEUE);
        let (ending, ended) = oneshot::channel();
        let opened = TerminalReader::open().and_then(|(reader, stopper)| {
            let work = move || {
                read_until_stopped(reader, &sender);
                drop(ending);
            };
            std::thread::Builder::new().name("keys".into()).spawn(work).map(|_| stopper)
        });
        let stopper = opened.inspect_err(|error| tracing::error!(%error, "keys cannot be read")).ok();
        Input { events, stopper, ended }
    }

    /// Returns an input without events, in the place of one that was stopped.
    pub(crate) fn silent() -> Input {
        let (_, events) = channel(1);
        let (_, ended) = oneshot::channel();
        Input { events, stopper: None, ended }
    }

    /// Returns the next event, or `None` if the terminal is gone.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Returns an event that is already there.
    pub(crate) fn try_next(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Stops reading, and returns when the thread no longer reads. Another program may have the terminal then.
    pub(crate) async fn stop(self) {
        drop(self.stopper);
        drop(self.events);
        // The thread answers by dropping its end.
        self.ended.await.ok();
    }
}

/// Passes events on to the loop. A thread that waits for the terminal itself hands a key to the loop in one step.
/// crossterm's stream would need two steps, and each is slow while other programs use all processors.
fn read_until_stopped(mut reader: TerminalReader, sender: &Sender<Event>) {
    while let Some(events) = reader.next() {
        for event in events {
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    }
}

#[cfg(not(unix))]
mod console {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use crossterm::event::{self, Event};

    /// Reads the console. Regularly checks whether it should stop, because nothing can wake it.
    pub(crate) struct TerminalReader(Arc<AtomicBool>);

    /// Stops the reader when it is dropped.
    pub(crate) struct TerminalStopper(Arc<AtomicBool>);

    impl TerminalReader {
        /// Returns a reader and its stopper. Nothing is read before `next` is called.
        pub(crate) fn open() -> io::Result<(TerminalReader, TerminalStopper)> {
            let is_over = Arc::new(AtomicBool::new(false));
            Ok((TerminalReader(Arc::clone(&is_over)), TerminalStopper(is_over)))
        }

        /// Returns the next events, or `None` if the reader was stopped or the console is gone.
        pub(crate) fn next(&mut self) -> Option<Vec<Event>> {
            while !event::poll(Duration::from_millis(100)).ok()? {
                if self.0.load(Ordering::SeqCst) {
                    return None;
                }
            }
            event::read().ok().map(|event| vec![event])
        }
    }

    impl Drop for TerminalStopper {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}
