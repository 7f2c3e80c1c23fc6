//! The packages of two images that differ.

use std::io::{self, Write};

use crate::cli::CliError;
use crate::cli::image_files::{announce, announced_spending, with_bar};
use crate::cli::print::{self, Table};
use crate::model::image_diff::describe_packages;
use crate::model::image_diff::packages::{PackageDifference, diff};
use crate::ops::image_diff::DiffedImages;
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
        for problem in found.problems.texts() {
            print::print_problem(format_args!("{side} image: {problem}"));
        }
    }
    let is_incomplete = !left.problems.is_empty() || !right.problems.is_empty();
    Ok(DiffedPackages { rows: diff(left.keys(), right.keys()), is_incomplete })
}

/// Prints the packages after a line with their number.
pub(super) fn print_packages(out: &mut impl Write, packages: &DiffedPackages) -> io::Result<()> {
    let incomplete = if packages.is_incomplete { ", incomplete" } else { "" };
    writeln!(out, "\npackages: {}{incomplete}", describe_packages(&packages.rows))?;
    if packages.rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&PackageDifference::HEADINGS, &[]);
    packages.rows.iter().for_each(|row| table.row(row.cells().into()));
    table.print(out)
}
