//! The terminal: taken, lent to others for a while, and always given back.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;

/// Bytes of a frame that are gathered before they are written: a whole one, as a rule.
const BUFFER: usize = 64 * 1024;
/// Most bytes of text that terminals take by OSC 52.
const MOST_COPIED: usize = 74_000;

/// Whether the terminal is ours now. Global, because a panic must be able to give it back.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal: raw mode, the alternate screen, the mouse if it is wanted.
    pub fn enter(mouse: bool) -> io::Result<Terminal> {
        take(mouse)?;
        let out = BufWriter::with_capacity(BUFFER, io::stdout());
        let inner = ratatui::Terminal::new(CrosstermBackend::new(out)).inspect_err(|_| give_back())?;
        Ok(Terminal { inner, mouse })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.inner.size().map(|size| (size.width, size.height))
    }

    /// Draws a frame; the terminal shows it at once or not at all.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(view)?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the screen, so that the next frame draws every cell.
    pub fn forget_frame(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    /// Gives the terminal to somebody else and takes it again.
    pub fn lend<T>(&mut self, borrower: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let outcome = borrower();
        take(self.mouse)?;
        self.inner.clear()?;
        Ok(outcome)
    }

    /// Asks the terminal to put text on its clipboard (OSC 52), which works over SSH; says whether it was short enough.
    pub fn copy(&mut self, text: &str) -> io::Result<bool> {
        if text.len() > MOST_COPIED {
            return Ok(false);
        }
        execute!(self.inner.backend_mut(), CopyToClipboard::to_clipboard_from(text))?;
        Ok(true)
    }

    /// Gives the terminal back for good.
    pub fn leave(&mut self) {
        give_back();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    IS_OURS.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    execute!(out, EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back if it is ours. Errors are of no use here: there is nothing else to try.
pub fn give_back() {
    if IS_OURS.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        execute!(
            out,
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        )
        .ok();
        disable_raw_mode().ok();
        out.flush().ok();
    }
}
