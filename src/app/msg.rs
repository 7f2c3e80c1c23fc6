//! Everything that can happen.

use crossterm::event::{KeyEvent, MouseEvent};

use super::jobs::JobId;
use super::panes::details::files::reading::{FilesProgress, FilesSnapshot};
use super::questions::{Answer, Slot};
use super::remote::Ticket;
use crate::model::change::progress::{Lookups, Progress, Report};
use crate::model::failure::Failure;
use crate::model::reference::Host;
use crate::model::request_line::{AwaitedRequest, RequestLine};
use crate::model::server::Identity;
use crate::model::since::SinceProgress;
use crate::model::text::SafeText;

/// A message: one thing that happened.
#[derive(Debug)]
pub enum Msg {
    /// The user pressed a key.
    Key(KeyEvent),
    /// The user used the mouse.
    Mouse(MouseEvent),
    /// The user pasted text.
    Pasted(String),
    /// The terminal has this number of columns and rows now.
    Resized(u16, u16),
    /// Time passed. Sent only while something on the screen moves by itself.
    Ticked,
    /// Nothing else happens, so a part of the remaining work can be done: see `app::has_more_to_do`.
    Idle,
    /// A question was answered.
    Answered(Slot, Ticket, Answer),
    /// Files are being read for this question: the progress, and the files so far if there are more than before.
    FilesRead(Ticket, FilesProgress, Option<FilesSnapshot>),
    /// Images are being asked for this question: the progress.
    SinceRead(Ticket, SinceProgress),
    /// Requests to a registry are sent under this identity from now on.
    Identified(Host, Identity),
    /// A request ended.
    Requested(RequestLine),
    /// These requests are awaited now, the oldest first.
    Awaited(Vec<AwaitedRequest>),
    /// Text was put on the clipboard; the message names the destination.
    Copied(SafeText),
    /// The progress of jobs, sent just before a tick while jobs run.
    Progressed(Vec<(JobId, Progress)>),
    /// The number of tags that were looked up for the plan that is awaited, sent just before a tick.
    LookedUp(Lookups),
    /// A job ended.
    JobEnded(JobId, Report),
    /// Something outside a pane failed: clipboard, pager, a file.
    Failed(Failure),
}
