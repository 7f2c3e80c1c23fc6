//! Input that was typed on the terminal before a question: keys typed ahead, or a paste.

pub(crate) use terminal::forget;
pub(crate) use terminal::is_more;

#[cfg(unix)]
mod terminal {
    use std::io::{self, Stdin};
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::termios::{QueueSelector, tcflush};

    /// How long nothing must arrive before the input counts as ended. A terminal that pastes continues at once when
    /// there is room.
    const QUIET: Duration = Duration::from_millis(300);
    /// How long no other line may follow the line of an answer.
    const ALONE: Duration = Duration::from_millis(100);
    /// The longest time for which a paste is discarded.
    const LONGEST: Duration = Duration::from_secs(10);

    /// Discards the typed input until nothing more arrives. The system holds only a part of a long paste, and the rest
    /// arrives as soon as there is room. Returns false if the input does not end.
    pub(crate) fn forget() -> bool {
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
        // `poll` does not report a line that has begun and not ended.
        flush(&stdin);
        true
    }

    /// Returns whether another line follows at once.
    pub(crate) fn is_more() -> bool {
        comes_within(&io::stdin(), ALONE)
    }

    fn flush(stdin: &Stdin) {
        // If this fails, nothing can have been typed.
        tcflush(stdin, QueueSelector::IFlush).ok();
    }

    /// Waits for a line, and returns whether one came. Returns false if the terminal is gone or cannot be polled.
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
    /// Does nothing and returns true: input cannot be discarded here.
    pub(crate) fn forget() -> bool {
        true
    }

    /// Returns false: input cannot be waited for here.
    pub(crate) fn is_more() -> bool {
        false
    }
}
