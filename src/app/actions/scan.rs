//! Scanning images with a program of this machine.

use super::Action;
use super::availability::{Why, check_arranged, check_image_exists, no_image_chosen};
use crate::app::dialogs::Dialog;
use crate::app::dialogs::menu::{Choice, Menu, MenuEntry};
use crate::app::keys::chords;
use crate::app::panes::tags::TagsPane;
use crate::app::scans::start_scan;
use crate::app::selection::{selected_images, selection_repository};
use crate::app::settings::FoundScanner;
use crate::app::update::Update;
use crate::app::{Pane, State};
use crate::model::plural::counted;
use crate::model::scan::ScanRequest;
use crate::model::size;
use crate::model::text::SafeText;

/// More bytes than these are scanned only after a question.
const FREE: u64 = 32 * 1024 * 1024;

/// Scans the image under the cursor, or the marked ones.
pub(crate) static SCAN: Action = Action::new(
    "tags.scan",
    chords!["V"],
    "scan for vulnerabilities with trivy, grype or another program",
    scan_selected,
)
.about_rows()
.available_if(check_scan)
.with_entry("scan", "scan the image for vulnerabilities");

fn check_scan(state: &State) -> Result<(), Why> {
    if let FoundScanner::Missing(why) = &state.settings.scanner {
        return Err(why.to_string().into());
    }
    check_image_exists(state).and(check_arranged(state))?;
    selection_repository(state).map(|_| ()).ok_or_else(|| no_image_chosen(state))
}

fn scan_selected(update: &mut Update<'_>) {
    let state = &*update.state;
    let Some((repository, images)) = selected_images(state) else { return };
    let is_shown = state.focus == Pane::Details;
    let of_index = state.detail.selected_variant().filter(|variant| is_shown && variant.descriptor.is_some());
    let platform = of_index.and_then(|variant| variant.platform.clone());
    let bytes = if is_shown {
        state.detail.selected_variant().and_then(|variant| variant.size)
    } else {
        listed_size(&state.tags)
    };
    let request = ScanRequest { repository, images, platform };
    if bytes.is_some_and(|bytes| bytes <= FREE) {
        return start_scan(update, request);
    }
    let FoundScanner::Found(scanner) = &state.settings.scanner else { return };
    let name = SafeText::clean(&scanner.name);
    let images = counted(request.images.len(), "image", "images");
    let price = match bytes {
        Some(bytes) => format!("{name} may pull up to {} of {images}", size::bytes(bytes)),
        None => format!("{name} may pull {images} of a size that is not known"),
    };
    let entry = |key, label, preview: SafeText, choice| MenuEntry { key, label, preview, choice };
    let entries = vec![
        entry('s', "scan", SafeText::from(price), Choice::Scan(Box::new(request))),
        entry('c', "cancel", "scan nothing".into(), Choice::Leave),
    ];
    update.state.dialogs.push(Dialog::Menu(Menu { title: "Scan".into(), entries, cursor: 0 }));
}

/// Returns the bytes of the marked images, or of the one under the cursor. Those of an index are of all its platforms.
fn listed_size(tags: &TagsPane) -> Option<u64> {
    if tags.list.marks.is_empty() {
        return tags.summary()?.size;
    }
    let size = |item: usize| tags.summaries.get(&u32::try_from(item).ok()?)?.value.as_ref()?.size;
    tags.list.marked().into_iter().map(size).sum()
}
