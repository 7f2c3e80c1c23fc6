//! The terminal as a file of bytes. Waiting for it needs no polling, and it can be released at once to another program.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use filedescriptor::{POLLIN, poll, pollfd};

use super::keys;
use super::parser::InputParser;

/// The most bytes that are read at once.
const MOST_AT_ONCE: usize = 64 * 1024;

/// Reads the terminal.
pub(crate) struct TerminalReader {
    tty: File,
    /// The end of a pair; its other end is closed when the reader has to stop.
    stop: UnixStream,
    pieces: InputParser,
    buffer: Vec<u8>,
}

/// Stops the reader when it is dropped.
pub(crate) struct TerminalStopper {
    _other_end: UnixStream,
}

/// The reason why a wait ended.
enum Woken {
    Bytes,
    Silence,
    Stop,
}

impl TerminalReader {
    /// Opens the terminal: standard input, or the controlling terminal of the process if standard input is no terminal.
    pub(crate) fn open() -> io::Result<(TerminalReader, TerminalStopper)> {
        let stdin = io::stdin();
        let tty = if stdin.is_terminal() {
            File::from(stdin.as_fd().try_clone_to_owned()?)
        } else {
            File::open("/dev/tty")?
        };
        TerminalReader::of(tty)
    }

    fn of(tty: File) -> io::Result<(TerminalReader, TerminalStopper)> {
        let (stop, other_end) = UnixStream::pair()?;
        let buffer = vec![0; MOST_AT_ONCE];
        Ok((
            TerminalReader { tty, stop, pieces: InputParser::default(), buffer },
            TerminalStopper { _other_end: other_end },
        ))
    }

    /// Waits for events; the list may be empty. Returns `None` if the reader was stopped or the terminal is gone.
    pub(crate) fn next(&mut self) -> Option<Vec<Event>> {
        let pieces = match self.wait(self.pieces.timeout(Instant::now())).ok()? {
            Woken::Stop => return None,
            Woken::Silence => self.pieces.end(Instant::now()).into_iter().collect(),
            Woken::Bytes => {
                let length = match self.tty.read(&mut self.buffer) {
                    Ok(0) => return None,
                    Ok(length) => length,
                    Err(error) if is_passing(&error) => 0,
                    Err(_) => return None,
                };
                self.pieces.take(&self.buffer[..length], Instant::now())
            }
        };
        Some(pieces.into_iter().filter_map(keys::event).collect())
    }

    fn wait(&self, most: Option<Duration>) -> io::Result<Woken> {
        let waiting = |fd| pollfd { fd, events: POLLIN, revents: 0 };
        let mut both = [waiting(self.tty.as_raw_fd()), waiting(self.stop.as_raw_fd())];
        loop {
            match poll(&mut both, most) {
                Ok(0) => return Ok(Woken::Silence),
                Ok(_) if both[1].revents != 0 => return Ok(Woken::Stop),
                Ok(_) => return Ok(Woken::Bytes),
                Err(filedescriptor::Error::Poll(error)) if is_passing(&error) => {}
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    fn opened() -> (UnixStream, TerminalReader, TerminalStopper) {
        let (terminal, other) = UnixStream::pair().expect("a pair");
        let (reader, stopper) = TerminalReader::of(File::from(OwnedFd::from(other))).expect("a reader");
        (terminal, reader, stopper)
    }

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn next(reader: &mut TerminalReader) -> Vec<Event> {
        std::iter::from_fn(|| reader.next()).find(|events| !events.is_empty()).expect("events")
    }

    #[test]
    fn escape_alone_comes_when_nothing_follows_it() {
        let (mut terminal, mut reader, _stopper) = opened();
        terminal.write_all(b"\x1b").expect("it is read");
        assert_eq!(next(&mut reader), [key(KeyCode::Esc)]);
    }

    #[test]
    fn half_a_sequence_keeps_no_key() {
        let (mut terminal, mut reader, _stopper) = opened();
        terminal.write_all(b"\x1b[<0;10;").expect("it is read");
        assert_eq!(reader.next(), Some(Vec::new()), "the bytes");
        assert_eq!(reader.next(), Some(Vec::new()), "their end");
        terminal.write_all(b"j").expect("it is read");
        assert_eq!(next(&mut reader), [key(KeyCode::Char('j'))]);
    }

    #[test]
    fn a_reader_that_is_stopped_leaves_the_bytes_to_others() {
        let (mut terminal, mut reader, stopper) = opened();
        drop(stopper);
        terminal.write_all(b"j").expect("it is kept");
        assert_eq!(reader.next(), None);
        let mut left = [0];
        reader.tty.read_exact(&mut left).expect("the byte is still there");
        assert_eq!(&left, b"j");
    }

    #[test]
    fn a_terminal_that_is_gone_ends_the_reader() {
        let (terminal, mut reader, _stopper) = opened();
        drop(terminal);
        assert_eq!(reader.next(), None);
    }
}
