//! The texts about the reading of files, and about the lists of layers.

use crate::app::panes::details::files::reading::{FilesPrice, FilesProgress};
use crate::layer::{Compression, LayerFiles, LayerFormat};
use crate::model::plural::counted;
use crate::model::text::SafeText;
use crate::model::{columns, size};
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

/// Returns the bytes that a reading takes: `reads 68.9 MB of 3 layers`.
pub(super) fn price_text(price: &FilesPrice) -> String {
    let more = if price.is_more { " or more" } else { "" };
    let layers = match price.whole_layers {
        0 => "tables of contents".into(),
        count => counted(count, "layer", "layers"),
    };
    format!("reads {}{more} of {layers}", size::bytes(price.bytes))
}

/// Returns the progress: `12.3 MB of 68.9 MB, 4.5 MB/s, 1,234 entries so far`.
pub(super) fn progress_text(progress: &FilesProgress, rate: Option<u64>) -> String {
    let all = progress.price.bytes.max(progress.received);
    let mut text = format!("{} of {}", size::bytes(progress.received), size::bytes(all));
    if progress.price.is_more {
        text.push_str(" or more");
    }
    if let Some(rate) = rate {
        text.push_str(&format!(", {}/s", size::bytes(rate)));
    }
    text + &format!(", {} so far", counted(progress.entries, "entry", "entries"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_names_the_layers_and_doubts() {
        let price = |whole_layers, is_more| FilesPrice { bytes: 68_900_000, is_more, whole_layers };
        assert_eq!(price_text(&price(3, false)), "reads 68.9 MB of 3 layers");
        assert_eq!(price_text(&price(1, true)), "reads 68.9 MB or more of 1 layer");
        assert_eq!(price_text(&price(0, false)), "reads 68.9 MB of tables of contents");
    }
}
