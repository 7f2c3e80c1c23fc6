//! The content of files. It is read by ranges if the layer has a table of contents, otherwise from the first byte of the
//! layer to the last file that is needed, and compared with the digest of the file.

pub mod beginning;
mod check;
mod finder;
mod requests;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::channel;

use super::image::LayerSource;
use super::layer::describe;
use super::pause::{Pause, read_part};
use super::pipe::{feed, pipe};
use super::progress::LayerProgress;
use super::tree::Reading;
use crate::client::{Error, Registry};
use crate::layer::files::unpack_chunk;
use crate::layer::{Chunk, EntryKind, LayerFiles, LayerFormat};
use crate::model::failure::Failure;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;
use check::ContentCheck;
use finder::{Portion, StreamFinder, WantedFile};
pub use requests::price_of_contents;
use requests::{ChunkRequest, WantedContents, chunk_requests};

/// Portions of content that wait for the caller.
const WAITING: usize = 16;

/// The receiver of contents.
pub trait ContentSink: Send {
    /// Takes the next bytes of the file with this number. An error ends the reading.
    fn take(&mut self, entry: u32, bytes: &[u8]) -> Result<(), Failure>;

    /// Notes that the file is complete, and that its content has the digest that the list states, if it states one.
    fn finish(&mut self, entry: u32) -> Result<(), Failure>;
}

/// Contents in memory, within a limit.
#[derive(Debug, Default)]
pub struct MemorySink {
    contents: HashMap<u32, Vec<u8>>,
    finished: HashMap<u32, Bytes>,
    size: u64,
    limit: u64,
}

impl MemorySink {
    /// Creates a sink for `limit` bytes.
    pub fn new(limit: u64) -> MemorySink {
        MemorySink { limit, ..MemorySink::default() }
    }

    /// Returns the contents by the number of the entry.
    pub fn into_contents(self) -> HashMap<u32, Bytes> {
        self.finished
    }
}

impl ContentSink for MemorySink {
    fn take(&mut self, entry: u32, bytes: &[u8]) -> Result<(), Failure> {
        self.size += bytes.len() as u64;
        if self.size > self.limit {
            let why = format!("it has more than {}", crate::model::size::bytes(self.limit));
            return Err(Failure::local("cannot read a file", why));
        }
        self.contents.entry(entry).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn finish(&mut self, entry: u32) -> Result<(), Failure> {
        let content = self.contents.remove(&entry).unwrap_or_default();
        self.finished.insert(entry, content.into());
        Ok(())
    }
}

/// The progress of contents that are read, shared with the code that shows it, and the switch that pauses them.
#[derive(Debug, Clone, Default)]
pub struct ContentProgress {
    received: Arc<LayerProgress>,
    /// The switch that pauses reading, and the handing out of what was read.
    pub(super) pause: Pause,
}

impl ContentProgress {
    /// Creates that of contents that this switch pauses.
    pub(super) fn paused_by(pause: Pause) -> ContentProgress {
        ContentProgress { received: Arc::default(), pause }
    }

    /// Returns that of contents of a layer, from 0, which counts as a part of a reading.
    pub(crate) fn of(reading: &Reading, layer: usize) -> ContentProgress {
        ContentProgress { received: reading.layer(layer), pause: reading.pause.clone() }
    }

    /// Returns the bytes that were received.
    pub fn received(&self) -> u64 {
        self.received.received()
    }
}

/// Reads the contents of files of a layer, by the numbers of their entries. Each is handed out in order; the files
/// themselves come in the order of the layer. Returns the bytes of the layer that were received.
pub async fn read_contents(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    files: &LayerFiles,
    entries: &[u32],
    sink: &mut dyn ContentSink,
) -> Result<u64, Failure> {
    let progress = ContentProgress::default();
    read_contents_with(registry, name, source, files, entries, sink, &progress).await?;
    Ok(progress.received())
}

/// Reads contents as [`read_contents`] does, and counts the bytes that are received. While it is paused, nothing is
/// received or handed out.
pub(crate) async fn read_contents_with(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    files: &LayerFiles,
    entries: &[u32],
    sink: &mut dyn ContentSink,
    progress: &ContentProgress,
) -> Result<(), Failure> {
    let WantedContents { empty, in_chunks, mut in_stream } = WantedContents::of(source, files, entries)?;
    for number in empty {
        progress.pause.wait().await;
        sink.finish(number)?;
        // Many empty files must not keep the reader from being stopped.
        tokio::task::consume_budget().await;
    }
    let ContentProgress { received, pause } = progress;
    let reader = ContentReader { registry, name, source, files, received, pause };
    if !in_chunks.is_empty() && !reader.read_chunks(&in_chunks, sink).await? {
        in_stream.extend(in_chunks.into_iter().map(|(number, _)| number));
    }
    match files.format {
        _ if in_stream.is_empty() => {}
        LayerFormat::Blob => reader.read_blob(in_stream[0], sink).await?,
        _ => reader.read_stream(&in_stream, sink).await?,
    }
    Ok(())
}

struct ContentReader<'a> {
    registry: &'a dyn Registry,
    name: &'a RepositoryName,
    source: &'a LayerSource,
    files: &'a LayerFiles,
    received: &'a Arc<LayerProgress>,
    pause: &'a Pause,
}

impl<'a> ContentReader<'a> {
    /// Reads files in chunks. Returns whether the server gives parts of the layer.
    async fn read_chunks(
        &self,
        files: &[(u32, &'a [Chunk])],
        sink: &mut dyn ContentSink,
    ) -> Result<bool, Failure> {
        let mut check: Option<ContentCheck> = None;
        let mut is_first = true;
        let mut finished = 0;
        for request in chunk_requests(self.files, files) {
            let ChunkRequest { range, chunks } = request;
            let ContentReader { registry, name, source, received, pause, .. } = *self;
            let part = read_part(registry, name, source, range.clone(), received, pause).await;
            let part = part.map_err(|error| error.failure(describe(self.source)))?;
            let Some(part) = part else {
                if is_first {
                    return Ok(false);
                }
                return Err(Failure::local(describe(self.source), "the server stopped giving parts of it"));
            };
            is_first = false;
            for (number, chunk, bytes) in chunks {
                if check.as_ref().is_none_or(|check| check.number != number) {
                    check = Some(ContentCheck::new(self.files, number));
                }
                let Some(open) = &mut check else { continue };
                if open.is_complete() {
                    return Err(self.fail("the table of contents has a part behind the end of a file"));
                }
                let content = if chunk.is_zeros {
                    Unpacked::Zeros(chunk.size)
                } else {
                    let at = (bytes.start - range.start) as usize;
                    let packed = part.slice(at..at + (bytes.end - bytes.start) as usize);
                    let (format, chunk) = (self.files.format, chunk.clone());
                    let unpack = move || unpack_chunk(format, &chunk, &packed);
                    let unpacked = tokio::task::spawn_blocking(unpack).await;
                    let unpacked = unpacked.map_err(|_| self.fail("the reader stopped"))?;
                    Unpacked::Bytes(unpacked.map_err(|error| self.fail(&error.to_string()))?)
                };
                for portion in content.portions() {
                    pause.wait().await;
                    open.update(portion);
                    sink.take(number, portion)?;
                    // A hole of any size must not keep the reader from being stopped.
                    tokio::task::consume_budget().await;
                }
                if open.is_complete() {
                    open.check().map_err(|error| self.fail(&error.to_string()))?;
                    sink.finish(number)?;
                    finished += 1;
                }
            }
        }
        if finished < files.len() {
            return Err(self.fail("the table of contents does not have all parts of a file"));
        }
        Ok(true)
    }

    /// Reads the blob of an artifact, whose digest the reader of blobs compares.
    async fn read_blob(&self, number: u32, sink: &mut dyn ContentSink) -> Result<(), Failure> {
        let fail = |error: Error| error.failure(describe(self.source));
        let mut stream = self.registry.read_blob(self.name, &self.source.descriptor, 0).map_err(fail)?;
        while let Some(piece) = self.pause.next_piece(&mut *stream).await.map_err(fail)? {
            self.received.add_received(piece.len() as u64);
            sink.take(number, &piece)?;
        }
        sink.finish(number)
    }

    /// Reads the layer from its first byte on, until all files were found.
    async fn read_stream(&self, entries: &[u32], sink: &mut dyn ContentSink) -> Result<(), Failure> {
        let fail = |error: Error| error.failure(describe(self.source));
        let stream = self.registry.read_blob(self.name, &self.source.descriptor, 0).map_err(fail)?;
        let (sender, reader) = pipe();
        let (contents, mut portions) = channel(WAITING);
        let finder = StreamFinder {
            wanted: self.wanted(entries),
            // The numbers of a table of contents are not those of the layer.
            is_by_path: !matches!(self.files.format, LayerFormat::Tar(_)),
            root: self.files.root,
            contents,
        };
        let worker = tokio::task::spawn_blocking(move || finder.run(reader));
        let fed = feed(stream, sender, self.received, self.pause);
        // It is moved, so that the thread is not waited for if the caller takes no more.
        let taken = async move {
            while let Some(portion) = portions.recv().await {
                // Portions that wait for their turn hold the thread, so that little is unpacked during a pause.
                self.pause.wait().await;
                match portion {
                    Portion::Bytes(number, bytes) => sink.take(number, &bytes)?,
                    Portion::End(number) => sink.finish(number)?,
                }
            }
            Ok::<(), Failure>(())
        };
        // The thread ends when it has found everything, and then the pipe is closed.
        let (fed, taken) = futures_util::join!(fed, taken);
        taken?;
        let found = worker.await.map_err(|_| self.fail("the reader stopped"))?;
        match (found, fed) {
            (Ok(true), _) => Ok(()),
            (_, Err(error)) => Err(fail(error)),
            (Err(error), Ok(())) => Err(self.fail(&error.to_string())),
            (Ok(false), Ok(())) => Err(self.fail("the layer does not hold a file that its list names")),
        }
    }

    /// Returns what the layer is searched for.
    fn wanted(&self, entries: &[u32]) -> Vec<WantedFile> {
        let list = &self.files.list;
        let entries: Vec<_> =
            entries.iter().filter_map(|number| Some((*number, list.get(*number as usize)?))).collect();
        // A path may stand in the layer more than once.
        let mut files_at: HashMap<Vec<u8>, Vec<u32>> =
            entries.iter().map(|(_, entry)| (entry.path.to_vec(), Vec::new())).collect();
        for (number, entry) in (0..).zip(list.iter()) {
            if let Some(files) = files_at.get_mut(&*entry.path).filter(|_| entry.kind == EntryKind::File) {
                files.push(number);
            }
        }
        let wanted = entries.into_iter().map(|(number, entry)| WantedFile {
            nth: files_at.get(&*entry.path).map_or(0, |files| files.partition_point(|file| *file < number)),
            is_told: entry.sha256.is_some(),
            check: ContentCheck::new(self.files, number),
            path: entry.path.into_owned(),
        });
        wanted.collect()
    }

    fn fail(&self, why: &str) -> Failure {
        Failure::local(describe(self.source), SafeText::from(why.to_string()))
    }
}

/// Uncompressed content.
enum Unpacked {
    Bytes(Vec<u8>),
    /// A hole of this size.
    Zeros(u64),
}

impl Unpacked {
    fn portions(&self) -> impl Iterator<Item = &[u8]> {
        const ZEROS: &[u8] = &[0; 64 * 1024];
        let (bytes, hole) = match self {
            Unpacked::Bytes(bytes) => (Some(&bytes[..]), 0),
            Unpacked::Zeros(size) => (None, *size),
        };
        let whole =
            std::iter::repeat_n(ZEROS, usize::try_from(hole / ZEROS.len() as u64).unwrap_or(usize::MAX));
        let rest = &ZEROS[..(hole % ZEROS.len() as u64) as usize];
        bytes.into_iter().chain(whole).chain((!rest.is_empty()).then_some(rest))
    }
}
