//! Files for the screen: their list with its price, its progress and snapshots so far; contents; and extraction.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::app::msg::Msg;
use crate::app::panes::details::files::reading::{
    ContentRequest, ExtractRequest, FileContent, FilesAnswer, FilesImage, FilesPrice, FilesProgress,
    FilesSnapshot,
};
use crate::app::remote::Ticket;
use crate::client::Pool;
use crate::layer::{FileTree, LayerFiles, TreeError};
use crate::model::failure::Failure;
use crate::model::plural::counted;
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::files::content::{ContentSink, read_contents};
use crate::ops::files::cost::{LayerPlan, plan_reading};
use crate::ops::files::extract::extract;
use crate::ops::files::image::ImageSource;
use crate::ops::files::tree::{ImageFiles, Reading, read_image};

/// The time until the first report: long enough for lists that are kept, and short enough for eyes.
const FIRST: Duration = Duration::from_millis(40);
/// The least time between two reports.
const LEAST: Duration = Duration::from_millis(100);
/// A snapshot is built only after this multiple of the time that the last one took.
const PAUSE: u32 = 10;

/// The reading that the screen shows, so that it can be paused.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownReading(Arc<Mutex<(bool, Option<Arc<Reading>>)>>);

impl ShownReading {
    /// Forgets the reading before.
    pub(super) fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (false, None);
    }

    /// Pauses the reading, or lets it go on. One that has not begun begins so.
    pub(super) fn pause(&self, pauses: bool) {
        let (is_paused, reading) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *is_paused = pauses;
        reading.iter().for_each(|reading| reading.pause.set(pauses));
    }

    fn begin(&self, begun: &Arc<Reading>) {
        let (is_paused, reading) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.pause.set(*is_paused);
        *reading = Some(begun.clone());
    }
}

/// A tree with its layers.
type Built = Result<(FileTree, Vec<Option<Arc<LayerFiles>>>), TreeError>;
/// A tree that is being built.
type Building = JoinHandle<Built>;

/// Reads the files of an image and reports the progress. If that takes many bytes and the user did not agree, only tells
/// how many.
pub(super) async fn read(
    pool: &Pool,
    image: &FilesImage,
    is_agreed: bool,
    ticket: Ticket,
    inbox: &UnboundedSender<Msg>,
    shown: &ShownReading,
) -> Result<FilesAnswer, Failure> {
    let registry = pool.registry(&image.repository.host);
    let source = image_source(image)?;
    let plan = plan_reading(&*registry, &source).await;
    let price = FilesPrice { bytes: plan.bytes, is_more: plan.is_more, whole_layers: plan.whole_layers };
    if plan.is_expensive() && !is_agreed {
        return Ok(FilesAnswer::Price(price));
    }
    let (mut numbers, mut refused) = (Vec::new(), Vec::new());
    for (number, layer) in plan.layers.iter().enumerate() {
        match layer {
            LayerPlan::Unreadable(why) => {
                refused.push((u16::try_from(number + 1).unwrap_or(u16::MAX), why.clone()));
            }
            _ => numbers.push(number),
        }
    }
    if let (true, Some((layer, why))) = (numbers.is_empty(), refused.first()) {
        return Err(Failure::local(format!("cannot read layer {layer}"), why.clone()));
    }
    let reading = Arc::new(Reading::new(&source));
    shown.begin(&reading);
    let layers = source.layers.len();
    let read = read_image(&*registry, source, &plan, Some(&numbers), None, &reading);
    let mut read = std::pin::pin!(read);
    let mut reporter = Reporter { reading: reading.clone(), price, layers, last: None, ticket, inbox };
    let (mut building, mut built_of): (Option<Building>, _) = (None, (0, 0));
    let mut began = Instant::now();
    let (mut next_report, mut next_snapshot) = (began + FIRST, began + FIRST);
    let files = loop {
        tokio::select! {
            biased;
            files = &mut read => break files?,
            built = finish(&mut building) => {
                building = None;
                next_snapshot = Instant::now() + LEAST.max(began.elapsed() * PAUSE);
                // A tree that cannot be built is reported when everything was read.
                if let Some(Ok((tree, layers))) = built {
                    reporter.report(Some(FilesSnapshot { tree: Arc::new(tree), layers }));
                }
            }
            () = tokio::time::sleep_until(next_report) => {
                next_report = Instant::now() + LEAST;
                reporter.report(None);
                let count = (reading.entries(), reading.layers_read());
                if count != built_of && building.is_none() && next_snapshot <= Instant::now() {
                    (began, built_of) = (Instant::now(), count);
                    let reading = reading.clone();
                    building = Some(tokio::task::spawn_blocking(move || reading.tree()));
                }
            }
        }
    };
    let snapshot = FilesSnapshot { tree: files.tree.clone(), layers: files.layers };
    Ok(FilesAnswer::Files { snapshot, refused })
}

/// Returns the image as it is read.
pub(super) fn image_source(image: &FilesImage) -> Result<ImageSource, Failure> {
    ImageSource::new(&image.repository, image.manifest.clone(), image.config.clone(), image.platform.clone())
}

/// Waits for the snapshot that is being built, forever if there is none. Returns `None` if its thread failed.
async fn finish(building: &mut Option<Building>) -> Option<Built> {
    match building {
        Some(building) => building.await.ok(),
        None => std::future::pending().await,
    }
}

/// Tells the screen about the progress.
struct Reporter<'a> {
    reading: Arc<Reading>,
    price: FilesPrice,
    layers: usize,
    last: Option<FilesProgress>,
    ticket: Ticket,
    inbox: &'a UnboundedSender<Msg>,
}

impl Reporter<'_> {
    /// Reports the progress if there is any, or a snapshot.
    fn report(&mut self, snapshot: Option<FilesSnapshot>) {
        let progress = FilesProgress {
            received: self.reading.received(),
            price: self.price.clone(),
            entries: self.reading.entries(),
            layers_read: self.reading.layers_read(),
            layers: self.layers,
        };
        if snapshot.is_some() || self.last.as_ref() != Some(&progress) {
            // The loop has ended if the receiver is gone; nothing is shown then.
            self.inbox.send(Msg::FilesRead(self.ticket, progress.clone(), snapshot)).ok();
            self.last = Some(progress);
        }
    }
}

/// The first bytes of a content.
struct FirstBytes {
    most: usize,
    bytes: Vec<u8>,
    is_cut: bool,
}

impl ContentSink for FirstBytes {
    fn take(&mut self, _entry: u32, bytes: &[u8]) -> Result<(), Failure> {
        let room = self.most.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
        if bytes.len() > room {
            self.is_cut = true;
            // It ends the reading, and is not shown.
            return Err(Failure::local("cannot read a file", "these are enough bytes of it"));
        }
        Ok(())
    }

    fn finish(&mut self, _entry: u32) -> Result<(), Failure> {
        Ok(())
    }
}

/// Reads the first bytes of a file. If these are all, they were compared with the digest of the file.
pub(super) async fn read_content(pool: &Pool, request: &ContentRequest) -> Result<FileContent, Failure> {
    let registry = pool.registry(&request.image.repository.host);
    let source = image_source(&request.image)?;
    let layer = usize::from(request.layer).checked_sub(1).and_then(|index| source.layers.get(index));
    let layer = layer.ok_or_else(|| Failure::local("cannot read a file", "the image has no such layer"))?;
    let most = usize::try_from(request.most).unwrap_or(usize::MAX);
    let mut sink = FirstBytes { most, bytes: Vec::new(), is_cut: false };
    let name = &request.image.repository.name;
    let read = read_contents(&*registry, name, layer, &request.files, &[request.entry], &mut sink).await;
    match read {
        Err(failure) if !sink.is_cut => Err(failure),
        _ => Ok(FileContent { bytes: sink.bytes.into(), is_whole: !sink.is_cut }),
    }
}

/// Writes files to this machine's disk. Returns in words how many.
pub(super) async fn extract_files(pool: &Pool, request: ExtractRequest) -> Result<SafeText, Failure> {
    let ExtractRequest { image, tree, layers, as_of, path, to } = request;
    let registry = pool.registry(&image.repository.host);
    let fail = |why: &'static str| {
        let what = format!("cannot extract {} to {to}", String::from_utf8_lossy(&path));
        Failure::local(what, why)
    };
    let source = image_source(&image)?;
    let tree = if as_of < tree.layers() {
        let below: Option<Vec<_>> = layers.iter().take(as_of.into()).cloned().collect();
        let below = below.ok_or_else(|| fail("a layer of it was not read"))?;
        let build = move || {
            let mut tree = FileTree::default();
            below.iter().try_for_each(|layer| tree.add_layer(&layer.list))?;
            Ok::<_, TreeError>(tree)
        };
        let built = tokio::task::spawn_blocking(build).await.map_err(|_| fail("the reader stopped"))?;
        Arc::new(built.map_err(|_| fail("its layers cannot be put together"))?)
    } else {
        tree
    };
    let from = tree.find(&path).filter(|id| tree.current(*id).is_some());
    let from = from.ok_or_else(|| fail("it is not in the image as of this layer"))?;
    let files = ImageFiles { image: source, layers, tree, contents: HashMap::new(), received: 0 };
    let extracted = extract(&*registry, &files, from, Path::new(&to)).await?;
    let mut text = format!(
        "wrote {} ({}) to {to}",
        counted(extracted.files + extracted.links, "file", "files"),
        size::bytes(extracted.bytes)
    );
    if let Some((left_out, why)) = extracted.left_out.first() {
        text.push_str(&format!("; left out {}: {left_out}: {why}", extracted.left_out_count));
    }
    Ok(text.into())
}
