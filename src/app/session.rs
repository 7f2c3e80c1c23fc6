//! The session: the part of the panes that is kept for a later run, and the start of a run with it.
//!
//! It holds names, never text that was typed: a filter may be a pasted password.

use super::cmd::Cmd;
use super::list::{List, Move};
use super::msg::Msg;
use super::panes::registries::OpenRegistry;
use super::panes::repositories::{RepositorySort, RepositorySortBy};
use super::panes::tags::{Sort, SortBy, TagsPane};
use super::update::Update;
use super::{Pane, State};
use crate::model::reference::{Host, Repository, RepositoryName, Selector};
use crate::model::session::{KeptCursor, Session, SessionRegistry, SessionSort};

/// Largest number of registries that are kept.
const MOST_REGISTRIES: usize = 100;
/// Number of rows on each side of a cursor that are kept with it.
const NEAR: usize = 3;

/// Stores the session if the message has changed it. A session without a registry is not worth one with some.
pub(crate) fn keep(update: &mut Update<'_>) {
    let session = capture(update.state);
    if !session.registries.is_empty() && session != update.state.session {
        update.state.session = session.clone();
        update.cmds.push(Cmd::KeepSession(Box::new(session)));
    }
}

/// Returns whether a message can change the session. Others, of which there are many, need no look at it.
pub(crate) fn can_change(msg: &Msg) -> bool {
    matches!(msg, Msg::Key(_) | Msg::Mouse(_) | Msg::Answered(..))
}

fn capture(state: &State) -> Session {
    let registries = state.registries.items.iter().take(MOST_REGISTRIES);
    Session {
        registries: registries.map(|registry| capture_registry(state, registry)).collect(),
        selected: state.registries.selected().map(|registry| registry.host.clone()),
        pane: state.focus.title().into(),
        tag_sort: SessionSort { by: state.tags.sort.by.word().into(), reversed: state.tags.sort.reversed },
    }
}

fn capture_registry(state: &State, registry: &OpenRegistry) -> SessionRegistry {
    let before = state.session.registries.iter().find(|before| before.host == registry.host);
    let repositories = &registry.repositories;
    // Until the cursor has arrived, and while nothing is listed, it stays where it was.
    let arriving = repositories.restored.clone();
    let under_cursor = || {
        let name = |item: usize| repositories.listed_at(item)?.name().cloned();
        capture_cursor(&repositories.list, name)
    };
    let repository = arriving.or_else(under_cursor).or_else(|| before?.repository.clone());
    let image = repository.as_ref().and_then(|repository| {
        let is_same = |it: &KeptCursor<RepositoryName>| it.name == repository.name;
        let before = || before.filter(|it| it.repository.as_ref().is_some_and(is_same))?.image.clone();
        let shown = state.tags.repository.as_ref();
        let is_shown = shown.is_some_and(|it| it.host == registry.host && it.name == repository.name);
        let now = || if is_shown { capture_image(&state.tags) } else { None };
        now().or_else(before)
    });
    let sort = SessionSort { by: repositories.sort.by.word().into(), reversed: repositories.sort.reversed };
    SessionRegistry { host: registry.host.clone(), tree: repositories.tree, sort, repository, image }
}

fn capture_image(tags: &TagsPane) -> Option<KeptCursor<Selector>> {
    if let Some(arriving) = tags.arriving() {
        return Some(arriving);
    }
    if let Some(opened) = tags.opened_under_cursor() {
        return Some(KeptCursor { name: opened.selector.clone(), near: Vec::new() });
    }
    let tag = |item: usize| tags.tags.items.get(item)?.name().cloned().map(Selector::Tag);
    capture_cursor(&tags.list, tag)
}

/// Returns the name under the cursor and those around it. `None` if a row without a name is under it.
fn capture_cursor<T>(list: &List, name: impl Fn(usize) -> Option<T>) -> Option<KeptCursor<T>> {
    let at = |row: usize| list.rows.get(row).and_then(|item| name(*item as usize));
    let here = at(list.cursor)?;
    let near = (1..=NEAR).flat_map(|by| [list.cursor.checked_add(by), list.cursor.checked_sub(by)]);
    Some(KeptCursor { name: here, near: near.flatten().filter_map(at).collect() })
}

/// Opens the registries of a session. Nothing is asked but for the registry under the cursor, as always; cursors go to
/// their names as soon as these are listed.
pub(crate) fn restore(update: &mut Update<'_>, session: Session) {
    let sort = SortBy::ALL.into_iter().find(|by| by.word() == session.tag_sort.by);
    if let Some(by) = sort {
        update.state.tags = TagsPane::of_nothing(Sort { by, reversed: session.tag_sort.reversed });
    }
    for kept in session.registries.iter().take(MOST_REGISTRIES) {
        restore_registry(update.state, kept);
    }
    let selected = session.selected.as_ref();
    let row = update.state.registries.items.iter().position(|registry| Some(&registry.host) == selected);
    update.state.registries.list.move_cursor(Move::To(row.unwrap_or(0)));
    if let Some(pane) = Pane::ALL.into_iter().find(|pane| pane.title() == session.pane) {
        update.state.focus = pane;
    }
    update.state.session = session;
}

fn restore_registry(state: &mut State, kept: &SessionRegistry) {
    let opened = state.settings.remembered.get(&kept.host);
    let is_opened = |name: &RepositoryName| opened.is_some_and(|names| names.contains(name));
    let was_opened = kept.repository.as_ref().is_some_and(|cursor| is_opened(&cursor.name));
    let repositories = &mut state.registries.open(&kept.host, kept.tree).repositories;
    if let Some(by) = RepositorySortBy::ALL.into_iter().find(|by| by.word() == kept.sort.by) {
        repositories.sort = RepositorySort { by, reversed: kept.sort.reversed };
    }
    let Some(cursor) = kept.repository.clone() else { return };
    if let Some(image) = kept.image.clone() {
        let repository = Repository { host: kept.host.clone(), name: cursor.name.clone() };
        state.view_cache.restored_images.insert(repository, image);
    }
    if was_opened {
        // It need not be listed anywhere.
        repositories.open_by_name(&cursor.name);
    } else {
        repositories.restored = Some(cursor);
    }
}

/// Tells the user that a repository of the session is not listed any more, once all of them are.
pub(crate) fn settle_repository(update: &mut Update<'_>, host: &Host) {
    let Some(registry) = update.state.registries.of(host) else { return };
    if let Some(lost) = registry.repositories.settle_restored() {
        update.refuse(format!("{host}/{lost} is not listed any more: the cursor is near its place"));
    }
}

/// Tells the user that a tag of the session is not listed any more, once all of them are.
pub(crate) fn settle_tag(update: &mut Update<'_>) {
    let Some(lost) = update.state.tags.settle_restored() else { return };
    if let Some(repository) = &update.state.tags.repository {
        let text = format!("{repository}:{lost} is not listed any more: the cursor is near its place");
        update.refuse(text);
    }
}

/// Gives up the names that cursors were to go to, because the user acts on the rows as they are.
pub(crate) fn give_up_arrivals(state: &mut State, is_about_rows: bool) {
    let (in_tags, in_repositories) = match state.focus {
        Pane::Registries => (false, false),
        Pane::Repositories => (false, is_about_rows),
        Pane::Tags => (is_about_rows, true),
        Pane::Details => (true, true),
    };
    if in_tags {
        state.tags.restored = None;
    }
    if in_repositories && let Some(registry) = state.registries.selected_mut() {
        registry.repositories.restored = None;
    }
}
