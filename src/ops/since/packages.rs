//! The images of a repository that have a package.

use crate::model::failure::Failure;
use crate::model::since::SinceAnswer;
use crate::ops::packages::ImagePackages;

/// Returns the answer of an image about a package and its version, if one is given. If the package was not found in a list
/// that may be incomplete, the answer is not known.
pub(super) fn answer(
    (name, version): (&str, Option<&str>),
    found: &ImagePackages,
) -> Result<SinceAnswer, Failure> {
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
