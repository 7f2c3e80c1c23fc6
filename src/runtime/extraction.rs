//! Extractions for the screen: their price, and the jobs that write the files.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::image_files::image_source;
use crate::app::panes::details::files::reading::ExtractRequest;
use crate::client::Pool;
use crate::files::unfinished::check_free;
use crate::layer::{FileTree, PathId, TreeError};
use crate::model::change::progress::{Outcome, ProgressItem, Report};
use crate::model::extraction::ExtractionPrice;
use crate::model::failure::Failure;
use crate::model::plural::counted;
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::context::JobControl;
use crate::ops::files::extract::{Extracted, Extraction, ExtractionProgress};
use crate::ops::files::pause::Pause;
use crate::ops::files::tree::ImageFiles;

/// The time between two reports of the progress.
const LOOK: Duration = Duration::from_millis(100);

/// Returns the bytes that an extraction moves. Fails if its destination exists.
pub(super) async fn price(request: ExtractRequest) -> Result<ExtractionPrice, Failure> {
    let to = request.to.clone();
    let to = Path::new(&to);
    check_free(to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            fail(&request, "it exists already, and nothing is written over it".into())
        }
        _ => fail(&request, error.to_string()),
    })?;
    let (files, from) = image_files(request).await?;
    Ok(Extraction::prepare(&files, from).await?.price(&files, to))
}

/// Writes the files. If it is told to stop, or fails, everything that it wrote is removed before it ends.
/// While it is paused, it reads and writes nothing and keeps everything so far.
pub(super) async fn run(pool: &Pool, request: ExtractRequest, control: &JobControl, pause: &Pause) -> Report {
    let to = request.to.clone();
    let begun = ProgressItem::new(SafeText::from(to.clone()), []);
    control.begin(vec![begun.clone()], 0);
    let progress = ExtractionProgress::paused_by(pause.clone());
    let (outcome, left_out) = match write(pool, request, control, (&progress, pause)).await {
        None => (Outcome::Stopped, Vec::new()),
        Some(Err(failure)) => (Outcome::Failed(failure), Vec::new()),
        Some(Ok(extracted)) => (Outcome::Done(wrote(&extracted, &to)), left_out(&extracted, &to)),
    };
    let items = std::iter::once(begun.ended(outcome)).chain(left_out).collect();
    Report { items, moved: progress.moved(), ..Report::default() }
}

/// Writes the files. Returns `None` if it was told to stop.
async fn write(
    pool: &Pool,
    request: ExtractRequest,
    control: &JobControl,
    (progress, pause): (&ExtractionProgress, &Pause),
) -> Option<Result<Extracted, Failure>> {
    let registry = pool.registry_for_reading(&request.image.repository.host);
    let to = request.to.clone();
    let extraction = async {
        let (files, from) = image_files(request).await?;
        let parts = Extraction::prepare(&files, from).await?;
        let price = parts.price(&files, Path::new(&to));
        control.set_bytes(0, price.total());
        parts.write(&*registry, &files, Path::new(&to), progress).await
    };
    let mut extraction = std::pin::pin!(extraction);
    loop {
        tokio::select! {
            biased;
            () = control.stop.cancelled() => return None,
            // Before the extraction, which uses up its turn.
            () = tokio::time::sleep(LOOK) => {
                control.progress.send_if_modified(|shown| {
                    let before = (shown.moved, shown.is_paused);
                    let is_still = shown.moved == progress.moved();
                    // What was under way when the pause began is shown first.
                    (shown.moved, shown.is_paused) = (progress.moved(), pause.is_set() && is_still);
                    let (received, written) = (progress.received(), progress.written());
                    shown.now = SafeText::from(format!(
                        "read {}, wrote {}",
                        size::bytes(received),
                        size::bytes(written)
                    ));
                    before != (shown.moved, shown.is_paused)
                });
            }
            written = &mut extraction => return Some(written),
        }
    }
}

fn wrote(extracted: &Extracted, to: &str) -> SafeText {
    let files = counted(extracted.files + extracted.links, "file", "files");
    SafeText::from(format!("wrote {files} ({}) to {to}", size::bytes(extracted.bytes)))
}

/// Returns the parts that were left out, as far as they are named, and the number of the others.
fn left_out(extracted: &Extracted, to: &str) -> Vec<ProgressItem> {
    let (named, more) = extracted.left_out_of(Path::new(to));
    let skipped =
        |name: SafeText, why: &'static str| ProgressItem::new(name, []).ended(Outcome::Skipped(why.into()));
    let named = named.into_iter().map(|(path, why)| skipped(path, why));
    let more = (more > 0).then(|| skipped(SafeText::from(format!("{more} more")), "they are not listed"));
    named.chain(more).collect()
}

/// Returns the files of an image as of a layer, and the path in them.
async fn image_files(request: ExtractRequest) -> Result<(ImageFiles, PathId), Failure> {
    let fail = |why: &str| fail(&request, why.to_string());
    let image = image_source(&request.image)?;
    let (tree, layers, as_of) = (request.tree.clone(), request.layers.clone(), request.as_of);
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
    let from = tree.find(&request.path).filter(|id| tree.current(*id).is_some() || *id == PathId::ROOT);
    let from = from.ok_or_else(|| fail("it is not in the image as of this layer"))?;
    Ok((ImageFiles { image, layers, tree, contents: HashMap::new(), received: 0 }, from))
}

fn fail(request: &ExtractRequest, why: String) -> Failure {
    let path = String::from_utf8_lossy(&request.path);
    Failure::local(format!("cannot extract {path} to {}", request.to), why)
}
