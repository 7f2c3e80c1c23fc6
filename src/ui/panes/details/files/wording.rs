//! The texts about the reading of files, and about the lists of layers.

use crate::layer::{Compression, LayerFiles, LayerFormat};
use crate::model::columns;
use crate::model::text::SafeText;
use crate::ui::theme::Role;

/// Joins the parts of the line about the files, as many as fit.
pub(super) fn cut_about(parts: &[String], width: u16) -> String {
    let mut text = String::from("  ");
    for (number, part) in parts.iter().enumerate() {
        let gap = if number == 0 { "" } else { " · " };
        if number > 0 && columns::width(&text) + columns::width(part) + 3 > usize::from(width) {
            break;
        }
        text.push_str(gap);
        text.push_str(part);
    }
    text
}

/// Returns how the files of a layer became known, and whether that is doubtful.
pub(super) fn layer_text(files: &LayerFiles) -> (Role, String) {
    let format = match files.format {
        LayerFormat::Tar(Compression::None) => "tar",
        LayerFormat::Tar(Compression::Gzip) => "tar, gzip",
        LayerFormat::Tar(Compression::Zstd) => "tar, zstd",
        LayerFormat::Estargz => "eStargz, by its table of contents",
        LayerFormat::ZstdChunked => "zstd:chunked, by its table of contents",
        LayerFormat::Blob => "a single file",
    };
    match (&files.refused_table, files.is_proved) {
        (Some(why), _) => {
            let why = SafeText::clean(why);
            (Role::Warn, format!("{format}; its table of contents was refused: {why}"))
        }
        (None, false) => (Role::Warn, format!("{format}, not attested by the manifest")),
        (None, true) => (Role::Dim, format.into()),
    }
}
