//! The past of a tag, or of a repository, as the vendor keeps it.

use super::Action;
use super::availability::{Why, no_image_chosen, refuse_unless};
use crate::app::dialogs::tag_history;
use crate::app::keys::chords;
use crate::app::selection::{selected_images, selected_repository};
use crate::app::{Pane, State};
use crate::model::reference::Selector;
use crate::model::tag_history::HistorySubject;

/// Shows the earlier images of the tag, or the removed tags of the repository.
pub(crate) static TAG_HISTORY: Action = Action::new(
    "tags.history",
    chords!["E"],
    "earlier images of the tag, or the removed tags of the repository, as the vendor keeps them; each can be put back",
    |update| {
        if let Ok(subject) = subject(update.state) {
            tag_history::show(update, subject);
        }
    },
)
.about_rows()
.available_if(|state| subject(state).map(drop))
.with_entry("history", "earlier images of the tag, or the removed tags of the repository: each can be put back");

/// Returns the tag or the repository that the focused pane is about, or the reason why there is none.
fn subject(state: &State) -> Result<HistorySubject, Why> {
    let subject = match state.focus {
        Pane::Registries | Pane::Repositories => {
            let repository = selected_repository(state).ok_or("not exactly one repository is chosen")?;
            HistorySubject { repository, tag: None }
        }
        Pane::Tags | Pane::Details => {
            let (repository, images) = selected_images(state).ok_or_else(|| no_image_chosen(state))?;
            match images.as_slice() {
                [Selector::Tag(tag)] => HistorySubject { repository, tag: Some(tag.clone()) },
                [Selector::Digest(_)] => HistorySubject { repository, tag: None },
                _ => return Err("not exactly one image is chosen".into()),
            }
        }
    };
    let host = &subject.repository.host;
    let registry = state.registries.items.iter().find(|registry| registry.host == *host);
    let server = registry.and_then(|registry| registry.server.value.as_ref());
    let keeps_past = server.is_none_or(|server| server.own_api.history);
    refuse_unless(keeps_past, "no own API of this registry's vendor is known to keep the past of tags")?;
    Ok(subject)
}
