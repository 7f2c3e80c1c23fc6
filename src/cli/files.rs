//! `regtui files`: lists the files of an image without pulling it.

use std::io::{self, BufWriter, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::CliError;
use super::file_record::FileMembers;
use super::image_files::ImageArguments;
use super::print::{self, TableColumns};
use crate::client::Pool;
use crate::layer::{EntryKind, FileVersion, Hidden, PathId, mode_text};
use crate::model::failure::Failure;
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::files::tree::ImageFiles;

/// List the files of an image without pulling it
#[derive(Debug, Args)]
pub(crate) struct Files {
    #[command(flatten)]
    image: ImageArguments,
    /// List only this file, or this directory and everything below it
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// List the changes of one layer: 1 is the lowest
    #[arg(long, value_name = "NUMBER")]
    layer: Option<usize>,
    /// Show mode, owner, size, date and layer
    #[arg(long, short)]
    long: bool,
    /// Also list files that a later layer removed or replaced
    #[arg(long)]
    removed: bool,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

/// A line of JSON for a version of a path.
#[derive(Serialize)]
struct FileRecord {
    /// The path. Bytes that are not UTF-8 are replaced.
    path: String,
    /// The bytes of the path in base64, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    #[serde(flatten)]
    members: FileMembers,
    layer: u16,
    layer_digest: Option<String>,
    /// The layers whose versions this one replaces.
    replaces: Vec<u16>,
    /// The layer that removed or replaced it.
    removed_in: Option<u16>,
    /// How it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_by: Option<&'static str>,
}

impl Files {
    /// Prints the list.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let listed = self.list(pool).await;
        pool.flush().await;
        listed
    }

    async fn list(&self, pool: &Pool) -> Result<(), CliError> {
        let chosen = self.image.choose(pool).await?;
        let (count, what) = (chosen.source.layers.len(), chosen.reference.to_string());
        let numbers = match self.layer {
            Some(number) if number == 0 || number > count => {
                let text = format!("`--layer {number}`: {what} has {count} layers, and 1 is the lowest");
                return Err(CliError::Usage(text));
            }
            number => number.map(|number| vec![number - 1]),
        };
        let read = chosen.read(numbers.as_deref(), None).await?;
        let files = &read.files;
        let from = match self.path.as_deref().map(str::as_bytes) {
            None => PathId::ROOT,
            Some(path) => {
                let found = files.tree.resolve(path, false);
                let found =
                    found.or_else(|| files.tree.find(path).filter(|_| self.removed || self.layer.is_some()));
                found.ok_or_else(|| {
                    let path = SafeText::clean(&String::from_utf8_lossy(path));
                    Failure::local(format!("cannot list {path}"), format!("{what} has no such file"))
                })?
            }
        };
        self.print(files, from)?;
        read.result()
    }

    fn print(&self, files: &ImageFiles, from: PathId) -> Result<(), CliError> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            self.visit(files, from, |id, version| print::json(&mut out, &record(files, id, version)))?;
        } else if self.long {
            // An image may have so many files that no row of text is kept.
            let heading = ["MODE", "OWNER", "SIZE", "DATE", "LAYER", "PATH"];
            let mut columns = TableColumns::new(&[2, 4]);
            columns.measure(&heading);
            self.visit(files, from, |id, version| {
                columns.measure(&long_row(files, id, version));
                Ok(())
            })?;
            columns.print(&mut out, &heading)?;
            self.visit(files, from, |id, version| columns.print(&mut out, &long_row(files, id, version)))?;
        } else {
            self.visit(files, from, |id, version| writeln!(out, "{}", describe_path(files, id, version)))?;
        }
        out.flush()?;
        Ok(())
    }

    /// Visits the versions to list, in the order of the tree.
    fn visit(
        &self,
        files: &ImageFiles,
        from: PathId,
        mut visit: impl FnMut(PathId, &FileVersion) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            for version in self.versions(files, id) {
                visit(id, &version)?;
            }
            let mut children: Vec<PathId> = files.tree.children(id).collect();
            children.sort_by(|one, other| files.tree.name(*other).cmp(files.tree.name(*one)));
            open.extend(children);
        }
        Ok(())
    }

    /// Returns the versions of a path to list: that of the image, and removed ones if they are wanted. The root is
    /// listed only if a layer has an entry for it.
    fn versions(&self, files: &ImageFiles, id: PathId) -> Vec<FileVersion> {
        let is_listed = |version: &FileVersion| version.hidden.is_none() || self.removed;
        let is_root = id == PathId::ROOT;
        files.tree.versions(id).filter(is_listed).filter(|_| !is_root).collect()
    }
}

/// Returns the line of JSON for a version.
fn record(files: &ImageFiles, id: PathId, version: &FileVersion) -> FileRecord {
    let path = files.tree.path(id);
    let entry = files.entry(version);
    let source = usize::from(version.layer).checked_sub(1).and_then(|index| files.image.layers.get(index));
    FileRecord {
        path_bytes: std::str::from_utf8(&path).is_err().then(|| STANDARD.encode(&path)),
        path: String::from_utf8_lossy(&path).into_owned(),
        members: FileMembers {
            kind: version.kind.name(),
            size: version.size,
            mode: version.mode,
            uid: version.uid,
            gid: version.gid,
            mtime: entry.is_some().then(|| Timestamp::from_second(version.mtime).ok()).flatten(),
            link: entry.as_ref().and_then(|entry| FileMembers::link(&entry.link)),
            sha256: FileMembers::sha256(entry.and_then(|entry| entry.sha256)),
        },
        layer: version.layer,
        layer_digest: source.map(|source| source.descriptor.digest_text.clone()),
        replaces: if version.hidden.is_none() { files.tree.replaces(id) } else { Vec::new() },
        removed_in: version.hidden.map(|(layer, _)| layer),
        removed_by: version.hidden.map(|(_, how)| match how {
            Hidden::Replaced => "replaced",
            Hidden::Whiteout => "whiteout",
            Hidden::Opaque => "opaque",
            Hidden::Shadowed => "shadowed",
        }),
    }
}

/// Returns the cells of a version.
fn long_row(files: &ImageFiles, id: PathId, version: &FileVersion) -> Vec<String> {
    let date = Timestamp::from_second(version.mtime).ok().filter(|_| version.entry.is_some());
    vec![
        mode_text(version.kind, version.mode),
        format!("{}:{}", version.uid, version.gid),
        if version.kind == EntryKind::File { size::bytes(version.size) } else { "-".into() },
        date.map_or_else(|| "-".into(), |date| date.strftime("%Y-%m-%d %H:%M").to_string()),
        version.layer.to_string(),
        describe_path(files, id, version),
    ]
}

/// Returns the path, the target of a link, and the layer that hides the version.
fn describe_path(files: &ImageFiles, id: PathId, version: &FileVersion) -> String {
    let safe = |bytes: &[u8]| SafeText::clean(&String::from_utf8_lossy(bytes)).to_string();
    let mut text = safe(&files.tree.path(id));
    if version.kind == EntryKind::Directory {
        text.push('/');
    }
    let link = files.entry(version).map(|entry| safe(&entry.link)).filter(|link| !link.is_empty());
    match (version.kind, link) {
        (EntryKind::Symlink, Some(link)) => text.push_str(&format!(" -> {link}")),
        (EntryKind::HardLink, Some(link)) => text.push_str(&format!(" link to {link}")),
        _ => {}
    }
    match version.hidden {
        Some((layer, Hidden::Replaced)) => text.push_str(&format!("  (replaced by layer {layer})")),
        Some((layer, _)) => text.push_str(&format!("  (removed by layer {layer})")),
        None => {}
    }
    text
}
