//! The desktop's own clipboard, where there is one. The one of the terminal (OSC 52) is written by `terminal`.

use crate::model::text::SafeText;

/// Puts text on the desktop's clipboard; says whether that worked. May block.
#[cfg(feature = "clipboard")]
pub fn copy(text: String) -> bool {
    use std::sync::{Mutex, PoisonError};

    // On X11 and Wayland the clipboard lives only as long as whoever filled it.
    static CLIPBOARD: Mutex<Option<arboard::Clipboard>> = Mutex::new(None);

    if !has_desktop() {
        return false;
    }
    let mut clipboard = CLIPBOARD.lock().unwrap_or_else(PoisonError::into_inner);
    if clipboard.is_none() {
        *clipboard = arboard::Clipboard::new().ok();
    }
    clipboard.as_mut().is_some_and(|clipboard| clipboard.set_text(text).is_ok())
}

/// Built without a desktop's clipboard.
#[cfg(not(feature = "clipboard"))]
pub fn copy(_: String) -> bool {
    false
}

#[cfg(feature = "clipboard")]
fn has_desktop() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(all(unix, not(target_os = "macos")))) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// What to tell the user, or nothing if the text went nowhere.
pub fn said(characters: usize, by_terminal: bool, by_desktop: bool) -> Option<SafeText> {
    let way = match (by_terminal, by_desktop) {
        (true, true) => "clipboard",
        (true, false) => "terminal's clipboard",
        (false, true) => "desktop's clipboard",
        (false, false) => return None,
    };
    let plural = if characters == 1 { "" } else { "s" };
    Some(SafeText::from(format!("copied {characters} character{plural} to the {way}")))
}
