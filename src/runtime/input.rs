//! Keys and the mouse, read by a thread of their own: no work on the network comes before a key, and the loop can take all
//! that is there without waiting.
//!
//! On Unix the thread reads the terminal's bytes itself: [`pieces`] cuts them, [`keys`] says which are events. crossterm's
//! parser takes the rest of a sequence that it does not know for keys, and waits for the end of one for ever.

#[cfg(unix)]
mod keys;
#[cfg(unix)]
mod pieces;
#[cfg(unix)]
mod tty;

use crossterm::event::Event;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

#[cfg(not(unix))]
use console::{Reader, Stopper};
#[cfg(unix)]
use tty::{TtyReader, TtyStopper};

/// Events that may wait: a paste of keys slows its sender down instead of filling memory.
const QUEUE: usize = 1024;

/// The events of the terminal.
pub struct Input {
    events: Receiver<Event>,
    /// Tells the thread to end when it is dropped.
    stopper: Option<TtyStopper>,
    /// Answers when nothing is read any more.
    ended: oneshot::Receiver<()>,
}

impl Input {
    /// Reads from now on. Where no thread or no terminal can be had it is as if the terminal were gone.
    pub fn start() -> Input {
        let (sender, events) = channel(QUEUE);
        let (ending, ended) = oneshot::channel();
        let opened = TtyReader::open().and_then(|(reader, stopper)| {
            let work = move || {
                read_until_stopped(reader, &sender);
                drop(ending);
            };
            std::thread::Builder::new().name("keys".into()).spawn(work).map(|_| stopper)
        });
        let stopper = opened.inspect_err(|error| tracing::error!(%error, "keys cannot be read")).ok();
        Input { events, stopper, ended }
    }

    /// Reads nothing: in the place of the one that was stopped.
    pub fn silent() -> Input {
        let (_, events) = channel(1);
        let (_, ended) = oneshot::channel();
        Input { events, stopper: None, ended }
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
        drop(self.stopper);
        drop(self.events);
        // It answers by being dropped.
        self.ended.await.ok();
    }
}

/// Hands on what is read. From a thread that waits for the terminal itself a key is one hop from the loop; from crossterm's
/// stream it would be two, and each takes its time while others use all processors.
fn read_until_stopped(mut reader: TtyReader, sender: &Sender<Event>) {
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

    /// Reads the console. Looks now and then whether it should: nothing can wake it.
    pub struct Reader(Arc<AtomicBool>);

    /// Stops the reader when it is dropped.
    pub struct Stopper(Arc<AtomicBool>);

    impl TtyReader {
        /// Reads when it is asked to.
        pub fn open() -> io::Result<(TtyReader, TtyStopper)> {
            let is_over = Arc::new(AtomicBool::new(false));
            Ok((TtyReader(Arc::clone(&is_over)), TtyStopper(is_over)))
        }

        /// The next events; `None` if it was stopped or the console is gone.
        pub fn next(&mut self) -> Option<Vec<Event>> {
            while !event::poll(Duration::from_millis(100)).ok()? {
                if self.0.load(Ordering::SeqCst) {
                    return None;
                }
            }
            event::read().ok().map(|event| vec![event])
        }
    }

    impl Drop for TtyStopper {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}
