//! Bookmarking the row under the cursor.

use super::Action;
use super::availability::Why;
use crate::app::keys::chords;
use crate::app::update::Update;
use crate::app::{Pane, State, known_targets};
use crate::model::reference::Target;

/// Bookmarks the registry, the repository or the image under the cursor, or takes its bookmark away.
pub(crate) static BOOKMARK: Action = Action::new(
    "panes.bookmark",
    chords!["B"],
    "bookmark the registry, repository or image, or take its bookmark away",
    toggle,
)
.with_hint("bookmark", 4)
.about_rows()
.with_entry("bookmark", "bookmark the row under the cursor, or take its bookmark away")
.available_if(|state| target(state).map(drop));

fn toggle(update: &mut Update<'_>) {
    if let Ok(target) = target(update.state) {
        known_targets::toggle_bookmark(update, target);
    }
}

/// Returns the target under the cursor of the focused pane, or the reason why there is none.
fn target(state: &State) -> Result<Target, Why> {
    let registry = state.registries.selected().ok_or("nothing is open")?;
    let host = registry.host.clone();
    let of_image = |(repository, selector): (crate::model::reference::Repository, _)| {
        Target::of_parts(repository.host, Some(repository.name), Some(selector))
    };
    match state.focus {
        Pane::Registries => Ok(Target::Registry(host)),
        Pane::Repositories => {
            let name = registry.repositories.selected().ok_or("no repository is under the cursor")?;
            Ok(Target::of_parts(host, Some(name.clone()), None))
        }
        Pane::Tags => {
            let image = state.tags.repository.clone().zip(state.tags.selector());
            Ok(image.map(of_image).ok_or("no tag is under the cursor")?)
        }
        Pane::Details => Ok(state.detail.image.clone().map(of_image).ok_or("no image is shown")?),
    }
}
