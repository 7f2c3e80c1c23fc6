//! Filtering and marking the rows of a list.

use super::availability::{Why, check_arranged, refuse_unless};
use super::{Action, quoted_key};
use crate::app::dialogs::Dialog;
use crate::app::dialogs::filter_line::FilterLine;
use crate::app::keys::chords;
use crate::app::list::{List, Paged};
use crate::app::panes::details::Tab;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::plural::group_thousands;

/// Filters the list.
pub(crate) static FILTER: Action = Action::new(
    "list.filter",
    chords!["/"],
    "filter as you type, search in texts: smart case; `!word` excludes, `^` begins, `$` ends; files also by `re:` `>10M` `<1k` `mode:4000`",
    |update| {
        let line = FilterLine::of(update.state.filter_text());
        update.state.dialogs.push(Dialog::Filter(line));
    },
)
.with_hint("filter", 2)
.with_entry("filter ", "filter the list, or search the text")
.available_if(|state| {
    refuse_unless(state.focus != Pane::Details || state.detail.image.is_some(), "no image is shown")
});
/// Marks the row.
pub(crate) static MARK: Action =
    Action::new("list.mark", chords!["Space"], "mark", |update| with_list(update, List::toggle_mark))
        .with_hint("mark", 3)
        .about_rows()
        .available_if(|state| check_row_marks(Marking::One, state));
/// Marks a range.
pub(crate) static MARK_RANGE: Action =
    Action::new("list.mark-range", chords!["v"], "mark a range", |update| {
        with_list(update, List::toggle_range);
    })
    .about_rows()
    .available_if(|state| check_row_marks(Marking::Range, state));
/// Marks all rows shown.
pub(crate) static MARK_ALL: Action =
    Action::new("list.mark-all", chords!["*"], "mark all shown", |update| with_list(update, List::mark_all))
        .available_if(|state| check_can_be_marked(state).and_then(|()| check_marks(Marking::All, state)));
/// Removes all marks.
pub(crate) static UNMARK: Action = Action::new("list.unmark", chords!["u"], "unmark all", |update| {
    with_list(update, |list| {
        list.unmark();
    });
})
.available_if(check_can_be_marked);

/// The rows that an action marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marking {
    /// The row under the cursor.
    One,
    /// The rows from one to another.
    Range,
    /// All rows shown.
    All,
}

fn with_list(update: &mut Update<'_>, change: impl FnOnce(&mut List)) {
    if let Some(list) = update.state.focused_list() {
        change(list);
    }
}

fn check_can_be_marked(state: &State) -> Result<(), Why> {
    let is_in_layers = state.focus == Pane::Details && state.detail.tab == Tab::Layers;
    let can_be_marked = matches!(state.focus, Pane::Repositories | Pane::Tags) || is_in_layers;
    refuse_unless(can_be_marked, "only repositories, tags and layers can be marked")
}

/// Fails if the row under the cursor takes no mark, or marks depend on something that is not known yet.
fn check_row_marks(kind: Marking, state: &State) -> Result<(), Why> {
    check_can_be_marked(state)?;
    let is_opened = state.focus == Pane::Tags && state.tags.opened_under_cursor().is_some();
    let is_empty_step = state.focus == Pane::Details && state.detail.layer_under_cursor().is_none();
    refuse_unless(!is_empty_step || kind != Marking::One, "this step made no layer")?;
    refuse_unless(!is_opened, "this row is not a listed tag and cannot be marked: keys act on it directly")?;
    check_marks(kind, state)
}

/// Fails if something that marks depend on is not known yet: the order of neighbouring rows, or for ranges the whole
/// list.
fn check_marks(kind: Marking, state: &State) -> Result<(), Why> {
    let keys = &state.settings.keys;
    let (all, one) = (quoted_key(keys, "list.mark-all"), keys.name(&MARK.command));
    let is_one = kind == Marking::One;
    let (list, shown) = match (state.focus, state.registries.selected()) {
        (Pane::Tags, _) => (Loaded::of(&state.tags.tags), &state.tags.list),
        (Pane::Repositories, Some(registry)) => {
            (Loaded::of(&registry.repositories.names), &registry.repositories.list)
        }
        _ => return Ok(()),
    };
    if kind == Marking::Range && shown.range_start.is_some() {
        return Ok(());
    }
    match list {
        // Tags that came last may not be in their place yet.
        Loaded::Complete if state.focus == Pane::Tags && state.tags.is_arranging() && !is_one => {
            return Err(format!(
                "the list is being sorted: ranges and {all} have to wait, press the key again"
            )
            .into());
        }
        Loaded::Complete => {}
        _ if is_one => {}
        Loaded::Partial(so_far) => {
            let why = format!(
                "the list is still loading, {} so far: ranges and {all} wait for the rest",
                group_thousands(so_far)
            );
            return Err(format!("{why}; {one} marks one").into());
        }
        Loaded::Incomplete => {
            let refresh = quoted_key(keys, "panes.refresh");
            let why = format!("a part of the list is missing, so ranges and {all} would be incomplete");
            return Err(format!("{why}: {refresh} asks again; {one} marks one").into());
        }
    }
    check_arranged(state)?;
    match state.tags.known_count_text().filter(|_| state.focus == Pane::Tags && !state.tags.is_in_order()) {
        Some(known) => {
            let sort = quoted_key(keys, "tags.sort");
            Err(format!("{known}; marks wait until the order is complete, or sort by name: {sort} `n`")
                .into())
        }
        None => Ok(()),
    }
}

/// The part of a list that has arrived.
enum Loaded {
    /// All of it, or as much as will ever arrive.
    Complete,
    /// This number of items; others will arrive.
    Partial(usize),
    /// A part of it, and no more will arrive by itself.
    Incomplete,
}

impl Loaded {
    fn of<T>(list: &Paged<T>) -> Loaded {
        match (list.complete, list.at) {
            (false, _) if list.is_loading() => Loaded::Partial(list.items.len()),
            (false, Some(_)) => Loaded::Incomplete,
            _ => Loaded::Complete,
        }
    }
}
