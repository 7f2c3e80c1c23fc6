//! The images of a repository that have a path.

use std::collections::HashMap;
use std::sync::Arc;

use super::UNKNOWN;
use crate::client::Registry;
use crate::layer::{FileList, FileTree, LayerFiles, TreeError, WINDOWS_ROOT};
use crate::model::failure::Failure;
use crate::model::since::SinceAnswer;
use crate::model::size;
use crate::ops::files::cost::{LayerPlan, plan_layer};
use crate::ops::files::image::ImageSource;
use crate::ops::files::layer::{fit, read_layer};
use crate::ops::files::left_out::LeftOutLayer;
use crate::ops::files::proof::ListProof;
use crate::ops::files::tree::Reading;

/// Most bytes of lists of files that are kept in memory.
const MOST_LISTS: usize = 256 << 20;

/// The lists of layers that several images share.
#[derive(Debug, Default)]
pub(super) struct ListShelf {
    /// By what proves them and by the directory whose content they have at the root.
    lists: HashMap<(ListProof, &'static [u8]), Arc<LayerFiles>>,
    /// The layers that could not be read. They are not tried again.
    failed: HashMap<ListProof, Failure>,
    memory: usize,
    /// The number of layers that were read.
    pub(super) layers_read: usize,
    /// The bytes of them that were received.
    pub(super) received: u64,
}

impl ListShelf {
    /// Returns whether it is known what this proves, so that its layer is not read again.
    pub(super) fn has(&self, proof: &ListProof) -> bool {
        let key = |root: &'static [u8]| (proof.clone(), root);
        self.lists.contains_key(&key(b""))
            || self.lists.contains_key(&key(WINDOWS_ROOT))
            || self.failed.contains_key(proof)
    }

    /// Looks for a path in an image. A layer that another image had is not read again. If a layer cannot be read, only the
    /// layers above it tell the answer.
    pub(super) async fn find(
        &mut self,
        registry: &dyn Registry,
        path: &str,
        source: &ImageSource,
        reading: &Reading,
    ) -> Result<SinceAnswer, Failure> {
        let (mut lists, mut left_out) = (Vec::with_capacity(source.layers.len()), Vec::new());
        for number in 0..source.layers.len() {
            match self.list(registry, source, number, reading).await {
                Ok(files) => lists.push(Some(files)),
                Err(failure) => {
                    left_out.push(LeftOutLayer::of(number, &failure));
                    lists.push(None);
                }
            }
        }
        let what = || format!("cannot put the layers of {} together", source.manifest.digest);
        let path = path.as_bytes().to_vec();
        let find = move || find_path(&lists, &path);
        let found = tokio::task::spawn_blocking(find).await;
        let found = found.map_err(|_| Failure::local(what(), "the reader stopped"))?;
        let found = found.map_err(|error| Failure::local(what(), error.to_string()))?;
        let missing = left_out.last().map_or(0, |layer| layer.layer);
        match left_out.first().filter(|_| found.layer <= missing) {
            Some(layer) => Err(layer.as_failure(UNKNOWN)),
            None => Ok(SinceAnswer { holds: found.size.is_some(), value: found.size.map(size::bytes) }),
        }
    }

    async fn list(
        &mut self,
        registry: &dyn Registry,
        image: &ImageSource,
        number: usize,
        reading: &Reading,
    ) -> Result<Arc<LayerFiles>, Failure> {
        let (source, root) = (&image.layers[number], image.root());
        let proof = ListProof::of(source);
        if let Some(files) = proof.as_ref().and_then(|proof| self.lists.get(&(proof.clone(), root))) {
            return fit(files, source);
        }
        if let Some(failure) = proof.as_ref().and_then(|proof| self.failed.get(proof)) {
            return Err(failure.clone());
        }
        let plan = plan_layer(registry, source).await;
        let (name, progress) = (&image.repository.name, reading.layer(number));
        let read = read_layer(registry, name, source, &plan, None, &progress, &reading.pause).await;
        self.received += progress.received();
        let files = match read {
            Ok(read) => read.files.with_root(root),
            Err(failure) => {
                self.failed.extend(proof.map(|proof| (proof, failure.clone())));
                return Err(failure);
            }
        };
        self.layers_read += usize::from(!matches!(plan, LayerPlan::Kept(_)));
        if let Some(proof) = proof {
            self.memory += files.list.memory();
            if self.memory > MOST_LISTS {
                self.lists.clear();
                self.memory = files.list.memory();
            }
            self.lists.insert((proof, root), files.clone());
        }
        Ok(files)
    }
}

/// The state of a path in an image.
struct FoundPath {
    /// The layer that decides about it, from 1; 0 if none of those that were read mentions it.
    layer: usize,
    /// Its size, if it is there.
    size: Option<u64>,
}

/// Looks for a path in layers, bottom first. Those that could not be read count as empty.
fn find_path(lists: &[Option<Arc<LayerFiles>>], path: &[u8]) -> Result<FoundPath, TreeError> {
    let (mut tree, empty) = (FileTree::default(), FileList::default());
    for files in lists {
        tree.add_layer(files.as_ref().map_or(&empty, |files| &files.list))?;
    }
    let found = tree.resolve(path, false).and_then(|id| tree.current(id));
    let layer = match found {
        Some(version) => version.layer,
        None => tree.find(path).and_then(|id| tree.removed_in(id)).unwrap_or(0),
    };
    Ok(FoundPath { layer: layer.into(), size: found.map(|version| version.size) })
}
