//! What the first bytes of a file tell about it: a program, a model, compressed text, an archive.
//!
//! | module | purpose |
//! |---|---|
//! | [`gguf`], [`safetensors`] | the headers of models, without their tensors |
//! | [`elf`] | programs and libraries |
//! | [`packed`] | compressed files and archives: their first bytes and entries |
//! | [`cursor`] | reads numbers and texts that may lie about their lengths |
//!
//! Every length and count comes from the file, so each is compared with the bytes that are there.

mod cursor;
mod elf;
mod gguf;
mod packed;
mod safetensors;

use bytes::Bytes;

use crate::model::text::SafeText;

/// Most bytes of a header that are read. Those of models contain vocabularies of some megabytes.
pub const LONGEST_HEADER: u64 = 16 << 20;
/// Most bytes of a content that is shown.
pub const MOST_SHOWN: u64 = 256 << 10;
/// Most lines of facts.
const MOST_LINES: usize = 400;
/// Most characters of a value.
const LONGEST_VALUE: usize = 200;

/// What is shown below the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewBody {
    /// The first bytes of the file.
    Content,
    /// Other bytes: what the file holds when it is unpacked. The flag tells whether these are all.
    Unpacked(Bytes, bool),
    /// Nothing, because the facts tell everything that was read.
    Nothing,
}

/// The facts that the first bytes of a file tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePreview {
    /// The facts, a line each.
    pub facts: Vec<SafeText>,
    /// What is shown below them.
    pub body: PreviewBody,
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileFormat {
    Elf,
    Gguf,
    Safetensors,
    Packed,
}

impl FileFormat {
    /// Returns the format that the first bytes show.
    fn detect(start: &[u8], size: u64) -> Option<FileFormat> {
        match start {
            _ if start.starts_with(elf::MAGIC) => Some(FileFormat::Elf),
            _ if start.starts_with(gguf::MAGIC) => Some(FileFormat::Gguf),
            _ if safetensors::is_one(start, size) => Some(FileFormat::Safetensors),
            _ if packed::is_one(start) => Some(FileFormat::Packed),
            _ => None,
        }
    }
}

/// Returns how many of the first bytes of a file tell everything that a preview shows, as far as the bytes so far show
/// that. It is never more than [`LONGEST_HEADER`] or the size of the file, and may grow with more bytes.
pub fn bytes_needed(start: &[u8], size: u64) -> u64 {
    let needed = match FileFormat::detect(start, size) {
        // The names of libraries and the tables of sections often stand at the end.
        Some(FileFormat::Elf) => LONGEST_HEADER,
        Some(FileFormat::Gguf) => gguf::bytes_needed(start, size),
        Some(FileFormat::Safetensors) => safetensors::header_end(start).unwrap_or(LONGEST_HEADER),
        Some(FileFormat::Packed) | None => MOST_SHOWN,
    };
    needed.min(LONGEST_HEADER).min(size)
}

/// Returns whether a preview shows nothing but facts, whatever else the file holds.
pub fn is_told_by_facts(start: &[u8], size: u64) -> bool {
    matches!(FileFormat::detect(start, size), Some(FileFormat::Gguf | FileFormat::Safetensors))
}

/// Returns the facts that the first bytes of a file of `size` bytes tell, or `None` if it is of no known format. Takes a
/// moment for long headers.
pub fn describe(start: &[u8], size: u64) -> Option<FilePreview> {
    let mut preview = match FileFormat::detect(start, size)? {
        FileFormat::Elf => FilePreview { facts: elf::describe(start, size), body: PreviewBody::Content },
        FileFormat::Gguf => FilePreview { facts: gguf::describe(start, size), body: PreviewBody::Nothing },
        FileFormat::Safetensors => {
            FilePreview { facts: safetensors::describe(start, size), body: PreviewBody::Nothing }
        }
        FileFormat::Packed => packed::describe(start, size)?,
    };
    preview.facts.truncate(MOST_LINES);
    Some(preview)
}

/// Returns a text from a file as a value, cut to a length that is shown.
fn value(bytes: &[u8]) -> String {
    let cut = bytes.get(..4 * LONGEST_VALUE).unwrap_or(bytes);
    let text = String::from_utf8_lossy(cut);
    let mut short: String = text.chars().take(LONGEST_VALUE).collect();
    if short.len() < text.len() || cut.len() < bytes.len() {
        short.push('…');
    }
    short
}

/// Returns a line with a name and its value.
fn fact(name: &str, value: impl AsRef<str>) -> SafeText {
    SafeText::clean(&format!("{name:<16} {}", value.as_ref()))
}

/// Returns a number of parameters: `8.03 billion parameters`.
fn parameters(count: u64) -> String {
    let (unit, word) = match count {
        1_000_000_000_000.. => (1_000_000_000_000, " trillion"),
        1_000_000_000.. => (1_000_000_000, " billion"),
        1_000_000.. => (1_000_000, " million"),
        _ => return crate::model::plural::group_thousands(count as usize),
    };
    let hundredths = count / (unit / 100);
    format!("{}.{:02}{word}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_told_in_words() {
        for (count, text) in [
            (0, "0"),
            (12_345, "12,345"),
            (1_100_048_384, "1.10 billion"),
            (8_030_261_248, "8.03 billion"),
            (671_026_419_200, "671.02 billion"),
            (494_032_768, "494.03 million"),
            (u64::MAX, "18446744.07 trillion"),
        ] {
            assert_eq!(parameters(count), text);
        }
    }

    #[test]
    fn other_files_are_no_known_format() {
        for start in [&b""[..], b"text", b"\x7fEL", b"GGU", &[0; 600], b"\x05\0\0\0\0\0\0\0[1,2]"] {
            assert_eq!(describe(start, start.len() as u64), None, "{start:?}");
            assert_eq!(bytes_needed(start, 1 << 40), MOST_SHOWN);
        }
    }

    proptest! {
        /// Whatever follows the magic bytes, the work is bounded, nothing panics and no line is long.
        #[test]
        fn no_bytes_break_a_preview(
            magic in prop::sample::select(vec![
                &b"GGUF\x03\0\0\0"[..], b"GGUF\x01\0\0\0", b"GGUF\0\0\0\x03", b"\x7fELF\x02\x01\x01",
                b"\x7fELF\x01\x02\x01", b"\x20\0\0\0\0\0\0\0{\"a\":", b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
                b"\x28\xb5\x2f\xfd",
            ]),
            rest in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => 1_u8..9, 1 => any::<u8>()], 0..600),
            size in prop_oneof![Just(0_u64), 0_u64..2_000, Just(u64::MAX)],
        ) {
            let bytes = [magic, &rest].concat();
            let size = size.max(bytes.len() as u64);
            prop_assert!(bytes_needed(&bytes, size) <= size.min(LONGEST_HEADER));
            if let Some(preview) = describe(&bytes, size) {
                prop_assert!(preview.facts.iter().all(|fact| fact.as_str().len() < 2_000));
            }
        }
    }
}
