//! The packages of two images that differ.

use std::io::{self, Write};

use crate::cli::CliError;
use crate::cli::change::tell_need;
use crate::cli::image_files::{announce, announced_spending, with_bar};
use crate::cli::print::{self, Table};
use crate::model::image_diff::describe_packages;
use crate::model::image_diff::packages::{PackageDifference, diff};
use crate::model::text::SafeText;
use crate::ops::files::left_out::LeftOutLayer;
use crate::ops::image_diff::DiffedImages;
use crate::ops::spending::SpendingError;

/// The differences between the packages of two images.
pub(super) struct DiffedPackages {
    /// The packages whose versions differ.
    pub(super) rows: Vec<PackageDifference>,
    /// The reasons why a list may be incomplete. They were printed.
    pub(super) problems: Vec<SafeText>,
    /// The layers of the left and the right image that could not be read.
    pub(super) left_out: [Vec<LeftOutLayer>; 2],
}

impl DiffedPackages {
    /// Returns whether a list may be incomplete.
    pub(super) fn is_incomplete(&self) -> bool {
        !self.problems.is_empty()
    }
}

/// Reads the packages of both images. Announces the bytes on stderr if they are many, and tells of files that cannot be
/// read.
pub(super) async fn read_packages(images: &DiffedImages) -> Result<DiffedPackages, CliError> {
    let plan = images.plan_packages().await;
    images.needs(&plan.price()).iter().for_each(tell_need);
    if plan.is_expensive() {
        print::print_problem(announce(&plan));
    }
    let reading = images.package_reading();
    let mut spending = announced_spending(None);
    let listed = with_bar(plan.bytes, &reading, images.list_packages(&reading, &mut spending)).await;
    let [left, right] = listed.map_err(SpendingError::into_failure)?;
    let problems = [("left", &left), ("right", &right)].into_iter().flat_map(|(side, found)| {
        found.problems.texts().map(move |problem| SafeText::from(format!("{side} image: {problem}")))
    });
    let problems: Vec<SafeText> = problems.collect();
    problems.iter().for_each(print::print_problem);
    let rows = diff(left.keys(), right.keys());
    Ok(DiffedPackages { rows, problems, left_out: [left.left_out, right.left_out] })
}

/// Prints the packages after a line with their number.
pub(super) fn print_packages(out: &mut impl Write, packages: &DiffedPackages) -> io::Result<()> {
    let incomplete = if packages.is_incomplete() { ", incomplete" } else { "" };
    writeln!(out, "\npackages: {}{incomplete}", describe_packages(&packages.rows))?;
    if packages.rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&PackageDifference::HEADINGS, &[]);
    packages.rows.iter().for_each(|row| table.row(row.cells().into()));
    table.print(out)
}
