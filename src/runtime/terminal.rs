//! The terminal: taken, lent to other programs for a while, and always given back.

use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, TerminalOptions, Viewport};

use super::clipboard::{self, ClipboardMethod};
use crate::model::clip::ClipText;

/// The size of the buffer for a frame, in bytes. Usually a whole frame fits.
const BUFFER: usize = 64 * 1024;
/// The most columns and rows that are used. A terminal may claim 65,535 of each, and so many cells fill 200 GB.
const LARGEST: (u16, u16) = (1000, 500);

/// Whether regtui has the terminal now. Global, because a panic must be able to give the terminal back.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// The terminal while regtui has it.
pub(crate) struct Terminal {
    /// Never dropped: dropping would write the rest of a frame, and report an error if the terminal is gone.
    inner: ManuallyDrop<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal: raw mode, the alternate screen, and the mouse if `mouse` is set.
    pub(crate) fn enter(mouse: bool) -> io::Result<Terminal> {
        let inner = take(mouse).and_then(|()| open()).inspect_err(|_| restore())?;
        Ok(Terminal { inner: ManuallyDrop::new(inner), mouse })
    }

    /// Takes the terminal again after another program had it. Its size may have changed, and the screen is empty.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        restore();
        take(self.mouse)?;
        self.resize().map(|_| ())
    }

    /// Adopts the current size of the terminal and returns it in columns and rows. Forgets the contents of the screen,
    /// so that the next frame draws every cell.
    pub(crate) fn resize(&mut self) -> io::Result<(u16, u16)> {
        let area = usable(self.inner.size()?);
        // `clear` would ask the terminal for the position of the cursor, and wait for an answer that may not come.
        self.inner.resize(area)?;
        Ok((area.width, area.height))
    }

    /// Draws a frame. The terminal shows it at once or not at all.
    pub(crate) fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(view)?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }

    /// Asks the terminal to put text on its clipboard (OSC 52), which also works over SSH. Returns whether it was
    /// asked.
    pub(crate) fn copy(&mut self, text: &ClipText, method: ClipboardMethod) -> io::Result<bool> {
        let Some(sequence) = clipboard::sequence(text, method) else { return Ok(false) };
        let out = self.inner.backend_mut();
        out.write_all(sequence.as_bytes())?;
        io::Write::flush(out)?;
        Ok(true)
    }

    /// Gives the terminal back, for good or until [`Terminal::resume`].
    pub(crate) fn leave(&mut self) {
        restore();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn open() -> io::Result<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER, io::stdout()));
    let viewport = Viewport::Fixed(usable(backend.size()?));
    ratatui::Terminal::with_options(backend, TerminalOptions { viewport })
}

fn usable(size: Size) -> Rect {
    Rect::new(0, 0, size.width.min(LARGEST.0), size.height.min(LARGEST.1))
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

/// Gives the terminal back if regtui has it. Errors are ignored, because there is nothing else to try.
pub(crate) fn restore() {
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
