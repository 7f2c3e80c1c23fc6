//! The journal. Before a change begins, everything that it replaces is on disk, so that it can be put back.
//!
//! `store::journal` keeps the entries: each is written completely and synced before the first change, and each outcome
//! adds a line that is synced too. Lines have numbers and checksums, so that damage is noticed before anything is put
//! back. The process that carries out an entry holds a lock on it. An open entry without a lock therefore belongs to a
//! program that was cut off. The journal contains no secrets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::client::Pool;
use crate::model::change::ChangeRequest;
use crate::model::change::journal::{
    EntryId, EntryState, JournalEntry, JournalItem, Probe, Reached, Saved, SavedManifest,
};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Host, Repository, Tag};
use crate::model::text::SafeText;
use crate::store::error;
use crate::store::journal::line::JournalLine;
use crate::store::journal::read::ManifestBytes;
use crate::store::journal::{self as store, EntryWriter, NewEntry};
use crate::store::state::StateStore;

/// The journal in the state of this user. Cheap to clone. The folder is not touched before it is needed.
#[derive(Debug, Clone)]
pub struct Journal {
    state: StateStore,
    /// Entries whose rest was returned to be planned again. Each is over once that rest is carried out.
    resumed: Arc<Mutex<Vec<(EntryId, ChangeRequest)>>>,
    /// The registries. How they are reached is noted in each entry, and applies again when the entry is undone or
    /// resumed.
    pool: Option<Pool>,
}

/// An entry that is being carried out. It stays open if it is dropped before [`RunningEntry::end`].
#[derive(Debug)]
pub struct RunningEntry {
    id: EntryId,
    open: Arc<Mutex<OpenEntry>>,
}

#[derive(Debug)]
struct OpenEntry {
    writer: EntryWriter,
    /// How often each item was revised.
    revisions: HashMap<usize, usize>,
    /// The first error of writing an outcome.
    write_error: Option<io::Error>,
}

impl Journal {
    /// Returns the journal in that folder. The folder is created when the first entry is begun.
    pub fn open(folder: PathBuf) -> Journal {
        Journal::new(StateStore::new(Some(folder)))
    }

    /// Returns the journal in that state.
    pub fn new(state: StateStore) -> Journal {
        Journal { state, resumed: Arc::default(), pool: None }
    }

    /// Returns the state that holds the journal.
    pub fn state(&self) -> &StateStore {
        &self.state
    }

    /// Makes the journal note how these registries are reached, and reach them the same again for its entries.
    pub(crate) fn with_pool(self, pool: Pool) -> Journal {
        Journal { pool: Some(pool), ..self }
    }

    /// Lets the registries of an entry be reached as they were for it, unless the configuration names them.
    pub(crate) fn restore_connections(&self, entry: &JournalEntry) {
        let Some(pool) = &self.pool else { return };
        for Reached { host, plain_http, insecure } in &entry.reached {
            pool.restore_transport(host, *plain_http, *insecure);
        }
    }

    fn connections_of(&self, request: Option<&ChangeRequest>, items: &[JournalItem]) -> Vec<Reached> {
        let Some(pool) = &self.pool else { return Vec::new() };
        let source = request.and_then(ChangeRequest::source);
        let source = source.map(|repository| &repository.host);
        let mut hosts: Vec<&Host> = items.iter().map(|item| &item.repository.host).chain(source).collect();
        hosts.sort_by_key(|host| host.as_str());
        hosts.dedup();
        let reached = |host: &Host| {
            let (plain_http, insecure) = pool.transport_flags(host);
            (plain_http || insecure).then(|| Reached { host: host.clone(), plain_http, insecure })
        };
        hosts.into_iter().filter_map(reached).collect()
    }

    /// Begins an entry. Returns when all of it is on disk, so that the change may begin. `request` is planned again if
    /// the program is cut off.
    pub async fn begin(
        &self,
        title: SafeText,
        request: Option<ChangeRequest>,
        items: Vec<JournalItem>,
    ) -> Result<RunningEntry, Failure> {
        self.begin_saving(title, request, items, Vec::new()).await
    }

    /// Begins an entry that also saves manifests which the change does not touch, but which may disappear all the same.
    pub(crate) async fn begin_saving(
        &self,
        title: SafeText,
        request: Option<ChangeRequest>,
        items: Vec<JournalItem>,
        saved: Vec<Saved>,
    ) -> Result<RunningEntry, Failure> {
        let state = self.state.clone();
        let resumed = request.as_ref().map(|request| self.take_resumed(request)).unwrap_or_default();
        let reached = self.connections_of(request.as_ref(), &items);
        let write = move || {
            store::begin(
                &state,
                &NewEntry {
                    at: Timestamp::now(),
                    title: title.as_str(),
                    request: request.as_ref(),
                    reached: &reached,
                    items: &items,
                    saved: &saved,
                },
            )
        };
        let (id, writer) = blocking(write).await.map_err(|error| Failure {
            what: "cannot write the journal, so nothing was changed".into(),
            why: SafeText::from(error.to_string()),
            hint: Some(SafeText::from(error::hint(&error).unwrap_or_else(|| {
                match crate::files::distrust(&error) {
                    Some(_) => "use a folder of your own".into(),
                    None => format!("is there space, and may you write to `{}`?", self.state.folder_text()),
                }
            }))),
            kind: FailureKind::Local,
        })?;
        self.end_all(resumed).await;
        let open = OpenEntry { writer, revisions: HashMap::new(), write_error: None };
        Ok(RunningEntry { id, open: Arc::new(Mutex::new(open)) })
    }

    /// Notes that a request turned out to change nothing. Entries whose rest it is are over.
    pub(crate) async fn mark_nothing_left(&self, request: &ChangeRequest) {
        self.end_all(self.take_resumed(request)).await;
    }

    async fn end_all(&self, resumed: Vec<EntryId>) {
        for entry in resumed {
            // If this cannot be written, the entry can be resumed again, and then nothing is left to do.
            self.mark_ended(&entry).await.ok();
        }
    }

    /// Returns every entry, the newest first, without the bytes of the manifests. An entry that cannot be read is
    /// listed without its content. Returns nothing if the journal cannot be used: see [`Journal::list`].
    pub async fn entries(&self) -> Vec<JournalEntry> {
        self.list().await.unwrap_or_default()
    }

    /// Returns the same entries as `entries`. Fails if the journal cannot be used: others may have written to the
    /// folder, or the database cannot be read.
    pub async fn list(&self) -> Result<Vec<JournalEntry>, Failure> {
        let state = self.state.clone();
        blocking(move || store::list(&state)).await.map_err(|error| Failure {
            what: "the journal is not used".into(),
            why: SafeText::from(error.to_string()),
            hint: error::hint(&error).map(SafeText::from),
            kind: FailureKind::Local,
        })
    }

    /// Returns one entry with the bytes of the manifests.
    pub async fn entry(&self, id: &EntryId) -> Result<JournalEntry, Failure> {
        self.read(id).await.map(|(entry, _)| entry)
    }

    /// Returns one entry with the bytes of the manifests, and its request.
    pub async fn entry_and_request(
        &self,
        id: &EntryId,
    ) -> Result<(JournalEntry, Option<ChangeRequest>), Failure> {
        self.read(id).await
    }

    /// Returns the rest of an entry that never ended, to be planned again. Parts that were done are left out.
    pub async fn resume(&self, id: &EntryId) -> Result<ChangeRequest, Failure> {
        let no = |why: &'static str, hint: Option<&'static str>| Failure {
            what: SafeText::from(format!("cannot resume {id}")),
            why: why.into(),
            hint: hint.map(SafeText::from),
            kind: FailureKind::Local,
        };
        let (entry, request) = self.read(id).await?;
        match entry.state {
            EntryState::Running => return Err(no("it still runs", None)),
            EntryState::Open => {}
            EntryState::Ended => return Err(no("it ended", None)),
            EntryState::Unreadable => return Err(no("it cannot be read", None)),
            EntryState::Undone => return Err(no("it was undone", None)),
        }
        if entry.damage.is_any() {
            let hint = "undo the readable part, or request the rest again";
            return Err(no("its entry in the journal is damaged", Some(hint)));
        }
        let request =
            request.ok_or_else(|| no("it does not record the request", Some("it can be undone")))?;
        let Some(rest) = request.without_done(&entry.items) else {
            // Otherwise it would stay the first entry to be resumed forever.
            self.mark_ended(id).await?;
            return Err(no("all of it was done", None));
        };
        self.remember_rest(id, rest.clone());
        Ok(rest)
    }

    /// Notes that only this rest is left of an entry. The entry is over once it is carried out.
    pub(super) fn remember_rest(&self, id: &EntryId, rest: ChangeRequest) {
        let mut resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        resumed.retain(|(known, _)| known != id);
        resumed.push((id.clone(), rest));
    }

    /// Takes out the entries whose rest contains this request. Parts that are gone since are no longer planned.
    fn take_resumed(&self, request: &ChangeRequest) -> Vec<EntryId> {
        let mut resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = resumed.extract_if(.., |(_, rest)| request.is_part_of(rest));
        taken.map(|(id, _)| id).collect()
    }

    /// Forgets the changes of a registry that will never be reachable again. Changes that also touched another registry
    /// stay, and so do those that are still running.
    pub async fn forget(&self, host: &Host) {
        for entry in self.entries().await {
            let is_there_only = entry.items.iter().all(|item| item.repository.host == *host);
            if is_there_only && entry.state != EntryState::Running {
                let (state, id) = (self.state.clone(), entry.id);
                // An entry that cannot be removed stays visible in the journal.
                blocking(move || store::remove(&state, &id)).await.ok();
            }
        }
    }

    /// Notes that an entry was undone.
    pub async fn mark_undone(&self, id: &EntryId) -> Result<(), Failure> {
        self.append_line(id, || JournalLine::Undone {}).await
    }

    /// Notes that an entry which never ended is over: another change did the rest, or the user does not want it any
    /// more.
    pub async fn mark_ended(&self, id: &EntryId) -> Result<(), Failure> {
        self.append_line(id, || JournalLine::Ended { lines: 0 }).await
    }

    /// Notes that a throw-away tag which an entry left behind is gone.
    pub(crate) async fn mark_probe_removed(&self, id: &EntryId, probe: &Probe) -> Result<(), Failure> {
        let (repository, tag) = (probe.repository.clone(), probe.tag.clone());
        let line = move || JournalLine::Probed {
            repository: Cow::Owned(repository.clone()),
            tag: Cow::Owned(tag.clone()),
        };
        self.append_line(id, line).await
    }

    async fn append_line(
        &self,
        id: &EntryId,
        line: impl Fn() -> JournalLine<'static> + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let (state, wanted) = (self.state.clone(), id.clone());
        blocking(move || store::append(&state, &wanted, &line))
            .await
            .map_err(|error| self.failure(format!("cannot write {id} of the journal"), &error))
    }

    async fn read(&self, id: &EntryId) -> Result<(JournalEntry, Option<ChangeRequest>), Failure> {
        let (state, wanted) = (self.state.clone(), id.clone());
        let read = blocking(move || store::read(&state, &wanted, ManifestBytes::Read)).await;
        let read = read.map(|read| (read.entry, read.request));
        read.iter().for_each(|(entry, _)| self.restore_connections(entry));
        read.map_err(|error| self.failure(format!("cannot read {id} of the journal"), &error))
    }

    fn failure(&self, what: String, error: &io::Error) -> Failure {
        let is_missing = error.kind() == io::ErrorKind::NotFound;
        Failure {
            what: SafeText::from(what),
            why: SafeText::from(if is_missing {
                format!("there is no such entry in `{}`", self.state.folder_text())
            } else {
                error.to_string()
            }),
            hint: error::hint(error).map(SafeText::from),
            kind: if is_missing { FailureKind::NotFound } else { FailureKind::Local },
        }
    }
}

impl RunningEntry {
    /// Returns the name of the entry.
    pub fn id(&self) -> &EntryId {
        &self.id
    }

    /// Notes whether the item of that index was done. It is on disk when this returns. A write error is reported at the
    /// end, because it must not keep a change that has begun from being finished.
    pub async fn mark_done(&self, index: usize, done: bool) {
        self.append(move |open| {
            let revised = open.revisions.get(&index).copied().unwrap_or_default();
            JournalLine::Done { index, done, unconfirmed: false, revised }
        })
        .await;
    }

    /// Notes that the change of the item of that index was sent and is not visible, so that it may still arrive.
    pub(crate) async fn mark_unconfirmed(&self, index: usize) {
        self.append(move |open| {
            let revised = open.revisions.get(&index).copied().unwrap_or_default();
            JournalLine::Done { index, done: true, unconfirmed: true, revised }
        })
        .await;
    }

    /// Notes that the item of that index replaces another manifest than was planned, and its new digest. It is on disk
    /// when this returns. Fails if that cannot be written; then the manifest must not be replaced.
    pub async fn revise(
        &self,
        index: usize,
        before: Option<SavedManifest>,
        after: Option<Digest>,
    ) -> Result<(), Failure> {
        let open = self.open.clone();
        let write = move || {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            let manifest =
                before.as_ref().map(|held| (JournalLine::of_manifest(held), Some(&held.bytes[..])));
            let before = before.as_ref().map(|held| held.digest);
            let revised = (JournalLine::Revised { index, before, after }, None);
            let lines: Vec<_> = manifest.into_iter().chain([revised]).collect();
            open.writer.append(&lines)?;
            *open.revisions.entry(index).or_default() += 1;
            Ok(())
        };
        blocking(write).await.map_err(|error| Failure {
            what: "cannot write the journal, so it was left alone".into(),
            why: SafeText::from(error.to_string()),
            hint: None,
            kind: FailureKind::Local,
        })
    }

    /// Notes that a throw-away tag is about to be put. It is on disk when this returns. Fails if that cannot be
    /// written; then the tag must not be put.
    pub(crate) async fn note_probe(&self, probe: &Probe) -> Result<(), Failure> {
        let (open, probe) = (self.open.clone(), probe.clone());
        let write = move || {
            let open = open.lock().unwrap_or_else(PoisonError::into_inner);
            let (repository, tag) = (Cow::Owned(probe.repository), Cow::Owned(probe.tag));
            open.write(JournalLine::Probing { repository, tag, digest: probe.digest })
        };
        blocking(write).await.map_err(|error| Failure {
            what: "cannot write the journal, so no tag was touched".into(),
            why: SafeText::from(error.to_string()),
            hint: None,
            kind: FailureKind::Local,
        })
    }

    /// Notes that a throw-away tag is gone.
    pub(crate) async fn note_probe_removed(&self, probe: &Probe) {
        let (repository, tag): (Repository, Tag) = (probe.repository.clone(), probe.tag.clone());
        self.append(move |_| JournalLine::Probed {
            repository: Cow::Owned(repository),
            tag: Cow::Owned(tag),
        })
        .await;
    }

    /// Notes that the entry is over. Fails with a note if not all outcomes could be written. The entry can be undone
    /// all the same.
    pub async fn end(self) -> Result<EntryId, SafeText> {
        self.append(|_| JournalLine::Ended { lines: 0 }).await;
        let trouble = self.open.lock().unwrap_or_else(PoisonError::into_inner).write_error.take();
        match trouble {
            None => Ok(self.id),
            Some(error) => {
                Err(SafeText::from(format!("the journal does not know how all of it ended: {error}")))
            }
        }
    }

    async fn append(&self, line: impl FnOnce(&OpenEntry) -> JournalLine<'static> + Send + 'static) {
        let open = self.open.clone();
        let write = move || {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            let line = line(&open);
            if let Err(error) = open.write(line) {
                open.write_error.get_or_insert(error);
            }
            Ok(())
        };
        // It fails only while the program is being shut down.
        blocking(write).await.ok();
    }
}

impl OpenEntry {
    fn write(&self, line: JournalLine<'_>) -> io::Result<()> {
        self.writer.append(&[(line, None)])
    }
}

/// Runs a function that waits for the disk on a thread for blocking tasks, so that it delays nothing else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
