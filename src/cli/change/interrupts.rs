//! Ctrl-C and similar signals, for work that has to be closed before the program ends.

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
        /// Nothing if it was ignored when the program began, as `nohup` wants it.
        hangup: Option<Signal>,
    }

    impl Interrupts {
        /// Starts to listen. From now on no signal is lost, and none ends the program by itself.
        pub(crate) fn listen() -> io::Result<Interrupts> {
            let hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
            Ok(Interrupts {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup,
            })
        }

        /// Waits for the next interrupt.
        pub(crate) async fn next(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
                Some(()) = next_hangup(&mut self.hangup) => {}
            }
        }
    }

    async fn next_hangup(hangup: &mut Option<Signal>) -> Option<()> {
        hangup.as_mut()?.recv().await
    }

    /// Returns whether SIGHUP is ignored. Only Linux tells without unsafe code.
    fn is_hangup_ignored() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        // The first bit is that of signal 1.
        ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
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
