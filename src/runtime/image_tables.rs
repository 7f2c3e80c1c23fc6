//! Findings and packages for the screen, from files that were read.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::image_files::{Reporter, ShownReading, image_source};
use crate::app::msg::Msg;
use crate::app::panes::details::files::reading::{
    ImagePackageList, ListedPackage, PackagesAnswer, ReadFiles,
};
use crate::app::remote::Ticket;
use crate::client::Pool;
use crate::layer::ImageFindings;
use crate::model::failure::Failure;
use crate::model::text::SafeText;
use crate::ops::files::findings::examine_image;
use crate::ops::files::tree::{ImageFiles, Reading};
use crate::ops::packages::{FoundPackage, ImagePackages, plan_packages, read_packages_with};

/// Returns the files as those that read them know them.
fn image_files(read: ReadFiles) -> Result<ImageFiles, Failure> {
    let image = image_source(&read.image)?;
    let (tree, layers) = (read.files.tree, read.files.layers);
    Ok(ImageFiles { image, layers, tree, contents: HashMap::new(), received: 0 })
}

/// Examines the files. Requests nothing.
pub(super) async fn find_findings(read: ReadFiles) -> Result<Box<ImageFindings>, Failure> {
    let files = image_files(read)?;
    let found = tokio::task::spawn_blocking(move || Box::new(examine_image(&files))).await;
    found.map_err(|_| Failure::local("cannot examine the files", "the examination stopped"))
}

/// Reads the packages and reports the progress. If that takes many bytes and the user did not agree, only tells how many.
pub(super) async fn find_packages(
    pool: &Pool,
    (read, is_agreed): (ReadFiles, bool),
    ticket: Ticket,
    inbox: &UnboundedSender<Msg>,
    shown: &ShownReading,
) -> Result<PackagesAnswer, Failure> {
    let registry = pool.registry_for_reading(&read.image.repository.host);
    let files = image_files(read)?;
    let plan = plan_packages(&*registry, &files).await;
    if plan.price().is_high() && !is_agreed {
        return Ok(PackagesAnswer::Price(plan.price()));
    }
    let reading = Arc::new(Reading::of_layers(files.layers.len()));
    shown.begin(&reading);
    let reporter = Reporter::new(reading.clone(), plan.price(), 0, ticket, inbox);
    let found = reporter.report_while(read_packages_with(&*registry, &files, plan, &reading)).await;
    Ok(PackagesAnswer::Packages(package_list(found)))
}

fn package_list(found: ImagePackages) -> ImagePackageList {
    let os = found.os.as_ref().and_then(|os| os.name()).map(|name| SafeText::clean(&name));
    let listed = |found: FoundPackage| ListedPackage {
        name: SafeText::clean(&found.package.name),
        version: SafeText::clean(&found.package.version),
        ecosystem: found.package.ecosystem.name(),
        layer: found.layer,
        path: found.path.to_vec(),
    };
    let problems = found.problems.kept().iter().map(|problem| SafeText::from(problem.to_string()));
    ImagePackageList {
        os,
        problems: problems.collect(),
        packages: found.packages.into_iter().map(listed).collect(),
    }
}
