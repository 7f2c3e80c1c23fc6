//! A watch for the loss of the terminal, which may come without a signal: a closed window under `nohup`, or a dropped
//! connection. Reading keys then spins or sleeps for ever (crossterm, issue 793), so a thread watches only for this.

/// Starts the thread that ends the process when the terminal is gone.
#[cfg(unix)]
pub(crate) fn watch_terminal() {
    // If the thread cannot be started, regtui still works as well as any other program of its kind.
    std::thread::Builder::new().name("hangup".into()).spawn(unix::wait).ok();
}

/// Returns whether the terminal is gone: nothing can be written to it, and no user would read it.
#[cfg(unix)]
pub(crate) fn is_gone() -> bool {
    rustix::termios::tcgetattr(std::io::stdin()).is_err()
}

/// Does nothing: consoles of other systems have no hangups.
#[cfg(not(unix))]
pub(crate) fn watch_terminal() {}

/// Returns `false`: consoles of other systems have no hangups.
#[cfg(not(unix))]
pub(crate) fn is_gone() -> bool {
    false
}

#[cfg(unix)]
mod unix {
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    /// How long the loop may take to end by itself after the terminal is gone.
    const GRACE: Duration = Duration::from_millis(500);
    /// The time between two checks of a terminal that cannot be polled.
    const LOOK: Duration = Duration::from_secs(1);
    /// The exit code of a process that lost its terminal: 128 + SIGHUP.
    const EXIT: i32 = 129;

    /// Waits until the terminal is gone, then ends the process.
    pub(crate) fn wait() {
        if poll_until_gone().is_err() {
            look_until_gone();
        }
        tracing::info!("the terminal is gone");
        std::thread::sleep(GRACE);
        std::process::exit(EXIT);
    }

    /// Sleeps until the terminal hangs up. Fails if terminals cannot be polled, as on macOS.
    fn poll_until_gone() -> Result<(), Errno> {
        let stdin = std::io::stdin();
        loop {
            let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
            match poll(&mut terminal, None) {
                Ok(_) if terminal[0].revents().contains(PollFlags::NVAL) => return Err(Errno::INVAL),
                Ok(_) if terminal[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn look_until_gone() {
        while !super::is_gone() {
            std::thread::sleep(LOOK);
        }
    }
}
