//! The packages of two images that differ.

use std::io::{self, Write};

use crate::cli::CliError;
use crate::cli::image_files::{announce, announced_spending, with_bar};
use crate::cli::print::{self, Table};
use crate::model::image_diff::packages::{PackageChange, PackageDifference, diff};
use crate::model::plural::group_thousands;
use crate::model::text::SafeText;
use crate::ops::image_diff::DiffedImages;
use crate::ops::packages::ImagePackages;
use crate::ops::spending::SpendingError;

/// The differences between the packages of two images.
pub(super) struct DiffedPackages {
    /// The packages whose versions differ.
    pub(super) rows: Vec<PackageDifference>,
    /// Whether a list may be incomplete. The reasons were printed.
    pub(super) is_incomplete: bool,
}

/// Reads the packages of both images. Announces the bytes on stderr if they are many, and tells of files that cannot be
/// read.
pub(super) async fn read_packages(images: &DiffedImages) -> Result<DiffedPackages, CliError> {
    let plan = images.plan_packages().await;
    if plan.is_expensive() {
        print::print_problem(announce(&plan));
    }
    let reading = images.package_reading();
    let mut spending = announced_spending();
    let listed = with_bar(plan.bytes, &reading, images.list_packages(&reading, &mut spending)).await;
    let [left, right] = listed.map_err(SpendingError::into_failure)?;
    for (side, found) in [("left", &left), ("right", &right)] {
        for problem in found.problems.kept() {
            print::print_problem(format_args!("{side} image: {problem}"));
        }
        if found.problems.more() > 0 {
            let more = found.problems.more();
            print::print_problem(format_args!("{side} image: {more} further files could not be read"));
        }
    }
    let is_incomplete = !left.problems.is_empty() || !right.problems.is_empty();
    Ok(DiffedPackages { rows: diff(keys(&left), keys(&right)), is_incomplete })
}

/// Returns the ecosystem, name and version of each package.
fn keys(found: &ImagePackages) -> impl Iterator<Item = (&str, &str, &str)> {
    let packages = found.packages.iter().map(|found| &found.package);
    packages.map(|package| (package.ecosystem.name(), package.name.as_str(), package.version.as_str()))
}

/// Prints the packages after a line with their number.
pub(super) fn print_packages(out: &mut impl Write, packages: &DiffedPackages) -> io::Result<()> {
    let incomplete = if packages.is_incomplete { ", incomplete" } else { "" };
    writeln!(out, "\npackages: {}{incomplete}", describe(&packages.rows))?;
    if packages.rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["", "NAME", "LEFT", "RIGHT", "ECOSYSTEM"], &[]);
    for row in &packages.rows {
        let safe = |text: &str| SafeText::clean(text).to_string();
        let version = |version: &Option<String>| version.as_deref().map(safe).unwrap_or_default();
        table.row(vec![
            row.change.sign().into(),
            safe(&row.name),
            version(&row.left),
            version(&row.right),
            safe(&row.ecosystem),
        ]);
    }
    table.print(out)
}

/// Returns the counts of packages by their changes.
fn describe(rows: &[PackageDifference]) -> String {
    let count = |change| rows.iter().filter(|row| row.change == change).count();
    let counts = PackageChange::ALL.into_iter().map(|(change, _, word)| (count(change), word));
    let counts: Vec<String> = counts
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", group_thousands(count)))
        .collect();
    if counts.is_empty() { "none differs".into() } else { counts.join(", ") }
}
