//! The content of a file: text, or bytes in hexadecimal.

use std::time::Duration;

use super::shown_reading::DialogReading;
use super::{Dialog, KeyedDialog};
use crate::app::cmd::Cmd;
use crate::app::keys::{Binding, Pressed, SharedEffect, chords};
use crate::app::layout;
use crate::app::list::Move;
use crate::app::panes::details::files::reading::{ContentRequest, FileContent};
use crate::app::questions::{Ask, Slot};
use crate::app::remote::{Remote, Ticket};
use crate::app::update::Update;
use crate::layer::entry::mode_text;
use crate::layer::preview::MOST_SHOWN;
use crate::layer::{FileVersion, PathId};
use crate::model::failure::Failure;
use crate::model::size;
use crate::model::text::SafeText;

/// Most bytes that are passed to the pager.
const MOST_PAGED: u64 = 16 << 20;
/// Bytes in one line of hexadecimal.
const HEX: usize = 16;

/// The content of a file.
#[derive(Debug)]
pub struct FilePreview {
    /// The path.
    pub(crate) title: SafeText,
    /// The facts about the file, in one line.
    pub(crate) about: String,
    /// The question that reads it.
    request: ContentRequest,
    /// The bytes that reading takes, if the user has to agree first.
    pub(crate) price: Option<u64>,
    /// The content.
    pub(crate) content: Remote<FileContent>,
    /// The reading of the content.
    pub(crate) reading: DialogReading,
    /// The content as lines.
    pub(crate) lines: Vec<SafeText>,
    /// The first line that is shown.
    pub(crate) scroll: usize,
    /// Whether the content goes to the pager as soon as it is there.
    is_for_pager: bool,
}

/// The effects of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilePreviewEffect {
    /// Reads the file although that takes many bytes, or lets the reading go on; otherwise closes the dialog.
    Read,
    /// Closes the dialog.
    Close,
}

/// Shows a version of a file, or tells the reason why it has no content.
pub(crate) fn show(update: &mut Update<'_>, id: PathId, version: FileVersion, is_for_pager: bool) {
    let most = if is_for_pager { MOST_PAGED } else { MOST_SHOWN };
    let files = &update.state.detail.files;
    let request = match files.content_request(id, version, most) {
        Ok(request) => request,
        Err(why) => return update.refuse(why),
    };
    let path = files.browser.scene().map(|scene| scene.tree.path(id)).unwrap_or_default();
    let entry = request.files.list.get(request.entry as usize);
    let bytes = entry.map_or(version.size, |entry| entry.size);
    let about = format!(
        "{}  {}  {}:{}  layer {}",
        size::bytes(bytes),
        mode_text(version.kind, version.mode),
        version.uid,
        version.gid,
        version.layer
    );
    let mut request = request;
    let price = request.price();
    let mut preview = FilePreview {
        title: SafeText::clean(&String::from_utf8_lossy(&path)),
        about,
        price,
        request,
        content: Remote::default(),
        reading: DialogReading::default(),
        lines: Vec::new(),
        scroll: 0,
        is_for_pager,
    };
    if preview.price.is_none() {
        preview.read(update);
    }
    update.state.dialogs.push(Dialog::FilePreview(Box::new(preview)));
}

/// Takes the content.
pub(crate) fn take(update: &mut Update<'_>, ticket: Ticket, answer: Result<FileContent, Failure>) {
    let now = update.now;
    let find = |dialog: &Dialog| matches!(dialog, Dialog::FilePreview(preview) if preview.content.pending == Some(ticket));
    let Some(at) = update.state.dialogs.iter().position(find) else { return };
    let Some(Dialog::FilePreview(preview)) = update.state.dialogs.get_mut(at) else { return };
    preview.content.answer(ticket, answer, now);
    let Some(content) = &preview.content.value else { return };
    preview.lines = lines(content);
    if preview.is_for_pager {
        let text = preview.lines.iter().fold(String::new(), |text, line| text + line.as_str() + "\n");
        update.state.dialogs.remove(at);
        update.show_in_pager(text);
    }
}

impl FilePreview {
    fn read(&mut self, update: &mut Update<'_>) {
        (self.price, self.reading) = (None, DialogReading::default());
        let ask = Ask::FileContent(Box::new(self.request.clone()));
        self.content.ask(update.ask(Slot::FileContent, Duration::ZERO, ask));
    }

    /// Returns the lines that fit into the dialog.
    fn height(update: &Update<'_>) -> usize {
        usize::from(layout::log(update.state).height).saturating_sub(3)
    }
}

impl KeyedDialog for Box<FilePreview> {
    type Effect = FilePreviewEffect;

    const TITLE: &'static str = "File";

    const BINDINGS: &'static [Binding<FilePreviewEffect>] = &[
        Binding::new(
            "file.read",
            chords!["Enter"],
            "read a large file, or go on after a pause; else leave",
            FilePreviewEffect::Read,
        )
        .with_hint("begins"),
        Binding::new("file.close", chords!["q", "h", "Left"], "leave", FilePreviewEffect::Close),
    ];

    fn press(mut self, update: &mut Update<'_>, pressed: Pressed<FilePreviewEffect>) -> Option<Dialog> {
        match pressed {
            Pressed::Own(FilePreviewEffect::Read) if self.price.is_some() => self.read(update),
            Pressed::Own(FilePreviewEffect::Read) if self.content.is_loading() => {
                self.reading.pause(update, Slot::FileContent, false);
            }
            Pressed::Shared(SharedEffect::Cancel)
                if self.content.is_loading() && self.reading.pause(update, Slot::FileContent, true) => {}
            Pressed::Own(_) | Pressed::Shared(SharedEffect::Cancel) => {
                if self.content.is_loading() {
                    update.cmds.push(Cmd::Cancel(Slot::FileContent));
                }
                return None;
            }
            Pressed::Shared(SharedEffect::Move(to)) => {
                let height = FilePreview::height(update);
                let half = (height / 2).max(1) as isize;
                let scroll = match to {
                    Move::By(lines) => self.scroll.saturating_add_signed(lines),
                    Move::HalfPages(pages) => self.scroll.saturating_add_signed(pages * half),
                    Move::First => 0,
                    Move::Last => usize::MAX,
                    Move::To(line) => line,
                };
                self.scroll = scroll.min(self.lines.len().saturating_sub(height));
            }
            Pressed::Shared(SharedEffect::Help | SharedEffect::Pager) | Pressed::Text(_) => {}
        }
        Some(Dialog::FilePreview(self))
    }
}

/// Returns a content as lines: what the file is, then text if it is UTF-8 without NUL, else bytes in hexadecimal.
fn lines(content: &FileContent) -> Vec<SafeText> {
    let mut lines = content.facts.clone();
    if !content.is_told_by_facts {
        if !lines.is_empty() {
            lines.push(SafeText::default());
        }
        add_content(content, &mut lines);
    }
    if content.read < content.size {
        let (read, size) = (size::bytes(content.read), size::bytes(content.size));
        lines.push(SafeText::from(format!("… {read} of {size} were read, and not compared with the digest")));
    } else if !content.is_whole {
        let shown = size::bytes(content.bytes.len() as u64);
        lines.push(SafeText::from(format!("… these are the first {shown}")));
    }
    lines
}

fn add_content(content: &FileContent, lines: &mut Vec<SafeText>) {
    let bytes = &content.bytes[..];
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // The cut may have split the last character.
        Err(error) if !content.is_whole && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|start| std::str::from_utf8(start).ok())
        }
        Err(_) => None,
    };
    match text.filter(|text| !text.contains('\0')) {
        Some(text) => lines.extend(SafeText::lines(text)),
        None => lines.extend(bytes.chunks(HEX).zip(0..).map(|(chunk, number)| hex_line(chunk, number * HEX))),
    }
}

fn hex_line(bytes: &[u8], at: usize) -> SafeText {
    let mut hex = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        hex.push_str(if index == HEX / 2 { "  " } else { " " });
        hex.push_str(&format!("{byte:02x}"));
    }
    let printed = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
    let text: String = bytes.iter().map(printed).collect();
    SafeText::clean(&format!("{at:08x} {hex:<49}  {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_safely_and_everything_else_in_hexadecimal() {
        let shown = |bytes: &'static [u8], is_whole: bool| {
            let size = if is_whole { bytes.len() as u64 } else { 1_000_000 };
            let lines = lines(&FileContent::of(bytes.into(), size, MOST_SHOWN));
            lines.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown(b"one\n\x1b[2Jtwo\tx\n", true), ["one", "␛[2Jtwo x"]);
        assert_eq!(shown(b"", true), [""; 0]);
        let bytes = shown(b"\x7fEXE\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03", true);
        assert_eq!(bytes[0], "00000000  7f 45 58 45 02 01 01 00  00 00 00 00 00 00 00 00  .EXE............");
        assert!(bytes[1].starts_with("00000010  03  ") && bytes[1].ends_with("  ."), "{bytes:?}");
        assert_eq!(shown("ä€".as_bytes(), true), ["ä€"]);
        let cut = shown(&[b'a', 0xe2, 0x82], false);
        assert_eq!(cut, ["a", "… 3 B of 1 MB were read, and not compared with the digest"]);
        assert!(shown(&[b'a', 0xe2, 0x82], true)[0].starts_with("00000000"), "not UTF-8");
        let elf = shown(b"\x7fELF\x02\x01\x01\0", true);
        assert_eq!(
            elf[..2],
            ["ELF", "damaged          not known: a length leads beyond the end of the file"]
        );
        assert_eq!(elf[2..].len(), 2, "an empty line and the bytes: {elf:?}");
        let model = shown(b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", false);
        assert!(model[0].starts_with("GGUF model, version 3: 1 tensor"), "{model:?}");
        assert!(!model.iter().any(|line| line.starts_with("00000000")), "{model:?}");
    }
}
