//! The commands that `update` gives the runtime.

use std::time::Duration;

use super::jobs::id::JobId;
use super::panes::details::files::reading::ExtractRequest;
use super::questions::{Ask, Slot};
use super::remote::Ticket;
use crate::model::change::ChangePlan;
use crate::model::clip::ClipText;
use crate::model::reference::{Host, RepositoryName, Scheme, Target};
use crate::model::scan::ScanRequest;
use crate::model::scan::command::Scanner;
use crate::model::session::Session;

/// A command, as data. The runtime carries it out.
#[derive(Debug)]
pub enum Cmd {
    /// Asks a question after a pause. A newer question for the same slot aborts this one, during the pause or later.
    Load {
        /// The slot that receives the answer.
        slot: Slot,
        /// The ticket of the question.
        ticket: Ticket,
        /// The pause before the question: the cursor may move on.
        delay: Duration,
        /// The question.
        ask: Ask,
    },
    /// Aborts the question that the slot waits for.
    Cancel(Slot),
    /// Pauses the reading of layers for the question since which tag images have something, or lets it go on.
    PauseSince(bool),
    /// Pauses the reading of layers for a slot, or lets it go on.
    PauseReading(Slot, bool),
    /// Forgets the data about a registry cached in memory: abilities, tokens, tag digests.
    Forget(Host),
    /// Reads the sources of logins for a registry again: the user may have logged in elsewhere.
    RereadLogins(Host),
    /// Contacts a registry with this scheme from now on.
    SetScheme(Host, Scheme),
    /// Puts text on the clipboard.
    Copy(ClipText),
    /// Shows text in the user's pager.
    ShowInPager(String),
    /// Stores the names of the repositories opened by name.
    Remember(Host, Vec<RepositoryName>),
    /// Stores a bookmark, or takes it away.
    Bookmark(Target, bool),
    /// Stores a registry as the one used last, or forgets it.
    RecordRegistry(Host, bool),
    /// Stores the session, soon and not at once: it may change with the next key.
    KeepSession(Box<Session>),
    /// Carries out exactly the confirmed plan.
    StartJob(JobId, Box<ChangePlan>),
    /// Scans images.
    StartScan(JobId, Box<ScanRequest>, Box<Scanner>),
    /// Writes files of an image to this machine's disk.
    StartExtraction(JobId, Box<ExtractRequest>),
    /// Pauses an extraction, or lets it go on.
    PauseJob(JobId, bool),
    /// Stops a job as soon as nothing is left half done.
    StopJob(JobId),
    /// Stops the process until the shell wakes it.
    Suspend,
    /// Draws every cell again.
    Repaint,
    /// Leaves regtui.
    Quit,
}
