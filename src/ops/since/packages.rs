//! The images of a repository that have a package.

use crate::client::Registry;
use crate::model::failure::Failure;
use crate::model::since::{SinceAnswer, SinceReport, SinceRow};
use crate::ops::files::image::ImageSource;
use crate::ops::files::tree::Reading;
use crate::ops::packages::ImagePackages;
use crate::ops::packages::shelf::PackageShelf;

/// Looks for a package by its name, and its version if one is given, in each image. A layer is read once, whatever the
/// number of its images.
pub(super) async fn find_packages(
    registry: &dyn Registry,
    wanted: (&str, Option<&str>),
    sources: &[Result<ImageSource, Failure>],
    rows: &mut [SinceRow],
    report: &mut SinceReport,
) {
    let mut shelf = PackageShelf::default();
    for (row, source) in rows.iter_mut().zip(sources) {
        row.answer = match source {
            Ok(source) => {
                let found = shelf.list_packages(registry, source, &Reading::new(source), 0).await;
                found.and_then(|found| answer(wanted, &found))
            }
            Err(failure) => Err(failure.clone()),
        };
    }
    report.layers_read = shelf.layers_read;
    report.bytes_read = shelf.received;
}

/// Returns the answer of an image. If the package was not found in a list that may be incomplete, the answer is not known.
fn answer((name, version): (&str, Option<&str>), found: &ImagePackages) -> Result<SinceAnswer, Failure> {
    let packages = found.packages.iter().map(|found| &found.package);
    let mut versions: Vec<&str> =
        packages.filter(|package| package.name == name).map(|package| package.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let holds = match version {
        Some(version) => versions.contains(&version),
        None => !versions.is_empty(),
    };
    match found.problems.kept().first() {
        Some(problem) if !holds => Err(problem.clone()),
        _ => Ok(SinceAnswer { holds, value: (!versions.is_empty()).then(|| versions.join(", ")) }),
    }
}
