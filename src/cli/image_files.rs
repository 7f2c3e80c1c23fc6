//! The image whose files a subcommand reads, and the reading of its layers.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use jiff::Timestamp;

use super::CliError;
use super::arguments::ArgumentReader;
use super::change::progress::{OF_BYTES, draw_target, style};
use super::{platform, print};
use crate::client::registry::connection::Connection;
use crate::client::{Pool, Registry};
use crate::model::failure::Failure;
use crate::model::platform::Platform;
use crate::model::price::Price;
use crate::model::reference::Reference;
use crate::model::request_budget::RequestNeed;
use crate::ops::files::cost::{ReadingPlan, plan_reading};
use crate::ops::files::image::{ImageSource, choose_image};
use crate::ops::files::layer::Wanted;
use crate::ops::files::left_out::LeftOutLayer;
use crate::ops::files::tree::{ImageFiles, Reading, read_readable};
use crate::ops::spending::Spending;

/// The time between two looks at the progress.
const LOOK: Duration = Duration::from_millis(200);

/// An image, or one of the images of an index.
#[derive(Debug, Args)]
pub(crate) struct ImageArguments {
    /// Image: nginx:1.27, ghcr.io/org/app@sha256:…
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Of an image for several platforms, read that for this one: linux/arm64 [default: that for this machine, else the only one]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
}

/// An image that was chosen, and its registry.
pub(crate) struct ChosenImage {
    /// The registry.
    pub(crate) registry: Arc<dyn Registry>,
    /// The name that was typed.
    pub(crate) reference: Reference,
    /// The image.
    pub(crate) source: ImageSource,
}

/// The files of an image that was read, as far as its layers can be read.
pub(crate) struct ReadFiles {
    /// The files.
    pub(crate) files: ImageFiles,
    /// The registry.
    pub(crate) registry: Arc<dyn Registry>,
    /// The layers that could not be read, from 0.
    missing: Vec<usize>,
}

impl ImageArguments {
    /// Reads the manifest and the config of the image.
    pub(crate) async fn choose(&self, pool: &Pool) -> Result<ChosenImage, CliError> {
        let reference = ArgumentReader::of(pool).image(&self.image)?;
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        let registry = pool.registry_for_reading(&reference.repository.host);
        let (repository, selector) = (&reference.repository, reference.selector());
        let source = choose_image(&*registry, repository, &selector, platform.as_ref()).await?;
        Ok(ChosenImage { registry, reference, source })
    }

    /// Returns the name and the platform that were typed, and requests nothing.
    pub(crate) fn resolve(&self, pool: &Pool) -> Result<(Reference, Option<Platform>), CliError> {
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        Ok((ArgumentReader::of(pool).image(&self.image)?, platform))
    }
}

impl ChosenImage {
    /// Reads the files of the image. `numbers` chooses layers, from 0. Layers that cannot be read are named on stderr and
    /// left out; it fails if none can. Announces the bytes on stderr if they are many, and draws the progress on a
    /// terminal.
    pub(crate) async fn read(
        self,
        numbers: Option<&[usize]>,
        wanted: Option<&Wanted>,
    ) -> Result<ReadFiles, Failure> {
        let mut plan = plan_reading(&*self.registry, &self.source).await;
        if let Some(numbers) = numbers {
            plan.choose(&self.source, numbers);
        }
        if plan.is_expensive() {
            print::print_problem(announce(&plan));
        }
        let reading = Reading::new(&self.source);
        let read = read_readable(&*self.registry, self.source, &plan, numbers, wanted, &reading);
        let (files, failed) = with_bar(plan.bytes, &reading, read).await?;
        for (number, failure) in &failed {
            print::print_problem(LeftOutLayer::of(*number, failure));
        }
        warn_of_unproved(&files);
        let missing = failed.into_iter().map(|(number, _)| number).collect();
        Ok(ReadFiles { files, registry: self.registry, missing })
    }
}

impl ReadFiles {
    /// Returns the result of a subcommand that needs all layers. The missing ones were named before.
    pub(crate) fn result(&self) -> Result<(), CliError> {
        self.result_above(0)
    }

    /// Returns the result of a subcommand that needs the layers above this one, by its number from 1.
    pub(crate) fn result_above(&self, layer: u16) -> Result<(), CliError> {
        let is_missing = self.missing.iter().any(|number| *number >= usize::from(layer));
        if is_missing { Err(CliError::Reported) } else { Ok(()) }
    }
}

/// Returns the announcement of a reading that costs much.
pub(crate) fn announce(plan: &ReadingPlan) -> String {
    plan.price().describe()
}

/// Announces on stderr what an operation takes, if it is much.
pub(crate) fn announce_price(price: &Price) {
    if price.is_high() {
        print::print_problem(price.describe());
    }
}

/// Announces on stderr the requests that an operation sends, if they are many or more than are left at the registry.
pub(crate) fn announce_requests(registry: &dyn Registry, price: &Price) {
    let budget = registry.connection().and_then(Connection::budget);
    let now = Timestamp::now();
    let need =
        budget.and_then(|budget| RequestNeed::worth_stating(registry.host(), price.count(), budget, now));
    if price.is_high() || need.is_some() {
        print::print_problem(price.describe_within(registry.host(), budget, now));
    }
}

/// Returns the sum of an operation whose price becomes known step by step: it is announced on stderr before it becomes
/// much.
pub(crate) fn announced_spending(registry: Option<&dyn Registry>) -> Spending<'_> {
    Spending::new(Price::default(), move |price| {
        match registry {
            Some(registry) => announce_requests(registry, price),
            None => announce_price(price),
        }
        true
    })
}

/// Tells of lists that nothing proves, and of tables that were refused.
fn warn_of_unproved(files: &ImageFiles) {
    for (index, layer) in files.layers.iter().enumerate() {
        let Some(layer) = layer else { continue };
        let number = index + 1;
        if !layer.is_proved {
            let why = "its manifest does not name the digest of its table of contents";
            print::print_problem(format_args!(
                "layer {number}: nothing proves that its files are true: {why}"
            ));
        }
        if let Some(why) = &layer.refused_table {
            print::print_problem(format_args!(
                "layer {number}: its table of contents was refused, so all of it was read: {why}"
            ));
        }
    }
}

/// Waits for the end of a reading. Meanwhile draws its progress, if stderr is a terminal.
pub(crate) async fn with_bar<T>(bytes: u64, reading: &Reading, read: impl Future<Output = T>) -> T {
    let progress = || (reading.received(), format!("{} files", reading.entries()));
    with_progress(bytes, progress, read).await
}

/// Waits for the end of a future. Meanwhile draws the bytes that were moved and a text, if stderr is a terminal.
pub(crate) async fn with_progress<T>(
    bytes: u64,
    progress: impl Fn() -> (u64, String),
    future: impl Future<Output = T>,
) -> T {
    let bar = ProgressBar::with_draw_target(Some(bytes), draw_target());
    bar.set_style(style(OF_BYTES));
    let mut future = std::pin::pin!(future);
    let done = loop {
        tokio::select! {
            biased;
            // Before the future, which may use up its turn.
            () = tokio::time::sleep(LOOK) => {
                let (moved, text) = progress();
                bar.set_length(bytes.max(moved));
                bar.set_position(moved);
                bar.set_message(text);
            }
            done = &mut future => break done,
        }
    };
    bar.finish_and_clear();
    done
}
