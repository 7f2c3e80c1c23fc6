//! Layers of artifacts that are no tars: each is one file.

use std::io::Read;

use super::image::LayerSource;
use crate::client::Registry;
use crate::layer::{Compression, DataPosition, EntryKind, FileList, LayerEntry, LayerFiles, LayerFormat};
use crate::model::digest::Digest;
use crate::model::reference::RepositoryName;

/// The annotation that names the file of an artifact's blob: image-spec, `annotations.md`.
const TITLE: &str = "org.opencontainers.image.title";
/// Annotations with the path of the file of a model:
/// <https://github.com/modelpack/model-spec/blob/main/docs/annotations.md>, and its name before.
const PATHS: [&str; 2] = ["org.cncf.model.filepath", "org.cnai.model.filepath"];
/// Media types of models without names for their files, up to the part that tells the purpose of the blob.
const UNNAMED: [&str; 2] = ["application/vnd.ollama.image.", "application/vnd.docker.ai."];
/// The first bytes that are looked at.
const FIRST: u64 = 4_096;
/// The bytes of a tar header.
const HEADER: usize = 512;

/// Whether the media type says that the blob is a layer of an image, which has to be a tar.
pub(super) fn is_layer_of_an_image(source: &LayerSource) -> bool {
    Compression::of_media_type(source.descriptor.media_type.as_str()).is_some()
}

/// Looks at the first bytes of a blob, and returns whether it is no tar, plain or compressed. Returns false if they cannot
/// be read.
pub(super) async fn is_no_tar(registry: &dyn Registry, name: &RepositoryName, source: &LayerSource) -> bool {
    let Some(size) = source.descriptor.size else { return false };
    let range = 0..FIRST.min(size);
    let start = match registry.blob_range(name, &source.descriptor, range).await {
        Ok(Some(start)) => start,
        // The stream is dropped after its first piece.
        Ok(None) => match registry.read_blob(name, &source.descriptor, 0) {
            Ok(mut stream) => stream.next_piece().await.ok().flatten().unwrap_or_default(),
            Err(_) => return false,
        },
        Err(_) => return false,
    };
    !start.is_empty() && !begins_like_a_tar(&start)
}

/// Returns whether the first bytes are those of a tar, plain or compressed. A damaged archive counts as one, so that the
/// damage is told.
fn begins_like_a_tar(start: &[u8]) -> bool {
    let Ok(compression) = Compression::detect(start) else { return false };
    let mut header = Vec::new();
    let unpacked = match compression {
        Compression::None => return true,
        Compression::Gzip => {
            flate2::read::MultiGzDecoder::new(start).take(HEADER as u64).read_to_end(&mut header)
        }
        Compression::Zstd => match ruzstd::decoding::StreamingDecoder::new(start) {
            Ok(decoder) => decoder.take(HEADER as u64).read_to_end(&mut header),
            Err(_) => return true,
        },
    };
    (unpacked.is_err() && header.len() < HEADER) || Compression::detect(&header) == Ok(Compression::None)
}

/// The blob of an artifact as the only file of its layer.
pub(super) fn single_file(source: &LayerSource) -> LayerFiles {
    let descriptor = &source.descriptor;
    let mut list = FileList::default();
    let entry = LayerEntry {
        path: path_of(source).into_bytes().into(),
        kind: EntryKind::File,
        size: descriptor.size.unwrap_or_default(),
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        link: b"".into(),
        sha256: match descriptor.digest {
            Some(Digest::Sha256(bytes)) => Some(bytes),
            _ => None,
        },
        data: Some(DataPosition::Stream(0)),
    };
    // A single short path fits into an empty list.
    list.push(&entry).ok();
    LayerFiles { uncompressed: descriptor.size, ..LayerFiles::new(LayerFormat::Blob, list) }
}

/// Returns the path of the file: that of an annotation, else a name that follows from the media type and the digest.
pub(super) fn path_of(source: &LayerSource) -> String {
    let descriptor = &source.descriptor;
    let annotation = |name: &str| {
        let text = descriptor.annotations.get(name);
        text.filter(|text| !text.is_empty() && text.len() <= 255 && !text.contains('\0'))
    };
    if let Some(path) = PATHS.iter().find_map(|name| annotation(name)) {
        let names: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        if !names.is_empty() && !names.contains(&"..") {
            return names.join("/");
        }
    }
    let title = annotation(TITLE).map(|title| title.replace('/', "_"));
    title.filter(|title| title != "." && title != "..").unwrap_or_else(|| {
        let hex = descriptor.digest.map(|digest| digest.hex()[..12].to_string());
        let media_type = descriptor.media_type.as_str();
        let purpose = UNNAMED.iter().find_map(|prefix| media_type.strip_prefix(prefix));
        let purpose = purpose.and_then(|rest| rest.split('.').next()).filter(|word| {
            !word.is_empty() && word.len() < 20 && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        match (purpose, hex) {
            (Some(purpose), Some(hex)) => format!("{purpose}-{hex}"),
            (Some(purpose), None) => purpose.to_string(),
            (None, hex) => hex.unwrap_or_else(|| "blob".to_string()),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("into memory");
        encoder.finish().expect("into memory")
    }

    #[test]
    fn the_first_bytes_tell_a_tar_from_a_file() {
        let model = [&b"GGUF\x03\0\0\0"[..], &[7; 5_000]].concat();
        for (start, is_tar) in [
            (&model[..], false),
            (b"{\"a\": 1}", false),
            (&gzip(&model), false),
            (&gzip(&[0; 2_048]), true),
            (&[0; 512], true),
            // Damage is told when the layer is read.
            (&[0x1f, 0x8b, 8, 0, 1], true),
        ] {
            assert_eq!(begins_like_a_tar(start), is_tar, "{:?}", &start[..5]);
        }
    }
}
