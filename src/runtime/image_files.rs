//! Files for the screen: their list with its price, its progress and snapshots so far; and contents.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::app::msg::Msg;
use crate::app::panes::details::files::reading::{
    ContentRequest, FileContent, FilesAnswer, FilesImage, FilesProgress, FilesSnapshot, MissingLayer,
};
use crate::app::remote::Ticket;
use crate::client::Pool;
use crate::layer::{FileTree, LayerFiles, TreeError};
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::model::text::SafeText;
use crate::ops::files::content::ContentProgress;
use crate::ops::files::content::beginning::{Beginning, read_beginning};
use crate::ops::files::cost::{LayerPlan, plan_reading};
use crate::ops::files::image::ImageSource;
use crate::ops::files::tree::{Reading, read_readable};

/// The time until the first report: long enough for lists that are kept, and short enough for eyes.
const FIRST: Duration = Duration::from_millis(40);
/// The least time between two reports.
const LEAST: Duration = Duration::from_millis(100);
/// A snapshot is built only after this multiple of the time that the last one took.
const PAUSE: u32 = 10;
/// Most entries of a snapshot. The tree of more is built once, when everything was read: beside the last snapshot and the
/// one that is shown it would take twice its memory.
const MOST_IN_SNAPSHOT: usize = 1 << 17;

/// The reading that the screen shows, so that it can be paused.
#[derive(Debug, Clone, Default)]
pub(super) struct ShownReading(Arc<Mutex<(bool, Option<Arc<Reading>>)>>);

impl ShownReading {
    /// Pauses the reading, or lets it go on. One that has not begun begins so.
    pub(super) fn pause(&self, pauses: bool) {
        let (is_paused, reading) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *is_paused = pauses;
        reading.iter().for_each(|reading| reading.pause.set(pauses));
    }

    pub(super) fn begin(&self, begun: &Arc<Reading>) {
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
    let registry = pool.registry_for_reading(&image.repository.host);
    let source = image_source(image)?;
    let plan = plan_reading(&*registry, &source).await;
    let price = plan.price();
    if plan.is_expensive() && !is_agreed {
        return Ok(FilesAnswer::Price(price));
    }
    let (mut numbers, mut refused) = (Vec::new(), Vec::new());
    for (number, layer) in plan.layers.iter().enumerate() {
        match layer {
            LayerPlan::Unreadable(why) => refused.push(missing_layer(number, why.clone(), false)),
            _ => numbers.push(number),
        }
    }
    if let (true, Some(missing)) = (numbers.is_empty(), refused.first()) {
        return Err(Failure::local(format!("cannot read layer {}", missing.layer), missing.why.clone()));
    }
    let reading = Arc::new(Reading::new(&source));
    shown.begin(&reading);
    let layers = source.layers.len();
    let read = read_readable(&*registry, source, &plan, Some(&numbers), None, &reading);
    let mut read = std::pin::pin!(read);
    let mut reporter = Reporter::new(reading.clone(), price, layers, ticket, inbox);
    let (mut building, mut built_of): (Option<Building>, _) = (None, (0, 0));
    let mut began = Instant::now();
    let (mut next_report, mut next_snapshot) = (began + FIRST, began + FIRST);
    let (files, failed) = loop {
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
                let is_wanted = count != built_of && count.0 <= MOST_IN_SNAPSHOT;
                if is_wanted && building.is_none() && next_snapshot <= Instant::now() {
                    (began, built_of) = (Instant::now(), count);
                    let reading = reading.clone();
                    building = Some(tokio::task::spawn_blocking(move || reading.tree()));
                }
            }
        }
    };
    refused.extend(failed.into_iter().map(|(number, failure)| missing_layer(number, failure.why, true)));
    refused.sort_by_key(|missing| missing.layer);
    let snapshot = FilesSnapshot { tree: files.tree.clone(), layers: files.layers };
    Ok(FilesAnswer::Files { snapshot, refused })
}

fn missing_layer(number: usize, why: SafeText, can_retry: bool) -> MissingLayer {
    MissingLayer { layer: u16::try_from(number + 1).unwrap_or(u16::MAX), why, can_retry }
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
pub(super) struct Reporter<'a> {
    reading: Arc<Reading>,
    price: Price,
    layers: usize,
    last: Option<FilesProgress>,
    ticket: Ticket,
    inbox: &'a UnboundedSender<Msg>,
}

impl<'a> Reporter<'a> {
    /// Creates a reporter for a number of layers, whose reading takes this price.
    pub(super) fn new(
        reading: Arc<Reading>,
        price: Price,
        layers: usize,
        ticket: Ticket,
        inbox: &'a UnboundedSender<Msg>,
    ) -> Reporter<'a> {
        Reporter { reading, price, layers, last: None, ticket, inbox }
    }

    /// Waits for a reading, and reports its progress meanwhile.
    pub(super) async fn report_while<T>(mut self, read: impl Future<Output = T>) -> T {
        let mut read = std::pin::pin!(read);
        loop {
            tokio::select! {
                biased;
                read = &mut read => return read,
                () = tokio::time::sleep(LEAST) => self.report(None),
            }
        }
    }

    /// Reports the progress if there is any, or a snapshot.
    fn report(&mut self, snapshot: Option<FilesSnapshot>) {
        let progress = FilesProgress {
            received: self.reading.received(),
            price: self.price,
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

/// Reads the first bytes of a file, and of a header as many as tell everything, and reports the progress. If these are all,
/// they were compared with the digest of the file.
pub(super) async fn read_content(
    pool: &Pool,
    request: &ContentRequest,
    ticket: Ticket,
    inbox: &UnboundedSender<Msg>,
    shown: &ShownReading,
) -> Result<FileContent, Failure> {
    let reading = Arc::new(Reading::of_layers(1));
    shown.begin(&reading);
    let progress = ContentProgress::of(&reading, 0);
    let needed = |start: &[u8], size| request.needed(start, size);
    let reporter = Reporter::new(reading, request.reading_price(), 0, ticket, inbox);
    let read = reporter.report_while(read_start(pool, request, &needed, &progress)).await;
    let (Beginning { bytes, is_whole }, size) = read?;
    // What was read is all of the file, whatever its list says.
    let (size, most) = (if is_whole { bytes.len() as u64 } else { size }, request.most);
    let described = tokio::task::spawn_blocking(move || FileContent::of(bytes, size, most)).await;
    described.map_err(|_| Failure::local("cannot read a file", "the reader stopped"))
}

/// Reads the bytes of a file as they are, at most as many as the request names.
pub(super) async fn read_bytes(
    pool: &Pool,
    request: &ContentRequest,
    progress: &ContentProgress,
) -> Result<Bytes, Failure> {
    let (start, _) = read_start(pool, request, &|_, size| request.most.min(size), progress).await?;
    Ok(start.bytes)
}

/// Reads the first bytes of a file. `needed` tells how many, by those that were read so far and the size of the file,
/// which is returned too.
async fn read_start(
    pool: &Pool,
    request: &ContentRequest,
    needed: &(dyn Fn(&[u8], u64) -> u64 + Send + Sync),
    progress: &ContentProgress,
) -> Result<(Beginning, u64), Failure> {
    let registry = pool.registry_for_reading(&request.image.repository.host);
    let source = image_source(&request.image)?;
    let layer = usize::from(request.layer).checked_sub(1).and_then(|index| source.layers.get(index));
    let fail = |why: &'static str| Failure::local("cannot read a file", why);
    let layer = layer.ok_or_else(|| fail("the image has no such layer"))?;
    let entry = request.files.list.get(request.entry as usize);
    let size = entry.ok_or_else(|| fail("the layer has no such file"))?.size;
    let needed = |start: &[u8]| needed(start, size);
    let (name, file) = (&request.image.repository.name, (&*request.files, request.entry));
    let start = read_beginning(&*registry, name, layer, file, &needed, progress).await?;
    Ok((start, size))
}
