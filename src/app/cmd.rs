//! Everything that can be asked for.

use std::time::Duration;

use super::jobs::JobId;
use super::remote::Ticket;
use crate::model::change::journal::EntryId;
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::clip::ClipText;
use crate::model::page::NextPage;
use crate::model::reference::{Host, Repository, RepositoryName, Scheme, Selector, Tag};

/// One thing to do, as data. The runtime does it.
#[derive(Debug)]
pub enum Cmd {
    /// Ask, after a pause; a newer question for the same slot aborts this one, in the pause or later.
    Load {
        /// Where the answer goes.
        slot: Slot,
        /// Which question it answers.
        ticket: Ticket,
        /// How long to wait first: the cursor may move on.
        after: Duration,
        /// The question.
        ask: Ask,
    },
    /// Abort what the slot waits for.
    Drop(Slot),
    /// Forget what is cached of a registry in memory: abilities, tokens, tag digests.
    Forget(Host),
    /// Reach a registry by this scheme from here on.
    Reach(Host, Scheme),
    /// Put text on the clipboard.
    Copy(ClipText),
    /// Show text in the user's pager.
    Page(String),
    /// Keep the names of the repositories opened by name.
    Remember(Host, Vec<RepositoryName>),
    /// Carry out what was confirmed, exactly that.
    Start(JobId, Box<ChangePlan>),
    /// Stop a job as soon as nothing is left half done.
    Stop(JobId),
    /// Stop the process until the shell wakes it.
    Suspend,
    /// Draw every cell again.
    Repaint,
    /// Leave.
    Quit,
}

/// A question.
#[derive(Debug)]
pub enum Ask {
    /// What is this registry?
    Server(Host),
    /// A page of its catalog.
    Repositories(Host, Option<Box<NextPage>>),
    /// A page of a repository's tags.
    Tags(Repository, Option<Box<NextPage>>),
    /// An image in one line.
    Summary(Repository, Tag),
    /// An image in full; with the repository's digest tags, where all its tags are known.
    Inspection(Repository, Selector, Option<Vec<Tag>>),
    /// What does this come to? Changes nothing.
    Plan(ChangeRequest),
    /// What was changed?
    Journal,
    /// The same at the start; throw-away tags that an earlier run left in these registries are removed before.
    Leftovers(Vec<Host>),
    /// What is left to do of a change that a crash left half done?
    Rest(EntryId),
    /// What does the rest of that change come to? What moved since is left alone. Changes nothing.
    PlanRest(EntryId, ChangeRequest),
    /// How do these two differ, tag by tag?
    Comparison(Repository, Repository),
}

/// A place that wants only its newest answer.
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
    /// What an earlier run was cut off in.
    CutOff,
    /// The journal.
    Journal,
    /// The comparison.
    Comparison,
}
