//! The behaviour of regtui: [`State`], [`init`] and [`update()`]. Nothing here waits, draws or reads the clock.
//!
//! | concern | file |
//! |---|---|
//! | the keys of a pane and their effects | `actions` |
//! | the keys of a dialog and their effects | its file in `dialogs` |
//! | the reason why a key is greyed | its action, such as `actions/delete` |
//! | the data to load, and the time to load it | `reconcile` |
//! | the destination of an answer | `answers`; a late one is dropped in `remote` |
//! | the data kept of panes that the cursor left | `view_cache` |

pub(crate) mod actions;
mod answers;
pub(crate) mod bases;
mod budget;
pub mod cmd;
mod columns;
pub mod dialogs;
pub mod filter;
mod focus;
pub(crate) mod hints;
mod image_facts;
pub mod jobs;
pub(crate) mod key_guard;
pub mod keymap;
pub(crate) mod keys;
pub(crate) mod known_targets;
pub mod layout;
pub(crate) mod list;
mod mouse;
pub mod msg;
pub mod notices;
mod open;
pub mod panes;
pub mod questions;
mod reconcile;
pub mod remote;
pub(crate) mod scans;
pub mod selection;
mod session;
pub mod settings;
mod update;
pub mod vendor_images;
pub(crate) mod view_cache;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::Timestamp;

use crate::model::reference::{Host, KnownRegistries, Target};
use crate::model::request_line::{AwaitedRequest, RequestLine};
use crate::model::session::Session;

use bases::Bases;
use cmd::Cmd;
use dialogs::Dialog;
use jobs::Jobs;
use key_guard::QUIET;
use keys::{EVERYWHERE_BINDINGS, KeyChord};
use layout::borders::Borders;
use msg::Msg;
use notices::Notices;
use panes::details::Detail;
use panes::registries::Registries;
use panes::tags::TagsPane;
use remote::Remote;
use scans::Scans;
use selection::TakenImages;
use settings::{AppSettings, ExtraColumns};
use update::Update;
use vendor_images::VendorImages;
use view_cache::ViewCache;

/// Largest number of requests that the request log keeps.
const MOST_REQUESTS: usize = 500;

/// Everything that regtui knows. Only [`update()`] writes it; drawing reads it.
#[derive(Debug)]
pub struct State {
    /// The settings from flags and configuration.
    pub settings: AppSettings,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The pane that receives the keys.
    pub focus: Pane,
    /// Whether the focused pane takes the whole screen.
    pub(crate) zoomed: bool,
    /// The borders between panes that the user moved.
    pub(crate) borders: Borders,
    /// The session as it was last stored.
    pub(crate) session: Session,
    /// The registries with a saved login, once the prompt for a name asked for them.
    pub(crate) saved_logins: Remote<Vec<Host>>,
    /// The open registries, each with its repositories.
    pub registries: Registries,
    /// The tags of the repository under the cursor.
    pub tags: TagsPane,
    /// The image under the cursor.
    pub detail: Detail,
    /// Data kept of repositories and images that the cursor left.
    pub(crate) view_cache: ViewCache,
    /// The dialogs on top of the panes; the last one receives the keys.
    pub dialogs: Vec<Dialog>,
    /// The results of scans that are kept on this machine.
    pub(crate) scans: Scans,
    /// The facts of vendors about single images.
    pub(crate) vendor_images: VendorImages,
    /// The bases of the images in the Tags pane.
    pub(crate) bases: Bases,
    /// The columns of the Tags pane that are shown besides the usual ones.
    pub(crate) columns: ExtraColumns,
    /// The jobs that run, and those that have ended.
    pub jobs: Jobs,
    /// Images that were taken and can be put into another repository.
    pub taken: Option<TakenImages>,
    /// The messages to the user.
    pub notices: Notices,
    /// The last requests, oldest first.
    pub(crate) requests: VecDeque<RequestLine>,
    /// The requests that are awaited, as of the last tick, the oldest first.
    pub(crate) awaited: Vec<AwaitedRequest>,
    /// The commands that were typed after `:` in this run, the oldest first.
    pub(crate) command_history: Vec<String>,
    /// Whether attestations, digest tags and the like are shown.
    pub(crate) show_hidden: bool,
    /// The last time that the row under the cursor or the marks changed without input of the user, as by an answer.
    pub(crate) moved_at: Option<Timestamp>,
    /// Numbers the questions that are asked.
    pub tickets: remote::Tickets,
    /// The position of the spinner, which advances with each tick while something loads.
    pub(crate) spinner_frame: usize,
}

/// The panes, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pane {
    /// The open registries.
    Registries,
    /// The repositories of the registry under the cursor.
    Repositories,
    /// The tags of the repository under the cursor.
    Tags,
    /// The image under the cursor.
    Details,
}

impl Pane {
    /// All panes, from left to right.
    pub const ALL: [Pane; 4] = [Pane::Registries, Pane::Repositories, Pane::Tags, Pane::Details];

    /// Returns the title of the pane.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Pane::Registries => "Registries",
            Pane::Repositories => "Repositories",
            Pane::Tags => "Tags",
            Pane::Details => "Details",
        }
    }
}

/// Returns the state at start and the first commands. Opens the targets that the command line names, and puts the
/// cursor on the first one.
pub fn init(
    settings: AppSettings,
    targets: Vec<Target>,
    size: (u16, u16),
    now: Timestamp,
) -> (State, Vec<Cmd>) {
    let mut state = State {
        columns: settings.columns,
        settings,
        size,
        focus: Pane::Repositories,
        zoomed: false,
        borders: Borders::default(),
        session: Session::default(),
        saved_logins: Remote::default(),
        registries: Registries::default(),
        tags: TagsPane::default(),
        detail: Detail::default(),
        view_cache: ViewCache::default(),
        dialogs: Vec::new(),
        scans: Scans::default(),
        vendor_images: VendorImages::default(),
        bases: Bases::default(),
        jobs: Jobs::default(),
        taken: None,
        notices: Notices::default(),
        requests: VecDeque::new(),
        awaited: Vec::new(),
        command_history: Vec::new(),
        show_hidden: false,
        moved_at: None,
        tickets: remote::Tickets::default(),
        spinner_frame: 0,
    };
    let mut update = Update { state: &mut state, now, cmds: Vec::new() };
    for target in targets.iter().rev() {
        open::open(&mut update, target.clone());
    }
    let place = |registry: &panes::registries::OpenRegistry| {
        targets.iter().position(|target| *target.host() == registry.host)
    };
    update.state.registries.items.sort_by_key(place);
    update.state.registries.list.forget_rows();
    update.state.registries.list.cursor = 0;
    update.state.registries.refilter();
    if targets.is_empty() && update.state.settings.restores {
        match update.state.settings.session.take() {
            Some(session) => session::restore(&mut update, session),
            None => update.refuse("there is no earlier session to restore"),
        }
    }
    if update.state.registries.items.is_empty() {
        dialogs::open_prompt::show(&mut update);
    }
    reconcile::reconcile(&mut update);
    let hosts = update.state.registries.items.iter().map(|registry| registry.host.clone()).collect();
    update.ask(
        questions::Slot::InterruptedChanges,
        std::time::Duration::ZERO,
        questions::Ask::InterruptedChanges(hosts),
    );
    let cmds = update.cmds;
    (state, cmds)
}

/// Processes a message and returns the commands that follow from it.
pub fn update(state: &mut State, now: Timestamp, msg: Msg) -> Vec<Cmd> {
    let can_change_session = session::can_change(&msg);
    let by_itself = !matches!(msg, Msg::Key(_) | Msg::Mouse(_) | Msg::Pasted(_));
    let before = if by_itself { state.hash_selection() } else { None };
    let mut update = Update { state, now, cmds: Vec::new() };
    match msg {
        Msg::Key(key) if key.kind == KeyEventKind::Release => {}
        Msg::Key(key) => handle_key(&mut update, key),
        Msg::Mouse(event) => mouse::handle_mouse(&mut update, event),
        Msg::Pasted(text) => dialogs::paste(&mut update, &text),
        Msg::Resized(columns, rows) => {
            update.state.size = (columns, rows);
            update.state.detail.restart_search();
        }
        Msg::Ticked => tick(&mut update),
        Msg::Idle => arrange_next_part(update.state),
        Msg::Answered(slot, ticket, answer) => answers::handle_answer(&mut update, slot, ticket, answer),
        Msg::FilesRead(ticket, progress, snapshot) => {
            dialogs::take_progress(&mut update, ticket, &progress);
            update.state.detail.files.take_progress(ticket, progress, snapshot, now);
        }
        Msg::SinceRead(ticket, progress) => {
            dialogs::since::take_progress(update.state, ticket, progress, now);
        }
        Msg::Identified(host, identity) => {
            if let Some(registry) = update.state.registries.of(&host) {
                registry.identity = Some(identity);
            }
        }
        Msg::Requested(line) => log_request(&mut update, line),
        Msg::Awaited(requests) => update.state.awaited = requests,
        Msg::Copied(text) => update.say_done(text),
        Msg::Progressed(all) => update.state.jobs.update_progress(all, now),
        Msg::LookedUp(lookups) => dialogs::plan::count_lookups(&mut update, lookups),
        Msg::JobEnded(id, report) => actions::jobs::handle_job_end(&mut update, id, report),
        Msg::Failed(failure) => update.say_failure(failure),
    }
    reconcile::reconcile(&mut update);
    if can_change_session {
        session::keep(&mut update);
    }
    let cmds = update.cmds;
    if before.is_some() && before != state.hash_selection() {
        state.moved_at = Some(now);
    }
    cmds
}

/// Returns whether something is left to do that no key waits for. Each [`Msg::Idle`] does a part of it, and is sent
/// until nothing is left.
pub fn has_more_to_do(state: &State) -> bool {
    let registry = state.registries.selected();
    state.tags.is_arranging()
        || state.detail.is_searching()
        || state.detail.files.browser.is_arranging()
        || dialogs::image_diff::is_arranging(state)
        || registry.is_some_and(|registry| registry.repositories.is_filtering())
}

/// Returns whether something on the screen moves by itself: a spinner, or a message that will pass.
pub(crate) fn needs_ticks(state: &State) -> bool {
    state.is_loading()
        || state.tags.vendor.is_waiting_for_server()
        || !state.awaited.is_empty()
        || state.notices.toast.is_some()
        || state.jobs.are_moving()
}

impl State {
    /// Returns a hash of the row under the cursor of the focused pane and the number of marks. Returns `None` if
    /// nothing is under the cursor: the first row to appear cannot have been mistaken for another one.
    fn hash_selection(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        match self.focus {
            Pane::Registries | Pane::Repositories => {
                let marks =
                    |registry: &panes::registries::OpenRegistry| registry.repositories.list.marks.len();
                (self.tags.repository.as_ref()?, self.registries.selected().map(marks)).hash(&mut hasher);
            }
            Pane::Tags | Pane::Details => {
                let marks = (self.tags.list.marks.len(), self.detail.layers.marks.len());
                (self.detail.image.as_ref()?, marks).hash(&mut hasher);
            }
        }
        Some(hasher.finish())
    }

    /// Returns whether the row under the cursor or the marks changed by themselves a moment ago, so that a key may have
    /// been meant for another row.
    fn has_selection_just_changed(&self, now: Timestamp) -> bool {
        self.moved_at.is_some_and(|at| now.duration_since(at).abs() < QUIET)
    }

    /// Returns the request for a registry whose answer has been awaited longest, if that is long.
    pub(crate) fn long_wait(&self, registry: &Host) -> Option<&AwaitedRequest> {
        let oldest = self.awaited.iter().find(|request| request.registry == *registry)?;
        Some(oldest).filter(|request| request.is_long())
    }

    /// Returns the registries that a name may mean: open ones, configured ones, and those with a login.
    pub(crate) fn known_registries(&self) -> KnownRegistries {
        let mut known = self.settings.known.clone();
        known.extend(self.registries.items.iter().map(|registry| registry.host.clone()));
        known
    }

    /// Returns whether an answer is awaited for something on the screen.
    pub fn is_loading(&self) -> bool {
        let registry = self.registries.selected();
        registry
            .is_some_and(|registry| registry.server.is_loading() || registry.repositories.names.is_loading())
            || self.tags.tags.is_loading()
            || !self.tags.awaited_rows.is_empty()
            || self.detail.is_loading()
            || self.bases.is_loading()
            || self.vendor_images.is_loading()
            || self.dialogs.iter().any(Dialog::is_loading)
    }
}

fn handle_key(update: &mut Update<'_>, key: KeyEvent) {
    let keys = &update.state.settings.keys;
    let chord = KeyChord::of(key);
    if chord.is_some_and(|chord| keys.find(EVERYWHERE_BINDINGS, chord).is_some()) {
        update.perform(&actions::program::QUIT);
    } else if !update.state.dialogs.is_empty() {
        dialogs::press_key(update, key);
    } else if let Some(action) = chord.and_then(|chord| actions::find_action(keys, update.state.focus, chord))
    {
        if action.is_about_rows && update.state.has_selection_just_changed(update.now) {
            update.refuse("what is under the cursor or marked has just changed: press the key again");
        } else {
            update.perform(action);
            if *action != actions::program::QUIT && *action != actions::program::HELP {
                session::give_up_arrivals(update.state, action.is_about_rows);
            }
        }
    }
}

/// Sorts or filters another part of a long list.
fn arrange_next_part(state: &mut State) {
    if state.tags.is_arranging() {
        state.tags.arrange_next_part();
        return state.tags.select_restored();
    }
    if state.detail.files.browser.is_arranging() {
        return state.detail.files.browser.arrange_next_part();
    }
    if dialogs::image_diff::arrange_next_part(state) {
        return;
    }
    if let Some(registry) = state.registries.selected_mut() {
        registry.repositories.filter_next_part();
    }
}

fn tick(update: &mut Update<'_>) {
    let state = &mut *update.state;
    state.spinner_frame = state.spinner_frame.wrapping_add(1);
    state.notices.toast.take_if(|toast| toast.until <= update.now);
    state.tags.resort_if_stale();
}

fn log_request(update: &mut Update<'_>, line: RequestLine) {
    if let Some(told) = &line.budget {
        let (host, budget) = &**told;
        budget::take_budget(update, host, *budget);
    }
    let state = &mut *update.state;
    if state.requests.len() == MOST_REQUESTS {
        state.requests.pop_front();
    }
    state.requests.push_back(line);
}
