//! Two images for the screen: their facts, the files and packages that differ, and the lines of a file.

use bytes::Bytes;
use std::sync::Arc;

use futures_util::future;
use tokio::sync::mpsc::UnboundedSender;

use super::image_files::{Reporter, ShownReading, image_source, read_bytes};
use crate::app::dialogs::image_diff::reading::{
    DiffQuestion, DiffReadAnswer, DiffReadQuestion, DiffTableKind, DiffedFileList, DiffedPackageList,
    DiffedPair,
};
use crate::app::msg::Msg;
use crate::app::panes::details::files::reading::{ContentRequest, FilesImage};
use crate::app::remote::Ticket;
use crate::client::Pool;
use crate::model::failure::Failure;
use crate::model::image_diff::SharedLayers;
use crate::model::image_diff::packages;
use crate::model::image_diff::page::TextComparison;
use crate::model::price::Price;
use crate::model::text::SafeText;
use crate::ops::files::content::ContentProgress;
use crate::ops::files::cost::ReadingPlan;
use crate::ops::files::tree::Reading;
use crate::ops::image_diff::DiffedImages;
use crate::ops::image_diff::platforms::{count_shared_layers, diff_images_for};
use crate::ops::spending::{Spending, SpendingError};

/// Compares two images by their manifests and configs.
pub(super) async fn compare(pool: &Pool, question: &DiffQuestion) -> Result<Arc<DiffedPair>, Failure> {
    let DiffQuestion { left, right, platform } = question;
    let (images, platforms) = diff_images_for(pool, left, right, platform.as_ref()).await?;
    let DiffedImages { left, right, diff, .. } = images;
    let images = [left, right].map(|image| FilesImage {
        repository: image.repository,
        manifest: image.manifest,
        config: image.config,
        platform: image.platform,
    });
    Ok(Arc::new(DiffedPair { diff, images, layers: None, platforms }))
}

/// Counts the layers that two images share.
pub(super) async fn count_shared(pool: &Pool, question: &DiffQuestion) -> Result<SharedLayers, Failure> {
    let DiffQuestion { left, right, platform } = question;
    count_shared_layers(pool, left, right, platform.as_ref()).await
}

/// Returns the images as those that read them know them, with the one layer that is compared if it is only one.
fn diffed_images(pool: &Pool, pair: &DiffedPair) -> Result<DiffedImages, Failure> {
    let [left, right] = &pair.images;
    let images = DiffedImages::new(pool, image_source(left)?, image_source(right)?, pair.diff.clone());
    Ok(match pair.layers {
        Some(layers) => images.keep_layers(layers.map(usize::from)),
        None => images,
    })
}

/// Reads the files or packages that differ, and reports the progress. If that takes many bytes and the user did not agree,
/// only tells how many.
pub(super) async fn read(
    pool: &Pool,
    question: &DiffReadQuestion,
    ticket: Ticket,
    inbox: &UnboundedSender<Msg>,
    shown: &ShownReading,
) -> Result<DiffReadAnswer, Failure> {
    let images = diffed_images(pool, &question.pair)?;
    let begin = |plan: &ReadingPlan, reading: Reading, layers: usize| {
        let reading = Arc::new(reading);
        shown.begin(&reading);
        (reading.clone(), Reporter::new(reading, plan.price(), layers, ticket, inbox))
    };
    match question.kind {
        DiffTableKind::Files => {
            let plan = images.plan_files(question.reads_all).await;
            if images.is_announced(&plan.reading.price()) && !question.is_agreed {
                return Ok(DiffReadAnswer::Price(plan.reading.price()));
            }
            let (reading, reporter) = begin(&plan.reading, plan.new_reading(), plan.reading.layers.len());
            let read = async {
                let files = images.diff_files(plan, &reading).await?;
                let list = move || {
                    let (unread, bytes) = (files.plan().unread, files.plan().unread_bytes);
                    let left_out = files.describe_left_out();
                    let (count, problems) = (left_out.len(), [left_out, files.unproved()].concat());
                    let list = DiffedFileList::new(files.diff.clone(), unread, bytes, problems);
                    DiffedFileList { left_out: count, ..list }
                };
                let listed = tokio::task::spawn_blocking(list).await;
                listed.map_err(|_| Failure::local("cannot compare the files", "the comparison stopped"))
            };
            Ok(DiffReadAnswer::Files(Arc::new(reporter.report_while(read).await?)))
        }
        DiffTableKind::Packages => {
            let plan = images.plan_packages().await;
            if images.is_announced(&plan.price()) && !question.is_agreed {
                return Ok(DiffReadAnswer::Price(plan.price()));
            }
            let (reading, reporter) = begin(&plan, images.package_reading(), plan.layers.len());
            // Contents are read after the lists. Their price is stated before they are read, unless the user agreed.
            let mut spending = Spending::new(plan.price(), |_| question.is_agreed);
            let listed = reporter.report_while(images.list_packages(&reading, &mut spending)).await;
            let [left, right] = match listed {
                Ok(listed) => listed,
                Err(SpendingError::Refused(price)) => return Ok(DiffReadAnswer::Price(price)),
                Err(SpendingError::Failed(failure)) => return Err(failure),
            };
            let rows = packages::diff(left.keys(), right.keys());
            let problems = [("left", &left), ("right", &right)];
            let problems = problems.iter().flat_map(|(side, found)| {
                let texts = found.problems.texts();
                texts.map(move |problem| SafeText::from(format!("{side} image: {problem}")))
            });
            Ok(DiffReadAnswer::Packages(Arc::new(DiffedPackageList::new(rows, problems.collect()))))
        }
    }
}

/// Reads two files, reports the progress, and compares their lines. A side without a file counts as empty.
pub(super) async fn read_sides(
    pool: &Pool,
    requests: [Option<Box<ContentRequest>>; 2],
    ticket: Ticket,
    inbox: &UnboundedSender<Msg>,
    shown: &ShownReading,
) -> Result<Box<TextComparison>, Failure> {
    let reading = Arc::new(Reading::of_layers(requests.len()));
    shown.begin(&reading);
    let prices = requests.iter().flatten().map(|request| request.reading_price());
    let price = prices.fold(Price::default(), |sum, price| sum + price);
    let read = |side: usize, request: Option<Box<ContentRequest>>| {
        let progress = ContentProgress::of(&reading, side);
        async move {
            match request {
                Some(request) => read_bytes(pool, &request, &progress).await,
                None => Ok(Bytes::new()),
            }
        }
    };
    let [left, right] = requests;
    let both = future::try_join(read(0, left), read(1, right));
    let reporter = Reporter::new(reading.clone(), price, 0, ticket, inbox);
    let (left, right) = reporter.report_while(both).await?;
    let compared = tokio::task::spawn_blocking(move || TextComparison::of(&left, &right)).await;
    compared.map(Box::new).map_err(|_| Failure::local("cannot compare two files", "the comparison stopped"))
}
