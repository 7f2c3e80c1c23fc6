//! What is typed on the terminal without being asked for: keys of somebody who is ahead, a paste.

pub use terminal::{forget, is_more};

#[cfg(unix)]
mod terminal {
    use std::io::{self, Stdin};
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::termios::{QueueSelector, tcflush};

    /// How long nothing comes when nothing more is to come: a terminal that pastes goes on at once when there is room.
    const QUIET: Duration = Duration::from_millis(300);
    /// How long the line of an answer stands alone.
    const ALONE: Duration = Duration::from_millis(100);
    /// How long a paste is thrown away before we give up.
    const LONGEST: Duration = Duration::from_secs(10);

    /// Throws away what was typed, until nothing comes any more: the system holds only a part of a long paste, and its
    /// rest comes as soon as there is room. False where it does not end.
    pub fn forget() -> bool {
        let stdin = io::stdin();
        let end = Instant::now() + LONGEST;
        loop {
            flush(&stdin);
            if !comes_within(&stdin, QUIET) {
                break;
            }
            if Instant::now() > end {
                return false;
            }
        }
        // Nobody is told of a line that has begun and not ended.
        flush(&stdin);
        true
    }

    /// Whether another line comes right behind one.
    pub fn is_more() -> bool {
        comes_within(&io::stdin(), ALONE)
    }

    fn flush(stdin: &Stdin) {
        // Where it fails nothing can have been typed.
        tcflush(stdin, QueueSelector::IFlush).ok();
    }

    /// Waits for a line. One that was hung up, or cannot be waited for, has none.
    fn comes_within(stdin: &Stdin, most: Duration) -> bool {
        let end = Instant::now() + most;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            let mut terminal = [PollFd::new(stdin, PollFlags::IN)];
            match poll(&mut terminal, Some(&timeout)) {
                Ok(0) => return false,
                Err(Errno::INTR) => {}
                Err(_) => return false,
                Ok(_) => {
                    let events = terminal[0].revents();
                    return events.contains(PollFlags::IN)
                        && !events.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
                }
            }
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    /// Nothing can be thrown away here.
    pub fn forget() -> bool {
        true
    }

    /// Nothing can be waited for here.
    pub fn is_more() -> bool {
        false
    }
}
