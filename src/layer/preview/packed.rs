//! Compressed files and archives: what they hold, as far as their first bytes tell.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::{FilePreview, MOST_SHOWN, PreviewBody};
use crate::layer::entry::mode_text;
use crate::layer::tar;
use crate::layer::{Compression, EntryKind, LayerError, LayerStream, StreamLimits};
use crate::model::size;
use crate::model::text::SafeText;

/// Most entries of an archive that are listed.
const MOST_ENTRIES: usize = 200;
/// Most bytes that are uncompressed for one byte and for the beginning: the bytes of a preview.
const LIMITS: StreamLimits =
    StreamLimits { entries: MOST_ENTRIES + 1, header: 64 << 10, ratio: 4, allowance: 8 << 20 };

/// Returns whether a file begins like a compressed file or a tar.
pub(super) fn is_one(start: &[u8]) -> bool {
    match Compression::detect(start) {
        Ok(Compression::None) => is_tar(start),
        Ok(Compression::Gzip | Compression::Zstd) => true,
        Err(_) => false,
    }
}

/// Whether an entry of a tar begins here. An empty tar begins with zeros, as many other files do.
fn is_tar(start: &[u8]) -> bool {
    tar::is_header(start) && start.iter().any(|byte| *byte != 0)
}

/// Returns the facts, or `None` if nothing can be told.
pub(super) fn describe(start: &[u8], file_size: u64) -> Option<FilePreview> {
    let compression = Compression::detect(start).ok()?;
    let is_cut = (start.len() as u64) < file_size;
    let name = match compression {
        Compression::None => return Some(list(start, "tar archive")),
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    };
    let (content, ends) = unpack(compression, start);
    if is_tar(&content) {
        return Some(list(start, &format!("tar archive in {name}")));
    }
    if content.is_empty() && !ends {
        let fact = format!("{name}, which cannot be read");
        return Some(FilePreview { facts: vec![fact.into()], body: PreviewBody::Content });
    }
    let is_whole = ends && !is_cut;
    let amount = size::bytes(content.len() as u64);
    let of = if is_whole { String::new() } else { "the first ".into() };
    let fact = SafeText::from(format!("{name}: {of}{amount} of its content, unpacked"));
    Some(FilePreview { facts: vec![fact], body: PreviewBody::Unpacked(content, is_whole) })
}

/// Returns the first uncompressed bytes, and whether these are all that the compressed bytes hold.
fn unpack(compression: Compression, start: &[u8]) -> (Bytes, bool) {
    let mut decoder: Box<dyn Read + '_> = match compression {
        Compression::Zstd => match StreamingDecoder::new(start) {
            Ok(decoder) => Box::new(decoder),
            Err(_) => return (Bytes::new(), false),
        },
        Compression::Gzip | Compression::None => Box::new(MultiGzDecoder::new(start)),
    };
    let mut content = Vec::new();
    // The compressed bytes may be cut; everything before the cut is shown.
    let read = decoder.by_ref().take(MOST_SHOWN).read_to_end(&mut content).is_ok();
    let ends = read && matches!(decoder.read(&mut [0]), Ok(0));
    (content.into(), ends)
}

/// Lists the entries of an archive.
fn list(start: &[u8], what: &str) -> FilePreview {
    let mut facts = vec![SafeText::from(what.to_string()), SafeText::default()];
    let end = list_entries(start, &mut facts);
    match end {
        Ok(true) => {}
        Ok(false) => facts.push(SafeText::from(format!("… these are the first {MOST_ENTRIES} entries"))),
        Err(error) => {
            let why = match error {
                LayerError::Truncated(_) => "the rest stands behind the bytes that were read".to_string(),
                other => other.to_string(),
            };
            facts.push(SafeText::from(format!("… {why}")));
        }
    }
    FilePreview { facts, body: PreviewBody::Nothing }
}

/// Adds a line for each entry. Returns whether these are all.
fn list_entries(start: &[u8], facts: &mut Vec<SafeText>) -> Result<bool, LayerError> {
    let mut stream = LayerStream::new(start, LIMITS)?;
    for _ in 0..MOST_ENTRIES {
        let Some(entry) = stream.next_entry()? else { return Ok(true) };
        let bytes = if entry.kind == EntryKind::File { size::bytes(entry.size) } else { "-".into() };
        let path = String::from_utf8_lossy(&entry.path);
        let mut line = format!("{} {bytes:>9}  {}", mode_text(entry.kind, entry.mode), path);
        if !entry.link.is_empty() {
            line.push_str(&format!(" → {}", String::from_utf8_lossy(&entry.link)));
        }
        facts.push(SafeText::clean(&line));
    }
    Ok(stream.next_entry()?.is_none())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;
    use crate::layer::preview;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("into memory");
        encoder.finish().expect("into memory")
    }

    fn content(bytes: &[u8], file_size: u64) -> (String, Bytes, bool) {
        let preview = preview::describe(bytes, file_size).expect("a preview");
        let fact = preview.facts.first().map(ToString::to_string).unwrap_or_default();
        match preview.body {
            PreviewBody::Unpacked(content, is_whole) => (fact, content, is_whole),
            body => panic!("{fact}: {body:?}"),
        }
    }

    #[test]
    fn compressed_text_is_unpacked() {
        for (packed, name) in [
            (gzip(b"hello\n"), "gzip"),
            (compress_to_vec(&b"hello\n"[..], CompressionLevel::Fastest), "zstd"),
        ] {
            let found = content(&packed, packed.len() as u64);
            assert_eq!(found, (format!("{name}: 6 B of its content, unpacked"), "hello\n".into(), true));
        }
        // The members of one file follow each other.
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(content(&two, two.len() as u64).1, "one two");
    }

    #[test]
    fn a_bomb_and_a_cut_file_are_unpacked_in_part() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let (fact, bytes, is_whole) = content(&bomb, bomb.len() as u64);
        assert_eq!((bytes.len() as u64, is_whole), (MOST_SHOWN, false), "{fact}");
        let text: String = (0..50_000).map(|number| format!("{number}\n")).collect();
        let packed = gzip(text.as_bytes());
        let (_, bytes, is_whole) = content(&packed[..packed.len() / 2], packed.len() as u64);
        assert!(!is_whole && !bytes.is_empty() && text.as_bytes().starts_with(&bytes));
        let broken = preview::describe(&[0x1f, 0x8b, 8, 0, 1, 2, 3], 7).expect("a preview");
        assert_eq!(broken.body, PreviewBody::Content);
    }

    #[test]
    fn the_entries_of_an_archive_are_listed() {
        let mut header = [0; 512];
        header[..9].copy_from_slice(b"dir/a\x1b.tx");
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(b"00000000003");
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let tar = [&header[..], b"abc", &[0; 509], &[0; 1_024]].concat();
        for (bytes, name) in [(tar.clone(), "tar archive"), (gzip(&tar), "tar archive in gzip")] {
            let preview = preview::describe(&bytes, bytes.len() as u64).expect("a preview");
            let text: Vec<String> = preview.facts.iter().map(ToString::to_string).collect();
            assert_eq!(text, [name, "", "-rw-r--r--       3 B  dir/a␛.tx"]);
        }
        let cut = preview::describe(&tar[..600], 1 << 20).expect("a preview");
        let last = cut.facts.last().map(ToString::to_string).unwrap_or_default();
        assert!(last.contains("behind the bytes that were read"), "{last}");
    }
}
