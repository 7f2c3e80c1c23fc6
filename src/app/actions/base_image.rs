//! Opening the base image of an image.

use super::Action;
use super::availability::{Why, refuse_unless};
use crate::app::keys::chords;
use crate::app::open;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::base_image::{RecordedBase, recorded_base};
use crate::model::digest::Digest;
use crate::model::reference::{Reference, Target};
use crate::model::text::SafeText;

/// Opens the base image that annotations or labels of the image name.
pub(crate) static OPEN_BASE: Action = Action::new(
    "images.base",
    chords!["b"],
    "open the base image that annotations or labels name",
    |update| {
        if let Some(base) = base_of_shown(update.state) {
            open_named(update, &base.name, base.digest);
        }
    },
)
.available_if(check_base)
.with_entry("base", "open the base image in the panes");

/// Fails if the image shown names no base.
pub(crate) fn check_base(state: &State) -> Result<(), Why> {
    let is_here = matches!(state.focus, Pane::Tags | Pane::Details);
    refuse_unless(is_here, "no image is chosen: go to Tags first")?;
    refuse_unless(base_of_shown(state).is_some(), "neither annotations nor labels name a base image")
}

/// Returns the base that the image in the Details pane names.
pub(crate) fn base_of_shown(state: &State) -> Option<RecordedBase> {
    let inspection = state.detail.inspection.value.as_ref()?;
    recorded_base(inspection, state.detail.selected_variant()?)
}

/// Opens an image by a name that a server wrote, by its tag if it has one, else by a digest. Returns whether the name is
/// that of an image.
pub(crate) fn open_named(update: &mut Update<'_>, name: &str, digest: Option<Digest>) -> bool {
    let reference = match Target::parse(name) {
        Ok(Target::Image(reference)) => reference,
        Ok(Target::Repository(repository)) => Reference { repository, tag: None, digest },
        Ok(Target::Registry(_)) | Err(_) => {
            update.refuse(SafeText::from(format!("`{name}` is no name of an image")));
            return false;
        }
    };
    // A tag leads to the base as it is now; the digest beside it is that of the build.
    let reference = match reference.tag {
        Some(_) => Reference { digest: None, ..reference },
        None => reference,
    };
    open::open(update, Target::Image(reference));
    true
}
