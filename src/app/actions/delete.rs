//! Deleting the chosen tags or images. The key leads to a plan, and changes nothing by itself.

use super::Action;
use super::availability::check_change;
use crate::app::dialogs::plan;
use crate::app::keys::chords;
use crate::app::selection::{hidden_selected_names, selected_images};
use crate::app::update::Update;
use crate::model::change::{ChangeRequest, delete};

/// Shows the plan to delete the chosen images.
pub(crate) static DELETE: Action = Action::new(
    "tags.delete",
    chords!["d"],
    "delete: shows the plan first; untags, or deletes images",
    plan_delete,
)
.with_hint("delete", 1)
.about_rows()
.available_if(check_change)
.with_entry("delete", "delete the chosen images: shows the plan first");

fn plan_delete(update: &mut Update<'_>) {
    let Some((repository, selectors)) = selected_images(update.state) else { return };
    let along = delete::Along::default();
    let request = delete::DeleteRequest { repository, selectors, method: None, along, keep: false };
    plan::show_with_hidden(update, ChangeRequest::Delete(request), hidden_selected_names(update.state));
}
