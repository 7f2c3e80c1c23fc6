//! Signals: those that end us, the one that stops us for a while, and the one that says the terminal has another size.

use std::io;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: end, unless it is meant for the program that has the terminal now.
    Interrupt,
    /// SIGTERM, SIGHUP, SIGQUIT.
    End,
    /// SIGTSTP.
    Stop,
    /// SIGCONT: somebody else may have had the terminal.
    Continue,
    /// SIGWINCH: the terminal has another size.
    Resize,
}

#[cfg(unix)]
mod unix {
    use rustix::process;
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Signal, io};

    /// The signals that come.
    pub struct Signals {
        interrupt: Stream,
        terminate: Stream,
        hangup: Stream,
        quit: Stream,
        stop: Stream,
        resume: Stream,
        resize: Stream,
    }

    impl Signals {
        /// Listens from now on.
        pub fn listen() -> io::Result<Signals> {
            Ok(Signals {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
                quit: signal(SignalKind::quit())?,
                stop: signal(SignalKind::from_raw(process::Signal::TSTP.as_raw()))?,
                resume: signal(SignalKind::from_raw(process::Signal::CONT.as_raw()))?,
                resize: signal(SignalKind::window_change())?,
            })
        }

        /// The next signal.
        pub async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.terminate.recv() => Signal::End,
                _ = self.hangup.recv() => Signal::End,
                _ = self.quit.recv() => Signal::End,
                _ = self.interrupt.recv() => Signal::Interrupt,
                _ = self.stop.recv() => Signal::Stop,
                _ = self.resume.recv() => Signal::Continue,
                _ = self.resize.recv() => Signal::Resize,
            }
        }
    }

    /// Whether there is a shell that would wake us. A shell with job control gives each job a process group of its own;
    /// in the group of the session's leader there is none, and stopping would be for ever.
    pub fn can_stop() -> bool {
        process::getsid(None).is_ok_and(|session| session != process::getpgrp())
    }

    /// Stops the job, which may be more than this process (`cargo run`), until the shell wakes it; where there is none it
    /// goes on.
    pub fn stop_job() {
        if can_stop() {
            // SIGTSTP is listened to, so it would only come back to us.
            process::kill_current_process_group(process::Signal::STOP).ok();
        }
    }

    /// Stops this process only: the others of the job were told to stop by whoever told us. Where no shell would wake it,
    /// it goes on, as they do.
    pub fn stop_alone() {
        if can_stop() {
            process::kill_process(process::getpid(), process::Signal::STOP).ok();
        }
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
                Ok(()) => Signal::Interrupt,
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// There is no stopping here.
    pub fn can_stop() -> bool {
        false
    }

    /// There is no stopping here.
    pub fn stop_job() {}

    /// There is no stopping here.
    pub fn stop_alone() {}
}

#[cfg(not(unix))]
pub use elsewhere::{Signals, can_stop, stop_alone, stop_job};
#[cfg(unix)]
pub use unix::{Signals, can_stop, stop_alone, stop_job};
