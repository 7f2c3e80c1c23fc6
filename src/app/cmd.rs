//! The commands that `update` gives the runtime, and the questions among them.

use std::time::Duration;

use super::jobs::id::JobId;
use super::remote::Ticket;
use crate::model::change::journal::EntryId;
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::clip::ClipText;
use crate::model::page::NextPage;
use crate::model::reference::{Host, Repository, RepositoryName, Scheme, Selector, Tag};

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
    /// Forgets the data about a registry cached in memory: abilities, tokens, tag digests.
    Forget(Host),
    /// Contacts a registry with this scheme from now on.
    SetScheme(Host, Scheme),
    /// Puts text on the clipboard.
    Copy(ClipText),
    /// Shows text in the user's pager.
    ShowInPager(String),
    /// Stores the names of the repositories opened by name.
    Remember(Host, Vec<RepositoryName>),
    /// Carries out exactly the confirmed plan.
    StartJob(JobId, Box<ChangePlan>),
    /// Stops a job as soon as nothing is left half done.
    StopJob(JobId),
    /// Stops the process until the shell wakes it.
    Suspend,
    /// Draws every cell again.
    Repaint,
    /// Leaves regtui.
    Quit,
}

/// A question.
#[derive(Debug)]
pub enum Ask {
    /// Asks for the properties of a registry.
    Server(Host),
    /// Asks for a page of the catalog of a registry.
    Repositories(Host, Option<Box<NextPage>>),
    /// Asks for a page of the tags of a repository.
    Tags(Repository, Option<Box<NextPage>>),
    /// Asks for the summary of an image, shown in one line.
    Summary(Repository, Tag),
    /// Asks for an image in full. If all tags of the repository are known, its digest tags are passed along.
    Inspection(Repository, Selector, Option<Vec<Tag>>),
    /// Asks for the plan of a request. Changes nothing.
    Plan(ChangeRequest),
    /// Asks for the journal.
    Journal,
    /// Asks for the journal at the start, after removing the throw-away tags that an earlier run left in these
    /// registries.
    InterruptedChanges(Vec<Host>),
    /// Asks for the rest of a change that a crash left half done.
    ResumeRequest(EntryId),
    /// Asks for the plan of the rest of that change. Tags that have moved since are left alone. Changes nothing.
    ResumePlan(EntryId, ChangeRequest),
    /// Asks for the differences between two repositories, tag by tag.
    Comparison(Repository, Repository),
}

/// A place on the screen that wants only its newest answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The header card of a registry.
    Server(Host),
    /// The repositories of a registry.
    Repositories(Host),
    /// The tags shown.
    Tags,
    /// A row of the Tags pane.
    Summary(Repository, Tag),
    /// The image shown.
    Detail,
    /// The plan shown.
    Plan,
    /// The changes that were cut off in an earlier run.
    InterruptedChanges,
    /// The journal.
    Journal,
    /// The comparison.
    Comparison,
}
