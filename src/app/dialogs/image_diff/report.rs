//! Two images side by side as a document: everything that was compared, as Markdown.

use std::fmt::Write;
use std::sync::Arc;

use super::reading::{DiffedFileList, DiffedPackageList, DiffedPair};
use crate::layer::diff::describe_unread;
use crate::model::image_diff::packages::PackageDifference;
use crate::model::image_diff::{DiffSide, describe_packages};

/// Everything that is known of the differences between two images.
#[derive(Debug, Clone)]
pub struct DiffReport {
    /// The images, with the differences that their manifests and configs show.
    pub pair: Arc<DiffedPair>,
    /// The files, if they were compared.
    pub files: Option<Arc<DiffedFileList>>,
    /// The packages, if they were compared.
    pub packages: Option<Arc<DiffedPackageList>>,
}

impl DiffReport {
    /// Returns a name for its file in the current folder: the last part of the repository, and both tags.
    pub(crate) fn file_name(&self) -> String {
        let plain = |text: &str| -> String {
            let is_plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_');
            let last = text.rsplit('/').next().unwrap_or_default();
            last.chars().map(|one| if is_plain(one) { one } else { '-' }).take(60).collect()
        };
        let diff = &self.pair.diff;
        let name = |side: &DiffSide| {
            let reference = &side.reference;
            let image = reference.rsplit_once('@').map(|(_, digest)| digest.get(..19).unwrap_or(digest));
            let layer = side.layer.map(|layer| format!("-layer-{layer}")).unwrap_or_default();
            plain(image.unwrap_or(reference)) + &layer
        };
        format!("diff-{}-{}.md", name(&diff.left), name(&diff.right))
    }

    /// Returns the document. Takes a moment for many files.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        self.write(&mut out).ok();
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let diff = &self.pair.diff;
        writeln!(out, "# {} → {}\n", cell(&diff.left.name()), cell(&diff.right.name()))?;
        write_row(out, &["", "left", "right"])?;
        writeln!(out, "| --- | --- | --- |")?;
        for (name, [left, right]) in diff.facts() {
            write_row(out, &[name, left.as_str(), right.as_str()])?;
        }
        if diff.is_same() {
            let what = if diff.is_of_layers() { "layer" } else { "image" };
            return writeln!(out, "\nBoth are the same {what}.");
        }
        writeln!(out, "\n## Layers\n")?;
        if !diff.is_of_layers() {
            writeln!(out, "{}\n", cell(&diff.describe_layers()))?;
        }
        write_row(out, &["", "size", "digest", "instruction"])?;
        writeln!(out, "| --- | ---: | --- | --- |")?;
        for layer in &diff.layers {
            let (digest, step) = (layer.short_digest(), layer.step());
            write_row(out, &[layer.change.sign(), &layer.shown_size(), digest.as_str(), step.as_str()])?;
        }
        if self.pair.layers.is_none() {
            writeln!(out, "\n## Config\n")?;
            if diff.config.is_empty() {
                writeln!(out, "The configs are the same.")?;
            }
            for row in &diff.config {
                writeln!(out, "* {}", cell(row.line().as_str()))?;
            }
        }
        self.write_files(out)?;
        self.write_packages(out)
    }

    fn write_files(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n## Files\n")?;
        let Some(files) = &self.files else { return writeln!(out, "They were not compared.") };
        writeln!(out, "{}\n", files.diff.describe())?;
        if files.diff.is_uncertain() {
            writeln!(out, "{}\n", describe_unread(files.unread, files.unread_bytes))?;
        }
        for problem in &files.problems {
            writeln!(out, "* {}", cell(problem.as_str()))?;
        }
        if files.diff.is_empty() {
            return Ok(());
        }
        write_row(out, &["", "left", "right", "mode", "path"])?;
        writeln!(out, "| --- | ---: | ---: | --- | --- |")?;
        for file in files.diff.iter() {
            let [left, right] = file.sizes();
            let path = file.shown_path() + &file.notes();
            write_row(out, &[file.change.sign(), &left, &right, &file.modes(), &path])?;
        }
        Ok(())
    }

    fn write_packages(&self, out: &mut String) -> std::fmt::Result {
        if self.pair.layers.is_some() {
            return Ok(());
        }
        writeln!(out, "\n## Packages\n")?;
        let Some(packages) = &self.packages else { return writeln!(out, "They were not compared.") };
        writeln!(out, "{}\n", describe_packages(&packages.rows))?;
        for problem in &packages.problems {
            writeln!(out, "* {}", cell(problem.as_str()))?;
        }
        if packages.rows.is_empty() {
            return Ok(());
        }
        write_row(out, &PackageDifference::HEADINGS.map(str::to_lowercase).each_ref().map(String::as_str))?;
        writeln!(out, "| --- | --- | --- | --- | --- |")?;
        for package in &packages.rows {
            write_row(out, &package.cells().each_ref().map(String::as_str))?;
        }
        Ok(())
    }
}

fn write_row(out: &mut String, cells: &[&str]) -> std::fmt::Result {
    for text in cells {
        write!(out, "| {} ", cell(text))?;
    }
    writeln!(out, "|")
}

/// Returns a text as one cell, with every character escaped that Markdown or HTML would obey.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '|' | '\\' | '`' | '*' | '[' | ']' | '_' | '#' | '!' => out.extend(['\\', one]),
            _ => out.push(one),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_nothing_that_markdown_obeys() {
        assert_eq!(cell("a|b `c` <b>&\n[x](y)"), "a\\|b \\`c\\` &lt;b>&amp; \\[x\\](y)");
        assert_eq!(cell("~ opt/app  (size, content)"), "~ opt/app  (size, content)");
    }
}
