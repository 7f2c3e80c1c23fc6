//! Layers for sample images: real tar files in the formats that registries hold. Their bytes depend on no library and
//! no clock.

use serde_json::{Map, Value};

use super::blob::Blob;
use super::files::{DemoEntry, DemoFiles, DemoKind};
use super::packing::{DemoFormat, digest_of, pack};
use crate::model::digest::Digest;

/// A layer that can be pushed: its digest for the descriptor, its diff id for the config, and its bytes.
#[derive(Debug, Clone)]
pub struct DemoLayer {
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The digest of the tar inside.
    pub diff_id: Digest,
    /// The compressed bytes.
    pub blob: Blob,
    /// The format of the compressed bytes.
    pub format: DemoFormat,
    /// The annotations of the descriptor: those that point to a table of contents.
    pub annotations: Map<String, Value>,
}

impl DemoLayer {
    /// Returns a layer with these files, each a path and its content, and without directories.
    pub fn of(files: &[(&str, &str)]) -> DemoLayer {
        let files = files.iter().fold(DemoFiles::new(), |files, (path, content)| {
            let content = content.as_bytes().to_vec().into();
            files.add_alone(DemoEntry { content, ..DemoEntry::new(DemoKind::File, *path) })
        });
        DemoLayer::packed(&files, DemoFormat::Gzip)
    }

    /// Returns a layer with these files.
    pub fn packed(files: &DemoFiles, format: DemoFormat) -> DemoLayer {
        let packed = pack(files, None, format);
        DemoLayer {
            digest: digest_of(&packed.blob),
            diff_id: digest_of(&packed.tar),
            blob: packed.blob,
            format,
            annotations: packed.annotations,
        }
    }

    /// Returns its compressed size in bytes.
    pub fn size(&self) -> u64 {
        self.blob.size()
    }
}

impl From<DemoFiles> for DemoLayer {
    fn from(files: DemoFiles) -> DemoLayer {
        DemoLayer::packed(&files, DemoFormat::Gzip)
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::RECORD;
    use super::*;

    #[test]
    fn a_small_layer_is_whole_records_in_one_member() {
        let layer = DemoLayer::of(&[("etc/hostname", "demo\n")]);
        let Blob::Whole(bytes) = &layer.blob else { panic!("a small layer in pieces") };
        assert_eq!(bytes.len(), 10 + 5 + 4 * RECORD + 8);
        assert_eq!(Digest::sha256(&bytes[15..15 + 4 * RECORD]), layer.diff_id);
    }
}
