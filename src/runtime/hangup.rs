//! The terminal may go without a word: a closed window under `nohup`, a dropped connection. Reading keys then spins or
//! sleeps for ever (crossterm, issue 793), so a thread waits for nothing but that.

/// How long the loop has to end by itself once the terminal is gone.
#[cfg(unix)]
const GRACE: std::time::Duration = std::time::Duration::from_millis(500);
/// The exit code of a process that lost its terminal: 128 + SIGHUP.
#[cfg(unix)]
const EXIT: i32 = 129;

/// Ends the process when the terminal is gone.
#[cfg(unix)]
pub fn watch() {
    use rustix::event::{PollFd, PollFlags, poll};

    let wait = || loop {
        let stdin = std::io::stdin();
        let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut terminal, None) {
            Ok(_) if terminal[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) => {
                tracing::info!("the terminal is gone");
                std::thread::sleep(GRACE);
                std::process::exit(EXIT);
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    };
    // Without the thread regtui works as well as any other program of its kind.
    std::thread::Builder::new().name("hangup".into()).spawn(wait).ok();
}

/// Consoles without hangups need no watch.
#[cfg(not(unix))]
pub fn watch() {}
