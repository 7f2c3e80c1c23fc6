//! Tars, layers and tables of contents that tests write byte by byte.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use regtui::layer::kept::{ListDecoder, ListEncoder};
use regtui::layer::{
    FileList, Findings, LayerEntry, LayerError, LayerFiles, LayerStream, LayerSums, StreamLimits,
};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// A tar that grows.
#[derive(Default, Clone)]
pub struct Tar(pub Vec<u8>);

impl Tar {
    /// Adds a header of the kind, with this size, and nothing else.
    pub fn header(mut self, kind: u8, path: &[u8], link: &[u8], size: u64) -> Tar {
        let mut block = [0; 512];
        block[..path.len()].copy_from_slice(path);
        block[100..107].copy_from_slice(b"0000644");
        block[108..115].copy_from_slice(b"0000001");
        block[116..123].copy_from_slice(b"0000002");
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[136..147].copy_from_slice(b"00000000100");
        block[156] = kind;
        block[157..157 + link.len()].copy_from_slice(link);
        block[257..263].copy_from_slice(b"ustar\0");
        self.0.extend_from_slice(&with_checksum(block));
        self
    }

    /// Adds content and its padding.
    pub fn content(mut self, content: &[u8]) -> Tar {
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, path: &[u8], content: &[u8]) -> Tar {
        self.header(b'0', path, b"", content.len() as u64).content(content)
    }

    pub fn directory(self, path: &[u8]) -> Tar {
        self.header(b'5', path, b"", 0)
    }

    /// Adds a pax header for the next entry.
    pub fn pax(self, records: &[(&str, &[u8])]) -> Tar {
        let mut all = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while rest + length.to_string().len() != length {
                length += 1;
            }
            all.extend_from_slice(format!("{length} {key}=").as_bytes());
            all.extend_from_slice(value);
            all.push(b'\n');
        }
        self.header(b'x', b"pax", b"", all.len() as u64).content(&all)
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1_024, 0);
        self.0
    }
}

/// Writes the checksum into a header.
pub fn with_checksum(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Returns a skippable frame of zstd.
pub fn skippable(content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x50, 0x2a, 0x4d, 0x18];
    frame.extend_from_slice(&(content.len() as u32).to_le_bytes());
    frame.extend_from_slice(content);
    frame
}

/// A layer that was read to its end.
#[derive(Debug)]
pub struct WholeLayer {
    pub entries: Vec<LayerEntry<'static>>,
    pub list: FileList,
    pub sums: LayerSums,
    pub findings: Findings,
}

impl WholeLayer {
    /// Returns the paths as text.
    pub fn paths(&self) -> Vec<String> {
        self.entries.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect()
    }
}

/// Reads a layer to its end.
pub fn read_layer(bytes: &[u8], limits: StreamLimits) -> Result<WholeLayer, LayerError> {
    let mut stream = LayerStream::new(bytes, limits)?;
    let (mut entries, mut list) = (Vec::new(), FileList::default());
    while let Some(entry) = stream.next_entry()? {
        list.push(&entry)?;
        entries.push(entry);
    }
    let (sums, findings) = stream.finish()?;
    Ok(WholeLayer { entries, list, sums, findings })
}

/// Returns the list of the entries of a tar.
pub fn list_of(tar: Tar) -> FileList {
    read_layer(&tar.end(), StreamLimits::default()).expect("a layer").list
}

/// Puts a list into the cache and takes it out again. Returns `None` if it has no form there.
pub fn through_the_cache(files: &LayerFiles) -> Option<LayerFiles> {
    let mut encoder = ListEncoder::new(Arc::new(files.clone()))?;
    assert!(encoder.next_piece().is_none(), "it is short");
    ListDecoder::new(&encoder.finish()?)?.finish()
}
