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
use crate::model::request::RequestLine;
use crate::model::server::Server;
use crate::model::summary::Summary;
use crate::model::text::SafeText;

/// One thing that happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Pasted(String),
    /// The terminal has this many columns and rows now.
    Resized(u16, u16),
    /// Time passed; sent only while something on screen moves by itself.
    Ticked,
    /// Nothing else happens, and a part of what is left to do can be done: see `app::has_more_to_do`.
    Rested,
    /// A question was answered.
    Answered(Slot, Ticket, Answer),
    /// A request ended.
    Requested(RequestLine),
    /// Text went to the clipboard; says where to.
    Copied(SafeText),
    /// How far jobs are; sent just before a tick while jobs run.
    Progressed(Vec<(JobId, Progress)>),
    /// A job ended.
    JobEnded(JobId, Report),
    /// Something outside a pane failed: clipboard, pager, a file.
    Failed(Failure),
}

/// What was found out.
#[derive(Debug)]
pub enum Answer {
    /// What the registry is.
    Server(Result<Server, Failure>),
    /// One page of the catalog.
    Repositories(Result<Page<RepositoryName>, Failure>),
    /// One page of tags.
    Tags(Result<Page<Tag>, Failure>),
    /// One row of the Tags pane.
    Summary(Result<Summary, Failure>),
    /// What the Details pane shows.
    Inspection(Result<Arc<Inspection>, Failure>),
    /// What a request comes to.
    Plan(Result<Box<ChangePlan>, Failure>),
    /// What was changed, newest first.
    Journal(Result<Vec<JournalEntry>, Failure>),
    /// What was changed, newest first, and which throw-away tags of earlier runs were removed, in words.
    Leftovers(Vec<JournalEntry>, Vec<SafeText>),
    /// What is left to do of a change that a crash left half done.
    Rest(Result<Box<ChangeRequest>, Failure>),
    /// Two repositories side by side.
    Comparison(Result<Comparison, Failure>),
}
