//! Ctrl-C and its kin, for work that has to be closed before the end.

use std::io;

use crate::cli::CliError;

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::io;

    /// SIGINT, SIGTERM and SIGHUP, from now on.
    pub struct Interrupts {
        interrupt: Signal,
        terminate: Signal,
        hangup: Signal,
    }

    impl Interrupts {
        /// Listens from now on: none is lost, none ends the program by itself.
        pub fn listen() -> io::Result<Interrupts> {
            Ok(Interrupts {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
            })
        }

        /// The next one.
        pub async fn next(&mut self) {
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

    /// Ctrl-C.
    pub struct Interrupts;

    impl Interrupts {
        /// Listens from now on.
        pub fn listen() -> io::Result<Interrupts> {
            Ok(Interrupts)
        }

        /// The next one.
        pub async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(not(unix))]
pub use elsewhere::Interrupts;
#[cfg(unix)]
pub use unix::Interrupts;

impl Interrupts {
    /// What the future says, unless an interrupt comes first. Only for what may be dropped in the middle.
    pub async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, CliError> {
        tokio::select! {
            outcome = work => Ok(outcome),
            () = self.next() => Err(CliError::Interrupted),
        }
    }
}
