//! The images of a repository that have a package.

use super::UNKNOWN;
use crate::model::failure::Failure;
use crate::model::since::SinceAnswer;
use crate::ops::packages::{FoundPackage, ImagePackages};

/// Returns the answer of an image about a package and its version, if one is given. If the package was not found in a list
/// that may be incomplete, the answer is not known; nor is it if a layer that could not be read may replace what was found.
pub(super) fn answer(
    (name, version): (&str, Option<&str>),
    found: &ImagePackages,
) -> Result<SinceAnswer, Failure> {
    let packages: Vec<_> = found.packages.iter().filter(|found| found.package.name == name).collect();
    let mut versions: Vec<&str> = packages.iter().map(|found| found.package.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let missing = found.left_out.iter().map(|layer| layer.layer).max().unwrap_or(0);
    let is_sure = |found: &&FoundPackage| {
        version.is_none_or(|version| found.package.version == version)
            && (missing == 0 || found.layer.is_some_and(|layer| usize::from(layer) > missing))
    };
    let holds = packages.iter().any(is_sure);
    match (found.left_out.first(), found.problems.kept().first()) {
        (Some(layer), _) if !holds => Err(layer.as_failure(UNKNOWN)),
        (None, Some(problem)) if !holds => Err(problem.clone()),
        _ => Ok(SinceAnswer { holds, value: (!versions.is_empty()).then(|| versions.join(", ")) }),
    }
}
