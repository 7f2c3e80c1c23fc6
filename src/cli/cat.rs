//! `regtui cat`: prints a file of an image without pulling it.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use clap::Args;

use super::CliError;
use super::image_files::{ImageArguments, ReadFiles, announce_price};
use crate::client::Pool;
use crate::layer::{EntryKind, FileVersion};
use crate::model::failure::{Failure, FailureKind};
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::files::content::price_of_contents;
use crate::ops::files::content::{ContentSink, MemorySink, read_contents};
use crate::ops::files::layer::Wanted;
use crate::ops::files::tree::ImageFiles;

/// A file up to this size is printed after all of it was compared with its digest.
const SMALL: u64 = 16 << 20;

/// Print a file of an image without pulling it
#[derive(Debug, Args)]
pub(crate) struct Cat {
    #[command(flatten)]
    image: ImageArguments,
    /// Path of the file in the image
    #[arg(value_name = "PATH")]
    path: String,
}

impl Cat {
    /// Prints the file.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let printed = self.print(pool).await;
        pool.flush().await;
        printed
    }

    async fn print(&self, pool: &Pool) -> Result<(), CliError> {
        let chosen = self.image.choose(pool).await?;
        let image = chosen.reference.to_string();
        // The content is taken along if the layer has to be read whole anyway.
        let path = normal(&self.path);
        let wanted: Wanted = Arc::new(move |found: &[u8], size| found == path && size <= SMALL);
        let read = chosen.read(None, Some(&wanted)).await?;
        let version = find_file(&read.files, &self.path, &image)?;
        print_file(&read, &version, &self.path, &image).await?;
        // Another layer above may replace or remove it.
        read.result_above(version.layer)
    }
}

async fn print_file(
    read: &ReadFiles,
    version: &FileVersion,
    path: &str,
    image: &str,
) -> Result<(), CliError> {
    let (files, registry) = (&read.files, &read.registry);
    let (Some(entry), Some(layer)) = (version.entry, files.layer(version.layer)) else {
        return Err(not_found(path, &format!("its content is in no layer of {image}")).into());
    };
    let index = usize::from(version.layer) - 1;
    let is_terminal = io::stdout().is_terminal();
    if let Some(content) = files.contents.get(&(index, entry)) {
        return print_content(content, is_terminal);
    }
    let (name, source) = (&files.image.repository.name, &files.image.layers[index]);
    if is_terminal && version.size > SMALL {
        return Err(too_large_for_a_terminal(version.size));
    }
    announce_price(&price_of_contents(source, layer, &[entry]));
    if version.size <= SMALL {
        let mut sink = MemorySink::new(SMALL);
        read_contents(&**registry, name, source, layer, &[entry], &mut sink).await?;
        let content = sink.into_contents().remove(&entry).unwrap_or_default();
        return print_content(&content, is_terminal);
    }
    read_contents(&**registry, name, source, layer, &[entry], &mut PrintSink).await?;
    Ok(())
}

fn too_large_for_a_terminal(bytes: u64) -> CliError {
    let bytes = size::bytes(bytes);
    CliError::Usage(format!("the file has {bytes}: redirect it to a file or a program"))
}

/// Returns the version of a file by the path that was typed. The failure names the kind of another entry at that path.
pub(super) fn find_file(files: &ImageFiles, path: &str, image: &str) -> Result<FileVersion, Failure> {
    if let Some((_, version)) = files.file_at(path.as_bytes()) {
        return Ok(version);
    }
    let found = files.tree.resolve(path.as_bytes(), true).and_then(|id| files.tree.current(id));
    let why = match found.map(|version| version.kind) {
        Some(EntryKind::HardLink) => "the target of the hard link does not exist".to_string(),
        Some(kind) => format!("it is no file, but a {}", kind.name().replace('_', " ")),
        None if files.is_whole() => format!("{image} has no such file"),
        None => format!("{image} has no such file in the layers that were read"),
    };
    Err(not_found(path, &why))
}

fn not_found(path: &str, why: &str) -> Failure {
    let failure = Failure::local(format!("cannot read {}", SafeText::clean(path)), why.to_string());
    Failure { kind: FailureKind::NotFound, ..failure }
}

/// Returns a path as layers list it.
fn normal(path: &str) -> Vec<u8> {
    let names: Vec<&[u8]> =
        path.as_bytes().split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b".")).collect();
    names.join(&b'/')
}

/// Prints a content as it is, or with visible control characters for a terminal, which would obey them.
fn print_content(content: &[u8], is_terminal: bool) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    if !is_terminal {
        out.write_all(content)?;
        out.flush()?;
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(content) else {
        let text = format!(
            "the file is not text ({}): redirect it to a file or a program",
            size::bytes(content.len() as u64)
        );
        return Err(CliError::Usage(text));
    };
    for line in SafeText::lines(text) {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(())
}

/// Prints a large file while it is read. The digest is compared at its end.
struct PrintSink;

impl ContentSink for PrintSink {
    fn take(&mut self, _: u32, bytes: &[u8]) -> Result<(), Failure> {
        io::stdout().write_all(bytes).map_err(|error| cannot_print(&error))
    }

    fn finish(&mut self, _: u32) -> Result<(), Failure> {
        io::stdout().flush().map_err(|error| cannot_print(&error))
    }
}

fn cannot_print(error: &io::Error) -> Failure {
    Failure { kind: FailureKind::Local, ..Failure::local("cannot print the file", error.to_string()) }
}
