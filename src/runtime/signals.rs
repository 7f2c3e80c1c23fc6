//! Signals: those that end the process, the one that stops it for a while, and the one that reports a new size of the
//! terminal.

use std::io;

/// The request that a signal makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT: to end, unless the signal is meant for the program that has the terminal now.
    Interrupt,
    /// SIGTERM, SIGHUP or SIGQUIT: to end.
    End,
    /// SIGTSTP: to stop until the shell continues the job.
    Stop,
    /// SIGCONT: to go on. Another program may have had the terminal meanwhile.
    Continue,
    /// SIGWINCH: the terminal has another size.
    Resize,
}

#[cfg(unix)]
mod unix {
    use rustix::process;
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::{Signal, io};

    /// The streams of the signals.
    pub(crate) struct Signals {
        interrupt: Stream,
        terminate: Stream,
        hangup: Stream,
        quit: Stream,
        stop: Stream,
        resume: Stream,
        resize: Stream,
    }

    impl Signals {
        /// Starts to listen.
        pub(crate) fn listen() -> io::Result<Signals> {
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

        /// Returns the next signal.
        pub(crate) async fn next(&mut self) -> Signal {
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

    /// Returns whether a shell would continue a stopped job. A shell with job control gives each job a process group of
    /// its own. In the group of the session's leader there is no such shell, and the process would stay stopped for
    /// ever.
    pub(crate) fn can_stop() -> bool {
        process::getsid(None).is_ok_and(|session| session != process::getpgrp())
    }

    /// Stops the job, which may be more than this process (`cargo run`), until the shell continues it. Does nothing if
    /// no shell would.
    pub(crate) fn stop_job() {
        if can_stop() {
            // The process listens to SIGTSTP, so that signal would only come back to it.
            process::kill_current_process_group(process::Signal::STOP).ok();
        }
    }

    /// Stops this process only. The sender of the signal has told the other processes of the job to stop, too. Does
    /// nothing if no shell would continue it.
    pub(crate) fn stop_alone() {
        if can_stop() {
            process::kill_process(process::getpid(), process::Signal::STOP).ok();
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::{Signal, io};

    /// The signals of systems without Unix signals: Ctrl-C.
    pub(crate) struct Signals;

    impl Signals {
        /// Starts to listen.
        pub(crate) fn listen() -> io::Result<Signals> {
            Ok(Signals)
        }

        /// Returns the next signal.
        pub(crate) async fn next(&mut self) -> Signal {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Signal::Interrupt,
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// Returns `false`: a process cannot be stopped here.
    pub(crate) fn can_stop() -> bool {
        false
    }

    /// Does nothing: a process cannot be stopped here.
    pub(crate) fn stop_job() {}

    /// Does nothing: a process cannot be stopped here.
    pub(crate) fn stop_alone() {}
}

#[cfg(not(unix))]
pub(crate) use elsewhere::{Signals, can_stop, stop_alone, stop_job};
#[cfg(unix)]
pub(crate) use unix::{Signals, can_stop, stop_alone, stop_job};
