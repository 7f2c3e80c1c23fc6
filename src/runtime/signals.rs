//! Signals: those that end us, and the one that stops us for a while.

use std::io;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, SIGTERM, SIGHUP.
    End,
    /// SIGTSTP.
    Stop,
}

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Signal, io};

    /// The signals that come.
    pub struct Signals {
        interrupt: Stream,
        terminate: Stream,
        hangup: Stream,
        stop: Stream,
    }

    impl Signals {
        /// Listens from now on.
        pub fn listen() -> io::Result<Signals> {
            Ok(Signals {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
                stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            })
        }

        /// The next signal.
        pub async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::End,
                _ = self.terminate.recv() => Signal::End,
                _ = self.hangup.recv() => Signal::End,
                _ = self.stop.recv() => Signal::Stop,
            }
        }
    }

    /// Stops this process until it is told to go on.
    pub fn stop() {
        // SIGTSTP is listened to, so it would only come back to us.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP).ok();
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::{Signal, io};

    /// The signals that come.
    pub struct Signals;

    impl Signals {
        /// Listens from now on.
        pub fn listen() -> io::Result<Signals> {
            Ok(Signals)
        }

        /// The next signal.
        pub async fn next(&mut self) -> Signal {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Signal::End,
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// There is no stopping here.
    pub fn stop() {}
}

#[cfg(not(unix))]
pub use elsewhere::{Signals, stop};
#[cfg(unix)]
pub use unix::{Signals, stop};
