//! The terminal may go without a word: a closed window under `nohup`, a dropped connection. Reading keys then spins or
//! sleeps for ever (crossterm, issue 793), so a thread waits for nothing but that.

/// Ends the process when the terminal is gone.
#[cfg(unix)]
pub fn watch() {
    // Without the thread regtui works as well as any other program of its kind.
    std::thread::Builder::new().name("hangup".into()).spawn(unix::wait).ok();
}

/// Whether the terminal is gone: nothing can be written to it, and nobody would read it.
#[cfg(unix)]
pub fn is_gone() -> bool {
    rustix::termios::tcgetattr(std::io::stdin()).is_err()
}

/// Consoles without hangups need no watch.
#[cfg(not(unix))]
pub fn watch() {}

/// Consoles do not hang up.
#[cfg(not(unix))]
pub fn is_gone() -> bool {
    false
}

#[cfg(unix)]
mod unix {
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    /// How long the loop has to end by itself once the terminal is gone.
    const GRACE: Duration = Duration::from_millis(500);
    /// How often a terminal that cannot be polled is looked at.
    const LOOK: Duration = Duration::from_secs(1);
    /// The exit code of a process that lost its terminal: 128 + SIGHUP.
    const EXIT: i32 = 129;

    /// Waits for the end of the terminal.
    pub fn wait() {
        if poll_until_gone().is_err() {
            look_until_gone();
        }
        tracing::info!("the terminal is gone");
        std::thread::sleep(GRACE);
        std::process::exit(EXIT);
    }

    /// Sleeps until the terminal hangs up. Fails where terminals cannot be polled, as on macOS.
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
