//! Ctrl-C and similar signals, for changes that have to be closed before the program ends.

use std::io;

use crate::cli::CliError;

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::io;

    /// The streams of SIGINT, SIGTERM and SIGHUP.
    pub(crate) struct Interrupts {
        interrupt: Signal,
        terminate: Signal,
        hangup: Signal,
    }

    impl Interrupts {
        /// Starts to listen. From now on no signal is lost, and none ends the program by itself.
        pub(crate) fn listen() -> io::Result<Interrupts> {
            Ok(Interrupts {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
            })
        }

        /// Waits for the next interrupt.
        pub(crate) async fn next(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
                _ = self.hangup.recv() => {}
            }
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::io;

    /// The interrupts of systems without Unix signals: Ctrl-C.
    pub(crate) struct Interrupts;

    impl Interrupts {
        /// Starts to listen.
        pub(crate) fn listen() -> io::Result<Interrupts> {
            Ok(Interrupts)
        }

        /// Waits for the next interrupt.
        pub(crate) async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(not(unix))]
pub(crate) use elsewhere::Interrupts;
#[cfg(unix)]
pub(crate) use unix::Interrupts;

impl Interrupts {
    /// Returns the result of the future. Fails if an interrupt comes first. Must be used only with a future that may be
    /// dropped halfway.
    pub(crate) async fn run_until_interrupt<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, CliError> {
        tokio::select! {
            outcome = work => Ok(outcome),
            () = self.next() => Err(CliError::Interrupted),
        }
    }
}
