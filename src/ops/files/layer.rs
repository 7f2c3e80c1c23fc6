//! The files of one layer.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::cost::LayerPlan;
use super::image::LayerSource;
use super::kept::keep_contents;
use super::kept_lists::keep_list;
use super::pause::{Pause, read_part};
use super::pipe::{PipeReader, feed, pipe};
use super::progress::LayerProgress;
use super::proof::kept_key;
use super::single_file::{is_layer_of_an_image, single_file};
use crate::client::{Error, Registry};
use crate::layer::kept::ListEncoder;
use crate::layer::{
    EntryKind, LayerError, LayerFiles, LayerFormat, LayerStream, LayerTable, StreamLimits, TableLimits,
    estargz, zstd_chunked,
};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::reference::RepositoryName;
use crate::model::text::SafeText;

/// Most bytes of contents that are kept while a layer is read whole.
const MOST_KEPT: u64 = 64 << 20;

/// Says whether the content of a file is needed, by its path and its size.
pub type Wanted = Arc<dyn Fn(&[u8], u64) -> bool + Send + Sync>;

/// The files of a layer, and the contents that were needed, by the number of the entry.
#[derive(Debug, Clone)]
pub struct ReadLayer {
    /// The files.
    pub files: Arc<LayerFiles>,
    /// Contents. Without those of a layer that was not read whole.
    pub contents: HashMap<u32, Bytes>,
}

/// Reads the files of a layer as planned. A table of contents that is refused, or a server that gives no part of the
/// layer, makes it be read whole.
pub async fn read_layer(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    plan: &LayerPlan,
    wanted: Option<&Wanted>,
    progress: &Arc<LayerProgress>,
    pause: &Pause,
) -> Result<ReadLayer, Failure> {
    let known = |files| Ok(ReadLayer { files: fit(&files, source)?, contents: HashMap::new() });
    let mut refused = None;
    match plan {
        LayerPlan::Kept(files) => return known(files.clone()),
        LayerPlan::SingleFile => return known(Arc::new(single_file(source))),
        LayerPlan::Unreadable(why) => return Err(Failure::local(describe(source), why.clone())),
        LayerPlan::Estargz { .. } | LayerPlan::ZstdChunked { .. } => {
            match read_table(registry, name, source, plan, progress, pause).await {
                Ok(Some(files)) => {
                    keep(registry, source, &files).await;
                    return known(files);
                }
                Ok(None) => {}
                Err(TableFailure::Refused(error)) => refused = Some(error.to_string()),
                Err(TableFailure::Request(error)) => return Err(error.failure(describe(source))),
            }
        }
        LayerPlan::Whole => {}
    }
    let read = read_whole(registry, name, source, wanted, progress, pause).await?;
    keep(registry, source, &read.files).await;
    keep_contents(registry, source, &read.files, read.contents.values().cloned().collect()).await;
    let mut files = fit(&read.files, source)?;
    if refused.is_some() {
        files = Arc::new(LayerFiles { refused_table: refused, ..LayerFiles::clone(&files) });
    }
    Ok(ReadLayer { files, ..read })
}

/// The reason why a table of contents was not read.
enum TableFailure {
    /// It is not believed.
    Refused(LayerError),
    /// The request failed.
    Request(Error),
}

impl From<LayerError> for TableFailure {
    fn from(error: LayerError) -> TableFailure {
        TableFailure::Refused(error)
    }
}

/// Reads the table of contents. Returns `None` if the server gives no parts.
async fn read_table(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    plan: &LayerPlan,
    progress: &Arc<LayerProgress>,
    pause: &Pause,
) -> Result<Option<Arc<LayerFiles>>, TableFailure> {
    let fetch = async |range| {
        let part = read_part(registry, name, source, range, progress, pause).await;
        part.map_err(TableFailure::Request)
    };
    let limits = TableLimits::default();
    match plan {
        LayerPlan::ZstdChunked { position, digest } => {
            let Some(part) = fetch(position.range.clone()).await? else { return Ok(None) };
            let (position, digest) = (position.clone(), *digest);
            let start = position.range.start;
            let parse = move || zstd_chunked::read_table(&part, &position, digest.as_ref(), limits);
            finish_table(LayerFormat::ZstdChunked, start, parse).await
        }
        LayerPlan::Estargz { range, digest } => {
            let Some(end) = fetch(range.clone()).await? else { return Ok(None) };
            let size = range.end;
            let place = estargz::find_table(&end, size)?;
            if place.end - place.start > limits.raw {
                return Err(LayerError::LongTable(limits.raw).into());
            }
            let table = match place.start.checked_sub(range.start).and_then(|at| usize::try_from(at).ok()) {
                Some(at) => end.slice(at..at + (place.end - place.start) as usize),
                None => match fetch(place.start..range.start).await? {
                    Some(before) => {
                        let behind = (place.end - range.start) as usize;
                        [&before[..], &end[..behind]].concat().into()
                    }
                    None => return Ok(None),
                },
            };
            let (start, digest) = (place.start, *digest);
            let parse = move || estargz::read_table(&table, start, Some(&digest), limits);
            finish_table(LayerFormat::Estargz, start, parse).await
        }
        LayerPlan::Kept(_) | LayerPlan::SingleFile | LayerPlan::Whole | LayerPlan::Unreadable(_) => Ok(None),
    }
}

/// Parses a table on another thread, because it may have megabytes.
async fn finish_table(
    format: LayerFormat,
    start: u64,
    parse: impl FnOnce() -> Result<LayerTable, LayerError> + Send + 'static,
) -> Result<Option<Arc<LayerFiles>>, TableFailure> {
    let parsed = tokio::task::spawn_blocking(parse).await;
    let table = parsed.map_err(|_| LayerError::BadTable("the reader stopped".into()))??;
    Ok(Some(Arc::new(LayerFiles::of_table(format, table, start))))
}

/// Reads a layer from its first byte to its last.
async fn read_whole(
    registry: &dyn Registry,
    name: &RepositoryName,
    source: &LayerSource,
    wanted: Option<&Wanted>,
    progress: &Arc<LayerProgress>,
    pause: &Pause,
) -> Result<ReadLayer, Failure> {
    let request = |error: Error| error.failure(describe(source));
    let stream = registry.read_blob(name, &source.descriptor, 0).map_err(request)?;
    let (writer, reader) = pipe();
    let decoder =
        StreamDecoder { source: source.clone(), wanted: wanted.cloned(), progress: progress.clone() };
    let worker = tokio::task::spawn_blocking(move || decoder.run(reader));
    let fed = feed(stream, writer, progress, pause).await;
    let decoded = worker.await.map_err(|_| Failure::local(describe(source), "the reader stopped"))?;
    match (decoded, fed) {
        (Err(LayerError::NotATar), _) if !is_layer_of_an_image(source) => {
            Ok(ReadLayer { files: Arc::new(single_file(source)), contents: HashMap::new() })
        }
        // The reason why the bytes ended comes before its consequence.
        (_, Err(error)) => Err(request(error)),
        (Err(error), Ok(())) => Err(Failure::local(describe(source), error.to_string())),
        (Ok(read), Ok(())) => Ok(read),
    }
}

/// The thread that decodes a layer.
struct StreamDecoder {
    source: LayerSource,
    wanted: Option<Wanted>,
    progress: Arc<LayerProgress>,
}

impl StreamDecoder {
    fn run(self, reader: PipeReader) -> Result<ReadLayer, LayerError> {
        let mut stream = LayerStream::new(reader, StreamLimits::default())?;
        let mut contents = HashMap::new();
        let mut kept = 0;
        while let Some(mut entry) = stream.next_entry().map_err(|error| first_error(error, &self.progress))? {
            let is_wanted = entry.kind == EntryKind::File
                && kept + entry.size <= MOST_KEPT
                && self
                    .wanted
                    .as_ref()
                    .is_some_and(|wanted| wanted(&self.progress.shown_path(&entry.path), entry.size));
            let content = if is_wanted { Some(read_content(&mut stream)?) } else { None };
            entry.sha256 = stream.finish_content()?;
            let index = self.progress.with_list(|list| {
                list.push(&entry)?;
                Ok::<_, LayerError>(list.len() - 1)
            })?;
            if let (Some(content), Ok(index)) = (content, u32::try_from(index)) {
                kept += content.len() as u64;
                contents.insert(index, content);
            }
        }
        let compression = stream.compression();
        let (sums, findings) = stream.finish()?;
        // Only sha256 is computed here. The reader of the blob has compared its digest, whatever the algorithm.
        let is_sha256 = |digest: &&Digest| matches!(digest, Digest::Sha256(_));
        let digest = self.source.descriptor.digest;
        sums.check(digest.as_ref().filter(is_sha256).unwrap_or(&sums.digest))?;
        let list = self.progress.with_list(std::mem::take);
        let files = Arc::new(LayerFiles::of_stream(compression, list, &sums, findings));
        if let Ok(fitted) = fit(&files, &self.source) {
            self.progress.set_files(fitted);
        }
        Ok(ReadLayer { files, contents })
    }
}

/// Bytes that are no tar are so from their first entry on. Later it is a layer that is damaged.
fn first_error(error: LayerError, progress: &LayerProgress) -> LayerError {
    match error {
        LayerError::BadChecksum(0) | LayerError::Truncated("a tar header") if progress.entries() == 0 => {
            LayerError::NotATar
        }
        other => other,
    }
}

fn read_content(stream: &mut LayerStream<PipeReader>) -> Result<Bytes, LayerError> {
    let mut content = Vec::new();
    let mut portion = vec![0; 64 * 1024];
    loop {
        match stream.read_content(&mut portion)? {
            0 => return Ok(content.into()),
            read => content.extend_from_slice(&portion[..read]),
        }
    }
}

/// Keeps the files for later looks, unless nothing proves them.
async fn keep(registry: &dyn Registry, source: &LayerSource, files: &Arc<LayerFiles>) {
    let Some(key) = kept_key(source, files) else { return };
    if let Some(encoder) = ListEncoder::new(files.clone()) {
        keep_list(registry, &key, encoder).await;
    }
}

/// Returns the files of a layer for a descriptor that they were perhaps not read for. Fails if its config names another
/// diff_id.
pub(crate) fn fit(files: &Arc<LayerFiles>, source: &LayerSource) -> Result<Arc<LayerFiles>, Failure> {
    let fits = files.check_diff_id(source.diff_id.as_ref());
    fits.map_err(|error| Failure::local(describe(source), error.to_string()))?;
    let mut fitted = LayerFiles::clone(files);
    fitted.compare_media_type(source.descriptor.media_type.as_str());
    Ok(if fitted.findings == files.findings { files.clone() } else { Arc::new(fitted) })
}

/// The action that failed, for a failure.
pub(super) fn describe(source: &LayerSource) -> SafeText {
    SafeText::from(format!("cannot read the files of layer {}", short_name(source)))
}

/// The beginning of a layer's digest.
fn short_name(source: &LayerSource) -> String {
    match source.descriptor.digest {
        Some(digest) => digest.short(),
        None => source.descriptor.digest_text.chars().take(20).collect(),
    }
}
