//! The first bytes of a file: as many as are needed to tell what it is.

use bytes::Bytes;

use super::check::ContentCheck;
use super::{ContentProgress, ContentSink, read_contents_with};
use crate::client::Registry;
use crate::layer::{LayerFiles, LayerFormat};
use crate::model::failure::Failure;
use crate::model::reference::RepositoryName;
use crate::ops::files::image::LayerSource;
use crate::ops::files::layer::describe;
use crate::ops::files::pause::read_part;

/// Tells how many of the first bytes are needed, by those that were read so far. The answer may grow with them.
pub type NeededBytes<'a> = &'a (dyn Fn(&[u8]) -> u64 + Send + Sync);

/// The first bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// The bytes.
    pub bytes: Bytes,
    /// Whether these are all, and were compared with the digest of the file.
    pub is_whole: bool,
}

/// Reads the first bytes of a file. The blob of an artifact is read by ranges. If the server gives no parts, reading stops
/// as soon as enough bytes are there.
pub async fn read_beginning(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    (files, entry): (&LayerFiles, u32),
    needed: NeededBytes<'_>,
    progress: &ContentProgress,
) -> Result<Beginning, Failure> {
    if files.format == LayerFormat::Blob
        && let Some(beginning) = read_ranges(registry, name, source, (files, entry), needed, progress).await?
    {
        return Ok(beginning);
    }
    let mut sink = FirstBytes { needed, target: needed(&[]), bytes: Vec::new(), is_cut: false };
    let read = read_contents_with(registry, name, source, files, &[entry], &mut sink, progress).await;
    match read {
        Err(failure) if !sink.is_cut => Err(failure),
        _ => Ok(Beginning { is_whole: !sink.is_cut, bytes: sink.bytes.into() }),
    }
}

/// Reads the first bytes of a blob. Returns `None` if the server gives no parts.
async fn read_ranges(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    (files, entry): (&LayerFiles, u32),
    needed: NeededBytes<'_>,
    progress: &ContentProgress,
) -> Result<Option<Beginning>, Failure> {
    let Some(size) = source.descriptor.size else { return Ok(None) };
    let mut bytes = Vec::new();
    loop {
        let (from, to) = (bytes.len() as u64, needed(&bytes).min(size));
        if to <= from {
            break;
        }
        let ContentProgress { received, pause } = progress;
        let part = read_part(registry, name, source, from..to, received, pause).await;
        match part.map_err(|error| error.failure(describe(source)))? {
            Some(part) if !part.is_empty() => bytes.extend_from_slice(&part),
            _ => return Ok(None),
        }
    }
    let is_whole = bytes.len() as u64 == size;
    if is_whole {
        let mut check = ContentCheck::new(files, entry);
        check.update(&bytes);
        check.check().map_err(|error| Failure::local(describe(source), error.to_string()))?;
    }
    Ok(Some(Beginning { bytes: bytes.into(), is_whole }))
}

/// The first bytes of a content. It ends the reading when there are enough.
struct FirstBytes<'a> {
    needed: NeededBytes<'a>,
    target: u64,
    bytes: Vec<u8>,
    is_cut: bool,
}

impl ContentSink for FirstBytes<'_> {
    fn take(&mut self, _entry: u32, mut bytes: &[u8]) -> Result<(), Failure> {
        loop {
            let room = usize::try_from(self.target).unwrap_or(usize::MAX).saturating_sub(self.bytes.len());
            let (taken, rest) = bytes.split_at(room.min(bytes.len()));
            self.bytes.extend_from_slice(taken);
            if rest.is_empty() {
                return Ok(());
            }
            bytes = rest;
            let target = (self.needed)(&self.bytes);
            if target <= self.target {
                self.is_cut = true;
                // It is not shown.
                return Err(Failure::local("cannot read a file", "these are enough bytes of it"));
            }
            self.target = target;
        }
    }

    fn finish(&mut self, _entry: u32) -> Result<(), Failure> {
        Ok(())
    }
}
