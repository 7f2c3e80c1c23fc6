//! The columns of the Tags pane that are shown only if the user asks for them.

use super::layout::tag_columns::TagColumns;
use super::settings::ExtraColumns;
use super::update::Update;
use super::{Pane, layout};

/// Shows or hides a column. Fails if there is no column of this name.
pub(crate) fn toggle(update: &mut Update<'_>, name: &str) -> Result<(), &'static str> {
    let shown = update.state.columns.of(name).ok_or("the columns are `base` and `scan`")?;
    *shown = !*shown;
    let text = match (name, *shown) {
        ("base", true) => "column BASE: the registries of the bases are asked, such as docker.io",
        ("base", false) => "the column BASE is hidden",
        (_, true) => "columns C H M L: critical, high, medium and low findings of the last scan",
        (_, false) => "the columns C H M L are hidden",
    };
    let layout = layout::of(update.state);
    let width = layout::rows(update.state, &layout, Pane::Tags).width;
    let shown = TagColumns::of(&update.state.tags, update.state.columns, width);
    let has_room = match name {
        "base" => shown.base > 0 || !update.state.columns.base,
        _ => shown.scan || !update.state.columns.scan,
    };
    let note = if has_room { "" } else { "; it is shown as soon as the pane has room for it" };
    update.say_done(format!("{text}{note}"));
    Ok(())
}

/// Returns the names of the columns.
pub(crate) fn names() -> Vec<String> {
    ExtraColumns::NAMES.map(str::to_owned).to_vec()
}
