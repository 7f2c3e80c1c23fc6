//! The tag since which images have something.

use super::Action;
use super::availability::{Why, check_image_exists, no_image_chosen, refuse_unless};
use crate::app::dialogs::{since, since_prompt};
use crate::app::keys::chords;
use crate::app::panes::details::Tab;
use crate::app::update::Update;
use crate::app::{Pane, State};

/// Finds the tag since which the images have the file under the cursor, or something that is asked for.
pub(crate) static SINCE: Action = Action::new(
    "details.since",
    chords!["W"],
    "since which tag the images have this file, a variable, a label, a package",
    find,
)
.only_in(Pane::Details)
.with_entry("since ", "since which tag the images have a variable, a label, a file, a package")
.available_if(check_since);

/// Fails if no image is shown.
pub(crate) fn check_since(state: &State) -> Result<(), Why> {
    check_image_exists(state)?;
    if state.detail.image.is_none() {
        return Err(no_image_chosen(state));
    }
    let is_read = state.detail.inspection.value.is_some();
    refuse_unless(is_read, "the image is not read yet")
}

fn find(update: &mut Update<'_>) {
    let detail = &update.state.detail;
    let browser = &detail.files.browser;
    let file = browser.scene().zip(browser.selected());
    let is_in_files = update.state.focus == Pane::Details && detail.tab == Tab::Files;
    match file.filter(|_| is_in_files) {
        Some((scene, id)) => {
            let path = scene.tree.path(id);
            since::show_file(update, &path);
        }
        None => since_prompt::show(update.state),
    }
}
