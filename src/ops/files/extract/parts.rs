//! The parts of an extraction: what is written, what is left out, and the bytes that this moves.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::links::is_inside;
use super::{Extracted, disk};
use crate::layer::{DataPosition, EntryKind, FileVersion, LayerFiles, LayerFormat, PathId};
use crate::model::extraction::ExtractionPrice;
use crate::model::failure::Failure;
use crate::ops::files::image::LayerSource;
use crate::ops::files::tree::ImageFiles;

/// An extraction that has not begun: its parts, by their paths below the destination.
#[derive(Debug, Default)]
pub struct Extraction {
    /// Each directory comes after the one that it is in. The path of the first one is empty, unless a file is extracted.
    pub(super) directories: Vec<(PathBuf, FileVersion)>,
    /// By layer, from 1, and the number of the entry.
    pub(super) files: FilesToWrite,
    pub(super) links: Vec<(PathBuf, Vec<u8>)>,
    pub(super) report: Extracted,
}

/// Files by layer, from 1, and the number of the entry: each version, and its paths.
pub(super) type FilesToWrite = HashMap<(u16, u32), (FileVersion, Vec<PathBuf>)>;

impl Extraction {
    /// Lists the parts of a path of the image and everything below it.
    pub async fn prepare(files: &ImageFiles, from: PathId) -> Result<Extraction, Failure> {
        let files = ImageFiles {
            image: files.image.clone(),
            layers: files.layers.clone(),
            tree: files.tree.clone(),
            contents: HashMap::new(),
            received: 0,
        };
        let collected = tokio::task::spawn_blocking(move || Extraction::collect(&files, from)).await;
        collected.map_err(|_| Failure::local("cannot extract the files", "the reader stopped"))
    }

    fn collect(files: &ImageFiles, from: PathId) -> Extraction {
        let mut extraction = Extraction::default();
        let mut open = vec![(from, PathBuf::new())];
        while let Some((id, path)) = open.pop() {
            let version = files.tree.current(id);
            let Some(version) = version.or_else(|| (id == PathId::ROOT).then(root)) else { continue };
            let version = match files.tree.linked_version(id, &version) {
                // A further name of a file keeps its own entry.
                Some((_, linked)) if linked.kind != EntryKind::File => linked,
                _ => version,
            };
            match version.kind {
                EntryKind::Directory => {
                    for child in files.tree.children(id) {
                        match disk::name(files.tree.name(child)) {
                            Some(name) => open.push((child, path.join(name))),
                            None if files.tree.current(child).is_none() => {}
                            None => {
                                let name = String::from_utf8_lossy(files.tree.name(child)).into_owned();
                                extraction.report.leave_out(&path.join(name), disk::NO_SUCH_NAME);
                            }
                        }
                    }
                    extraction.directories.push((path, version));
                }
                EntryKind::File | EntryKind::HardLink => extraction.add_file(files, id, version, path),
                EntryKind::Symlink => {
                    let target = files.entry(&version).map(|entry| entry.link.into_owned());
                    let target = target.unwrap_or_default();
                    if id == from {
                        extraction.report.leave_out(&path, "it is a link: extract its target");
                    } else if is_inside(&files.tree, from, id, &target) {
                        extraction.links.push((path, target));
                    } else {
                        extraction.report.leave_out(&path, "the link leads out of the destination");
                    }
                }
                EntryKind::CharDevice | EntryKind::BlockDevice => {
                    extraction.report.leave_out(&path, "it is a device");
                }
                EntryKind::Fifo => extraction.report.leave_out(&path, "it is a pipe"),
                EntryKind::Whiteout | EntryKind::OpaqueMarker => {}
            }
        }
        extraction
    }

    fn add_file(&mut self, files: &ImageFiles, id: PathId, version: FileVersion, path: PathBuf) {
        let Some((_, content)) = files.content_of(id, version) else {
            return self.report.leave_out(&path, "the target of the hard link does not exist");
        };
        let entry = content.entry.zip(files.entry(&content));
        match entry {
            Some((_, entry)) if entry.data.is_none() && entry.size > 0 => {
                self.report.leave_out(&path, "it is stored with holes");
            }
            Some((number, _)) => {
                let file = self.files.entry((content.layer, number));
                file.or_insert_with(|| (content, Vec::new())).1.push(path);
            }
            None => self.report.leave_out(&path, "its content is not known"),
        }
    }

    /// Returns the entries of each layer in their order.
    pub(super) fn by_layer(&self) -> BTreeMap<u16, Vec<u32>> {
        let mut by_layer: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
        for (layer, entry) in self.files.keys() {
            by_layer.entry(*layer).or_default().push(*entry);
        }
        by_layer.values_mut().for_each(|entries| entries.sort_unstable());
        by_layer
    }

    /// Returns the bytes that writing to a destination moves, and the room on its disk.
    pub fn price(&self, files: &ImageFiles, destination: &Path) -> ExtractionPrice {
        let written = self.files.values().map(|(version, _)| version.size).fold(0, u64::saturating_add);
        let read = self.by_layer().into_iter().filter_map(|(layer, entries)| {
            let source = files.image.layers.get(usize::from(layer).checked_sub(1)?)?;
            Some(most_read(source, files.layer(layer)?, &entries))
        });
        let read = read.fold(0, u64::saturating_add);
        ExtractionPrice { read, written, free: disk::free_bytes(destination) }
    }
}

/// Returns about how many bytes of a layer are read at most for the contents of entries.
fn most_read(source: &LayerSource, files: &LayerFiles, entries: &[u32]) -> u64 {
    let (mut in_chunks, mut stream_end) = (0_u64, None);
    for number in entries {
        let Some(entry) = files.list.get(*number as usize).filter(|entry| entry.size > 0) else { continue };
        match entry.data {
            Some(DataPosition::Chunks { first, count }) => {
                let (first, count) = (first as usize, count as usize);
                let chunks = files.chunks.get(first..first.saturating_add(count)).unwrap_or_default();
                let stored = chunks.iter().filter(|chunk| !chunk.is_zeros).map(|chunk| chunk.size);
                in_chunks = in_chunks.saturating_add(stored.fold(0, u64::saturating_add));
            }
            Some(DataPosition::Stream(at)) => {
                stream_end = stream_end.max(Some(at.saturating_add(entry.size)));
            }
            None => {}
        }
    }
    let size = source.descriptor.size.unwrap_or(u64::MAX);
    let streamed = match stream_end {
        None => 0,
        Some(_) if files.format == LayerFormat::Blob => size,
        Some(end) => {
            // The layer is read from its first byte on. Its parts are taken to be compressed alike.
            let whole = files.uncompressed.unwrap_or(end).max(1);
            let share = u128::from(size) * u128::from(end.min(whole)) / u128::from(whole);
            u64::try_from(share).unwrap_or(size)
        }
    };
    streamed.saturating_add(in_chunks.min(size))
}

/// The root of an image whose layers have no entry for it.
fn root() -> FileVersion {
    FileVersion {
        size: 0,
        mtime: 0,
        uid: 0,
        gid: 0,
        entry: None,
        mode: 0o755,
        layer: 1,
        kind: EntryKind::Directory,
        hidden: None,
    }
}
