//! `regtui diff`: compares two images without pulling them.

mod document;
mod layers;
mod packages;

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::Args;

use super::CliError;
use super::arguments::ArgumentReader;
use super::change::tell_need;
use super::image_files::{announce, with_bar};
use super::platform;
use super::print::{self, Table};
use crate::client::Pool;
use crate::layer::diff::{DiffOperand, DiffedFile, describe_unread};
use crate::model::image_diff::text::{self, TextDiff, unified};
use crate::model::image_diff::{DiffSide, ImageDiff};
use crate::model::plural::counted;
use crate::model::reference::Reference;
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::image_diff::{DiffedFiles, DiffedImages, diff_images};
use document::DiffDocument;
use packages::{DiffedPackages, print_packages, read_packages};

/// Compare two images: layers, config, files, packages
#[derive(Debug, Args)]
#[command(
    after_help = "Without a choice it shows the layers and the config. Layers at the bottom that both images share are not read for the files: a path \
that only one image touches above them is then `added or changed`, and `--all-layers` tells which. For the packages all layers are read, each once; a version is up or down if the order is certain. \
A layer that cannot be read is named and left out: what only the other image has may be in it.

With --layer, what each of the two layers adds is compared, whatever is below it: `diff app:1 :1 --layer 2,3 --files` for two layers of one image.

Exit codes: 0 success; 1 something failed, or a layer that is needed cannot be read; 2 wrong usage; with --exit-code, 3 the images differ in the parts that are compared."
)]
pub(crate) struct Diff {
    /// Left image: ghcr.io/org/app:1.4.1
    #[arg(value_name = "LEFT")]
    left: String,
    /// Right image; `:TAG` and `@DIGEST` are in the repository of the left one
    #[arg(value_name = "RIGHT")]
    right: String,
    /// Compare the lines of this file
    #[arg(value_name = "PATH", conflicts_with_all = ["image_config", "files", "packages", "json"])]
    path: Option<String>,
    /// Of images for several platforms, compare those for this one: linux/arm64 [default: that for this machine, else the only one]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Compare the configs, histories and annotations
    #[arg(long)]
    image_config: bool,
    /// Compare the files
    #[arg(long)]
    files: bool,
    /// With --files, also read the layers at the bottom that both images share
    #[arg(long, requires = "files")]
    all_layers: bool,
    /// Compare only this layer of both images, or layer N of the left one with layer M of the right one; 1 is the lowest
    #[arg(long, value_name = "N[,M]", value_delimiter = ',', conflicts_with_all = ["image_config", "packages", "all_layers"])]
    layer: Vec<usize>,
    /// Compare the names and versions of the packages
    #[arg(long)]
    packages: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Exit with 3 if the images differ
    #[arg(long)]
    exit_code: bool,
}

impl Diff {
    /// Prints the differences.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let differ = self.diff(pool).await;
        pool.flush().await;
        match differ {
            Ok(true) if self.exit_code => Err(CliError::Different),
            differ => differ.map(drop),
        }
    }

    /// Returns whether the images differ in the parts that are compared.
    async fn diff(&self, pool: &Pool) -> Result<bool, CliError> {
        let names = ArgumentReader::of(pool);
        let left = names.image(&self.left)?;
        let right = self.right(&names, &left)?;
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        let images = diff_images(pool, &left, &right, platform.as_ref()).await?;
        let images = layers::choose(images, &self.layer)?;
        if let Some(path) = &self.path {
            return self.diff_text(&images, path).await;
        }
        let files = if self.files { Some(read_files(&images, self.all_layers).await?) } else { None };
        files.iter().for_each(name_problems);
        let packages = if self.packages { Some(read_packages(&images).await?) } else { None };
        let is_chosen = self.image_config || self.files || self.packages;
        let shows_config = (self.image_config || !is_chosen) && !images.diff.is_of_layers();
        let mut out = BufWriter::new(io::stdout().lock());
        if self.json {
            print::json(
                &mut out,
                &DiffDocument::of(&images.diff, shows_config, files.as_ref(), packages.as_ref()),
            )?;
        } else {
            print_sides(&mut out, &images.diff)?;
            print_layers(&mut out, &images.diff)?;
            if shows_config {
                print_config(&mut out, &images.diff)?;
            }
            if let Some(files) = &files {
                print_files(&mut out, files)?;
            }
            if let Some(packages) = &packages {
                print_packages(&mut out, packages)?;
            }
        }
        out.flush()?;
        let is_incomplete = files.as_ref().is_some_and(|files| !files.describe_left_out().is_empty())
            || packages.as_ref().is_some_and(DiffedPackages::is_incomplete);
        if is_incomplete {
            return Err(CliError::Reported);
        }
        let config_differs = self.image_config && !images.diff.config.is_empty();
        let files_differ = files.is_some_and(|files| !files.diff.is_empty());
        let packages_differ = packages.is_some_and(|packages| !packages.rows.is_empty());
        Ok(if is_chosen { config_differs || files_differ || packages_differ } else { !images.diff.is_same() })
    }

    /// Reads the name of the right image, which may leave out the repository.
    fn right(&self, names: &ArgumentReader<'_>, left: &Reference) -> Result<Reference, CliError> {
        if !self.right.starts_with([':', '@']) {
            return names.image(&self.right);
        }
        let text = format!("{}{}", left.repository.name, self.right);
        let bad = |bad: crate::model::reference::BadName| {
            CliError::Usage(format!("`{}`: {bad}", SafeText::clean(&self.right)))
        };
        Reference::parse_in(left.repository.host.clone(), &text).map_err(bad)
    }

    /// Prints the lines of a file that differ, as `diff -u` does.
    async fn diff_text(&self, images: &DiffedImages, path: &str) -> Result<bool, CliError> {
        let bytes = path.as_bytes();
        let mut files = read_files(images, false).await?;
        if !files.is_enough_for(bytes) && files.plan().unread > 0 {
            files = read_files(images, true).await?;
        }
        name_problems(&files);
        files.check_exists(bytes)?;
        let differ = self.print_text(images, &files, path).await?;
        if files.is_sure_of(bytes) { Ok(differ) } else { Err(CliError::Reported) }
    }

    async fn print_text(
        &self,
        images: &DiffedImages,
        files: &DiffedFiles,
        path: &str,
    ) -> Result<bool, CliError> {
        let bytes = path.as_bytes();
        let left = images.read_file(files, DiffOperand::Left, bytes).await?;
        let right = images.read_file(files, DiffOperand::Right, bytes).await?;
        let name = |side: &DiffSide, is_there: bool| {
            let name = if is_there { format!("{} {path}", side.name()) } else { "/dev/null".into() };
            SafeText::clean(&name).to_string()
        };
        let (old, new) = (name(&images.diff.left, left.is_some()), name(&images.diff.right, right.is_some()));
        let is_on_one_side = left.is_some() != right.is_some();
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        let is_terminal = io::stdout().is_terminal();
        let mut out = BufWriter::new(io::stdout().lock());
        match TextDiff::of(&left, &right) {
            TextDiff::Same if is_on_one_side => writeln!(out, "--- {old}\n+++ {new}")?,
            TextDiff::Same => return Ok(false),
            TextDiff::Binary => writeln!(out, "Binary files {old} and {new} differ")?,
            TextDiff::Large => writeln!(
                out,
                "Files {old} and {new} differ; lines are compared up to {}",
                size::bytes(text::LARGEST as u64)
            )?,
            TextDiff::Lines(lines) => {
                writeln!(out, "--- {old}\n+++ {new}")?;
                for line in unified(&lines) {
                    if is_terminal {
                        let line = String::from_utf8_lossy(&line);
                        SafeText::lines(line.trim_end_matches('\n'))
                            .try_for_each(|line| writeln!(out, "{line}"))?;
                    } else {
                        out.write_all(&line)?;
                    }
                }
            }
        }
        out.flush()?;
        Ok(true)
    }
}

/// Reads the files of both images. Announces the bytes on stderr if they are many, and draws the progress on a terminal.
async fn read_files(images: &DiffedImages, reads_all: bool) -> Result<DiffedFiles, CliError> {
    let plan = images.plan_files(reads_all).await;
    images.needs(&plan.reading.price()).iter().for_each(tell_need);
    if plan.reading.is_expensive() {
        print::print_problem(announce(&plan.reading));
    }
    let (bytes, reading) = (plan.reading.bytes, plan.new_reading());
    Ok(with_bar(bytes, &reading, images.diff_files(plan, &reading)).await?)
}

/// Names layers that could not be read, and lists that nothing proves.
fn name_problems(files: &DiffedFiles) {
    files.describe_left_out().into_iter().chain(files.unproved()).for_each(print::print_problem);
}

fn print_sides(out: &mut impl Write, diff: &ImageDiff) -> io::Result<()> {
    let mut table = Table::new(&["", "LEFT", "RIGHT"], &[]);
    for (name, [left, right]) in diff.facts() {
        table.row(vec![name.into(), left.to_string(), right.to_string()]);
    }
    table.print(out)
}

fn print_layers(out: &mut impl Write, diff: &ImageDiff) -> io::Result<()> {
    if diff.is_same() {
        let what = if diff.is_of_layers() { "layer" } else { "image" };
        return writeln!(out, "\nboth are the same {what}");
    }
    if diff.is_of_layers() {
        writeln!(out)?;
    } else {
        writeln!(out, "\nlayers: {}", diff.describe_layers())?;
    }
    let mut table = Table::new(&["", "SIZE", "DIGEST", "INSTRUCTION"], &[1]);
    for layer in &diff.layers {
        table.row(vec![
            layer.change.sign().into(),
            layer.shown_size(),
            layer.short_digest().to_string(),
            layer.step().to_string(),
        ]);
    }
    table.print(out)?;
    if diff.is_cut {
        writeln!(out, "a list is too long; not all of it was compared")?;
    }
    Ok(())
}

fn print_config(out: &mut impl Write, diff: &ImageDiff) -> io::Result<()> {
    if diff.config.is_empty() {
        return writeln!(out, "\nconfig: the same");
    }
    writeln!(out, "\nconfig: {}", counted(diff.config.len(), "difference", "differences"))?;
    diff.config.iter().try_for_each(|row| writeln!(out, "{}", row.line()))
}

fn print_files(out: &mut impl Write, files: &DiffedFiles) -> io::Result<()> {
    let incomplete = if files.describe_left_out().is_empty() { "" } else { ", incomplete" };
    writeln!(out, "\nfiles: {}{incomplete}", files.diff.describe())?;
    if !files.diff.is_empty() {
        let mut table = Table::new(&["", "LEFT", "RIGHT", "MODE", "OWNER", "PATH"], &[1, 2]);
        files.diff.iter().for_each(|file| table.row(file_row(&file)));
        table.print(out)?;
    }
    for directory in files.diff.hidden_directories() {
        let path = SafeText::clean(&String::from_utf8_lossy(directory)).to_string();
        writeln!(out, "{path}/: only one image shows its content of the layers that were not read")?;
    }
    if files.diff.is_uncertain() {
        let unread = describe_unread(files.plan().unread, files.plan().unread_bytes);
        writeln!(out, "{unread}; with `--all-layers`, added files are told from changed ones")?;
    }
    Ok(())
}

/// Returns the cells of a file.
fn file_row(file: &DiffedFile) -> Vec<String> {
    let [left, right] = file.sizes();
    let path = file.shown_path() + &file.notes();
    vec![file.change.sign().into(), left, right, file.modes(), file.owners(), path]
}
