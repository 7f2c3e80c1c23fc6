//! Deleting the chosen tags or images, or all tags of a repository. The key leads to a plan, and changes nothing by itself.

use super::Action;
use super::availability::{Why, check_arranged, check_change, refusal_text};
use crate::app::dialogs::plan;
use crate::app::keys::chords;
use crate::app::selection::{
    hidden_selected_names, marked_repositories, selected_images, selected_repository,
};
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::change::{ChangeRequest, delete};

/// Shows the plan to delete the chosen images.
pub(crate) static DELETE: Action = Action::new(
    "tags.delete",
    chords!["d"],
    "delete: shows the plan first; untags, or deletes images; in Repositories, all tags",
    plan_delete,
)
.with_hint("delete", 1)
.hinted_if(|state| state.focus != Pane::Repositories)
.about_rows()
.available_if(check_delete)
.with_entry("delete", "delete the chosen images, or a whole repository in its pane: shows the plan first");

/// Fails if there is nothing to delete, not exactly one repository to delete from, or if a rule forbids it.
fn check_delete(state: &State) -> Result<(), Why> {
    if state.focus != Pane::Repositories {
        return check_change(state);
    }
    check_arranged(state)?;
    match marked_repositories(state) {
        0 | 1 => {}
        marked => {
            return Err(
                format!("one repository at a time, each has a plan of its own; {marked} are marked").into()
            );
        }
    }
    let repository = selected_repository(state).ok_or(Why::from("no repository is chosen"))?;
    state.settings.rules.may_change(&repository).map_err(|refusal| refusal_text(&refusal))
}

fn plan_delete(update: &mut Update<'_>) {
    let all_tags = update.state.focus == Pane::Repositories;
    let chosen = if all_tags {
        selected_repository(update.state).map(|repository| (repository, Vec::new()))
    } else {
        selected_images(update.state)
    };
    let Some((repository, selectors)) = chosen else { return };
    let along = delete::Along::default();
    let request = delete::DeleteRequest { repository, selectors, all_tags, method: None, along, keep: false };
    plan::show_with_hidden(update, ChangeRequest::Delete(request), hidden_selected_names(update.state));
}
