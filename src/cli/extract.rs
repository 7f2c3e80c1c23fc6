//! `regtui extract`: writes files of an image to this machine's disk without pulling it.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::image_files::{ImageArguments, with_progress};
use super::print;
use crate::client::Pool;
use crate::model::failure::{Failure, FailureKind};
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::files::extract::{Extracted, Extraction, ExtractionProgress};

/// Write a file or a directory of an image to the disk without pulling it
#[derive(Debug, Args)]
pub(crate) struct Extract {
    #[command(flatten)]
    image: ImageArguments,
    /// Path in the image; / is all of it
    #[arg(value_name = "PATH")]
    path: String,
    /// New file or directory; nothing is written over an existing one
    #[arg(value_name = "DESTINATION")]
    destination: PathBuf,
}

impl Extract {
    /// Extracts the files.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let extracted = self.extract(pool).await;
        pool.flush().await;
        let (extracted, result) = extracted?;
        self.report(&extracted);
        if extracted.left_out_count > 0 { Err(CliError::Reported) } else { result }
    }

    /// Writes the files. Returns also whether a layer is missing.
    async fn extract(&self, pool: &Pool) -> Result<(Extracted, Result<(), CliError>), CliError> {
        let fail = |why: String, kind| Failure { kind, ..Failure::local(self.describe(), why) };
        if std::fs::symlink_metadata(&self.destination).is_ok() {
            let why = "it exists already, and nothing is written over it".to_string();
            return Err(fail(why, FailureKind::Local).into());
        }
        let chosen = self.image.choose(pool).await?;
        let image = chosen.reference.to_string();
        let read = chosen.read(None, None).await?;
        let files = &read.files;
        let from = files.tree.resolve(self.path.as_bytes(), true);
        let from = from.ok_or_else(|| fail(format!("{image} has no such file"), FailureKind::NotFound))?;
        let extraction = Extraction::prepare(files, from).await?;
        let price = extraction.price(files, &self.destination);
        if price.is_told() {
            print::print_problem(price.describe());
        }
        if !price.has_room() {
            return Err(fail("the disk has no room for it".to_string(), FailureKind::Local).into());
        }
        let progress = ExtractionProgress::default();
        let write = extraction.write(&*read.registry, files, &self.destination, &progress);
        let moved = || (progress.moved(), format!("{} written", size::bytes(progress.written())));
        Ok((with_progress(price.total(), moved, write).await?, read.result()))
    }

    fn describe(&self) -> SafeText {
        let path = SafeText::clean(&self.path);
        SafeText::from(format!("cannot extract {path} to {}", self.destination.display()))
    }

    /// Tells the result on stderr.
    fn report(&self, extracted: &Extracted) {
        let (left_out, more) = extracted.left_out_of(&self.destination);
        for (path, why) in left_out {
            print::print_problem(format_args!("left out {path}: {why}"));
        }
        if more > 0 {
            print::print_problem(format_args!("left out {more} more"));
        }
        print::print_problem(describe(extracted));
    }
}

fn describe(extracted: &Extracted) -> String {
    let count = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    format!(
        "wrote {} ({}), {} and {}",
        count(extracted.files, "file", "files"),
        size::bytes(extracted.bytes),
        count(extracted.directories, "directory", "directories"),
        count(extracted.links, "link", "links")
    )
}
