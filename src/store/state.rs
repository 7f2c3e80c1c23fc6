//! `state.db`: opened when it is first needed, filled with the files of earlier versions, replaced when it is damaged.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::{Connection, Transaction};

use super::database::{self, Database, FileIdentity};
use super::error::{OperationError, StoreProblem, error, problem};
use super::journal::old_files;
use super::schema::STATE;
use super::{old_names, salvage};
use crate::files;
use crate::model::failure::{Failure, FailureKind};
use crate::model::plural::counted;
use crate::model::text::SafeText;

/// The state of this user, shared by all parts of the program. Cheap to clone. The folder is not touched before it is
/// needed.
#[derive(Debug, Clone)]
pub struct StateStore(Arc<StateStoreInner>);

struct StateStoreInner {
    folder: Option<PathBuf>,
    database: Mutex<Option<Database>>,
    listener: OnceLock<Listener>,
}

/// Shows a failure to the user.
type Listener = Box<dyn Fn(Failure) + Send + Sync>;

impl StateStore {
    /// Creates the handle of a folder, or of none: then nothing can be kept.
    pub fn new(folder: Option<PathBuf>) -> StateStore {
        StateStore(Arc::new(StateStoreInner {
            folder,
            database: Mutex::default(),
            listener: OnceLock::new(),
        }))
    }

    /// Lets failures that concern the whole database be shown: above all, that it was set aside. Only the first call
    /// counts.
    pub fn on_failure(&self, show: impl Fn(Failure) + Send + Sync + 'static) {
        self.0.listener.set(Box::new(show)).ok();
    }

    /// Returns the folder, if there is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.0.folder.as_deref()
    }

    /// Returns the folder as text, for messages.
    pub(crate) fn folder_text(&self) -> String {
        self.folder().map(|folder| folder.display().to_string()).unwrap_or_default()
    }

    /// Opens the database, if it exists. Fails if it cannot be used.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.read(|_| Ok(())).map(drop)
    }

    /// Reads from the database. Returns `None` if it does not exist. `read` is called again if the database turns out
    /// to be damaged and is replaced.
    pub(super) fn read<T>(
        &self,
        mut read: impl FnMut(&Connection) -> Result<T, OperationError>,
    ) -> io::Result<Option<T>> {
        let mut slot = self.slot();
        let Some(database) = self.open(&mut slot, false)? else { return Ok(None) };
        match database.read(&mut read) {
            Err(error) if is_damage(&error) => self.replace(&mut slot)?.read(read).map(Some),
            read => read.map(Some),
        }
    }

    /// Writes in one transaction, which is on the disk when this returns. `write` is called again if the database turns
    /// out to be damaged and is replaced.
    pub(super) fn write<T>(
        &self,
        mut write: impl FnMut(&Transaction<'_>) -> Result<T, OperationError>,
    ) -> io::Result<T> {
        let mut slot = self.slot();
        let Some(database) = self.open(&mut slot, true)? else {
            return Err(error(Path::new(STATE.file), StoreProblem::NoPlace));
        };
        match database.write(&mut write) {
            Err(error) if is_damage(&error) => self.replace(&mut slot)?.write(write),
            written => written,
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Database>> {
        self.0.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open<'a>(
        &self,
        slot: &'a mut Option<Database>,
        creates: bool,
    ) -> io::Result<Option<&'a mut Database>> {
        let Some(folder) = self.folder() else { return Ok(None) };
        match files::check_folder(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !creates => return Ok(None),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if slot.as_ref().is_none_or(|database| !database.is_current()) {
            *slot = None;
            // Files of earlier versions are taken over even if nothing else is to be written.
            let has_old = old_files::exist(folder) || old_names::exist(folder);
            *slot = match Database::open(folder, &STATE, creates || has_old) {
                Err(error) if is_damage(&error) => {
                    let identity = database::identity(&folder.join(STATE.file));
                    Some(self.recover(folder, identity)?)
                }
                opened => opened?,
            };
            if has_old && let Some(database) = slot {
                self.import(folder, database);
            }
        }
        Ok(slot.as_mut())
    }

    /// Takes over the files of earlier versions. They are removed once everything is on the disk.
    fn import(&self, folder: &Path, database: &mut Database) {
        let imported = database.write(|transaction| {
            old_names::import(transaction, folder)?;
            old_files::import(transaction, folder)
        });
        match imported {
            Ok(entries) => {
                old_names::remove(folder);
                old_files::remove(folder, &entries);
            }
            Err(error) => self.show(Failure {
                what: "the journal of an earlier version cannot be taken over".into(),
                why: SafeText::from(error.to_string()),
                hint: Some("it is tried again at the next start".into()),
                kind: FailureKind::Local,
            }),
        }
    }

    fn replace<'a>(&self, slot: &'a mut Option<Database>) -> io::Result<&'a mut Database> {
        let Some(folder) = self.folder() else { return Err(io::ErrorKind::NotFound.into()) };
        let identity = slot.take().and_then(|database| database.identity());
        Ok(slot.insert(self.recover(folder, identity)?))
    }

    /// Sets a damaged database aside, and takes over everything of it that can be read.
    fn recover(&self, folder: &Path, damaged: Option<FileIdentity>) -> io::Result<Database> {
        let aside = database::set_aside(folder, &STATE, damaged)?;
        let Some(mut database) = Database::open(folder, &STATE, true)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let Some(aside) = aside else { return Ok(database) };
        let entries = salvage::copy(&aside, &mut database);
        let kept = match entries {
            0 => "no change could be read".to_string(),
            entries => format!("{} could be read and kept", counted(entries, "change", "changes")),
        };
        self.show(Failure {
            what: "the journal was damaged, and a new one was begun".into(),
            why: SafeText::from(format!("the old file is `{}`; {kept}", aside.display())),
            hint: Some("`regtui journal` lists the changes that are left".into()),
            kind: FailureKind::Local,
        });
        Ok(database)
    }

    /// Shows a failure that concerns the whole database, and logs it.
    pub(crate) fn show(&self, failure: Failure) {
        tracing::warn!(%failure, "the state cannot be used as it was");
        if let Some(show) = self.0.listener.get() {
            show(failure);
        }
    }
}

fn is_damage(error: &io::Error) -> bool {
    problem(error) == Some(StoreProblem::Damaged)
}

impl fmt::Debug for StateStoreInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateStoreInner").field("folder", &self.folder).finish_non_exhaustive()
    }
}
