//! Everything that can happen.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::cmd::Slot;
use super::jobs::JobId;
use super::remote::Ticket;
use crate::model::change::comparison::Comparison;
use crate::model::change::journal::JournalEntry;
use crate::model::change::progress::{Progress, Report};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::failure::Failure;
use crate::model::inspection::Inspection;
use crate::model::page::Page;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::request_line::RequestLine;
use crate::model::server::Server;
use crate::model::summary::Summary;
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
    /// A request ended.
    Requested(RequestLine),
    /// Text was put on the clipboard; the message names the destination.
    Copied(SafeText),
    /// The progress of jobs, sent just before a tick while jobs run.
    Progressed(Vec<(JobId, Progress)>),
    /// A job ended.
    JobEnded(JobId, Report),
    /// Something outside a pane failed: clipboard, pager, a file.
    Failed(Failure),
}

/// The answer to a question.
#[derive(Debug)]
pub enum Answer {
    /// The properties of the registry.
    Server(Result<Server, Failure>),
    /// A page of the catalog.
    Repositories(Result<Page<RepositoryName>, Failure>),
    /// A page of tags.
    Tags(Result<Page<Tag>, Failure>),
    /// A row of the Tags pane.
    Summary(Result<Summary, Failure>),
    /// The image for the Details pane.
    Inspection(Result<Arc<Inspection>, Failure>),
    /// The plan of a request.
    Plan(Result<Box<ChangePlan>, Failure>),
    /// The journal entries, newest first.
    Journal(Result<Vec<JournalEntry>, Failure>),
    /// The journal entries, newest first, and a sentence for each throw-away tag of earlier runs that was removed.
    InterruptedChanges(Vec<JournalEntry>, Vec<SafeText>),
    /// The rest of a change that a crash left half done.
    ResumeRequest(Result<Box<ChangeRequest>, Failure>),
    /// Two repositories side by side.
    Comparison(Result<Comparison, Failure>),
}
