//! The files at a path in both images: their facts, and the requests for their contents.

use jiff::Timestamp;

use super::reading::{DiffedFileList, DiffedPair};
use super::{DiffTone, TonedLine};
use crate::app::dialogs::file_sides::{self, SideContent};
use crate::app::panes::details::files::reading::ContentRequest;
use crate::app::update::Update;
use crate::layer::diff::{ContentPlace, DiffOperand, DiffedFile, FileFacts, FileState};
use crate::layer::{EntryKind, mode_text};
use crate::model::digest::Digest;
use crate::model::image_diff::text::LARGEST;
use crate::model::size;
use crate::model::text::SafeText;

/// Shows both sides of a file that differs.
pub(super) fn show(update: &mut Update<'_>, pair: &DiffedPair, files: &DiffedFileList, row: usize) {
    let Some(file) = files.diff.get(row) else { return };
    let mut about = Vec::new();
    for (tone, name, state) in
        [(DiffTone::Removed, "- left", &file.left), (DiffTone::Added, "+ right", &file.right)]
    {
        about.extend(side_lines(tone, name, state));
    }
    let sides = [DiffOperand::Left, DiffOperand::Right].map(|operand| content(pair, files, &file, operand));
    let title = SafeText::from(file.shown_path());
    file_sides::show(update, title, about, sides);
}

/// Returns the facts about one side.
fn side_lines(tone: DiffTone, name: &str, state: &FileState) -> Vec<TonedLine> {
    match state {
        FileState::Absent => vec![(tone, SafeText::from(format!("{name:<7}  no such file")))],
        FileState::Unread => {
            vec![(tone, SafeText::from(format!("{name:<7}  as in layers that were not read")))]
        }
        FileState::Present(facts) => facts_lines(tone, name, facts),
    }
}

/// Returns the facts about a file: size, mode, owner, time and layer, then its link or its sha256.
fn facts_lines(tone: DiffTone, name: &str, facts: &FileFacts) -> Vec<TonedLine> {
    let bytes = match facts.kind {
        EntryKind::File => size::bytes(facts.size),
        kind => kind.name().replace('_', " "),
    };
    let mode = mode_text(facts.kind, facts.mode);
    let time = Timestamp::from_second(facts.mtime);
    let time = time.map_or_else(|_| "-".into(), |time| time.strftime("%Y-%m-%d %H:%M").to_string());
    let FileFacts { uid, gid, layer, .. } = facts;
    let text = format!("{name:<7}  {bytes}  {mode}  {uid}:{gid}  {time}  layer {layer}");
    let mut lines = vec![(tone, SafeText::from(text))];
    let more = match facts.sha256 {
        _ if !facts.link.is_empty() => {
            Some(format!("-> {}", SafeText::clean(&String::from_utf8_lossy(&facts.link))))
        }
        Some(sum) => Some(Digest::Sha256(sum).to_string()),
        None => None,
    };
    lines.extend(more.map(|more| (tone, SafeText::from(more))));
    lines
}

/// Returns the content of one side, or the reason why it is not compared.
fn content(
    pair: &DiffedPair,
    files: &DiffedFileList,
    file: &DiffedFile,
    operand: DiffOperand,
) -> SideContent {
    let side = match operand {
        DiffOperand::Left => &file.left,
        DiffOperand::Right => &file.right,
    };
    match side {
        FileState::Absent => return SideContent::Absent,
        FileState::Unread => return SideContent::Unread,
        FileState::Present(facts) if facts.kind != EntryKind::File => return SideContent::NoFile,
        FileState::Present(_) => {}
    }
    match files.diff.locate(operand, &file.path) {
        ContentPlace::Absent => SideContent::Absent,
        ContentPlace::Unread => SideContent::Unread,
        ContentPlace::NoFile(_) => SideContent::NoFile,
        ContentPlace::File { size, .. } if size > LARGEST as u64 => SideContent::Large,
        ContentPlace::File { layer, entry, .. } => {
            let side = operand as usize;
            let Some((number, list)) = files.diff.layer(operand, layer) else { return SideContent::Unread };
            SideContent::File(Box::new(ContentRequest {
                image: pair.images[side].clone(),
                layer: u16::try_from(number).unwrap_or(u16::MAX),
                files: list.clone(),
                entry,
                most: LARGEST as u64,
                most_of_header: 0,
            }))
        }
    }
}
