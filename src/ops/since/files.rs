//! The images of a repository that have a path.

use std::collections::HashMap;
use std::sync::Arc;

use crate::client::Registry;
use crate::layer::{FileTree, LayerFiles, TreeError};
use crate::model::failure::Failure;
use crate::model::since::SinceAnswer;
use crate::model::size;
use crate::ops::files::cost::{LayerPlan, plan_layer};
use crate::ops::files::image::ImageSource;
use crate::ops::files::layer::{fit, read_layer};
use crate::ops::files::proof::ListProof;
use crate::ops::files::tree::Reading;

/// Most bytes of lists of files that are kept in memory.
const MOST_LISTS: usize = 256 << 20;

/// The lists of layers that several images share.
#[derive(Debug, Default)]
pub(super) struct ListShelf {
    lists: HashMap<ListProof, Arc<LayerFiles>>,
    memory: usize,
    /// The number of layers that were read.
    pub(super) layers_read: usize,
    /// The bytes of them that were received.
    pub(super) received: u64,
}

impl ListShelf {
    /// Returns whether the list that this proves is known, so that its layer is not read again.
    pub(super) fn has(&self, proof: &ListProof) -> bool {
        self.lists.contains_key(proof)
    }

    /// Looks for a path in an image. A layer that another image had is not read again.
    pub(super) async fn find(
        &mut self,
        registry: &dyn Registry,
        path: &str,
        source: &ImageSource,
        reading: &Reading,
    ) -> Result<SinceAnswer, Failure> {
        let mut lists = Vec::with_capacity(source.layers.len());
        for number in 0..source.layers.len() {
            lists.push(self.list(registry, source, number, reading).await?);
        }
        let what = || format!("cannot put the layers of {} together", source.manifest.digest);
        let path = path.as_bytes().to_vec();
        let find = move || {
            let mut tree = FileTree::default();
            for files in &lists {
                tree.add_layer(&files.list)?;
            }
            let found = tree.resolve(&path, false).and_then(|id| tree.current(id));
            Ok::<_, TreeError>(found)
        };
        let found = tokio::task::spawn_blocking(find).await;
        let found = found.map_err(|_| Failure::local(what(), "the reader stopped"))?;
        let found = found.map_err(|error| Failure::local(what(), error.to_string()))?;
        Ok(SinceAnswer { holds: found.is_some(), value: found.map(|version| size::bytes(version.size)) })
    }

    async fn list(
        &mut self,
        registry: &dyn Registry,
        image: &ImageSource,
        number: usize,
        reading: &Reading,
    ) -> Result<Arc<LayerFiles>, Failure> {
        let source = &image.layers[number];
        let proof = ListProof::of(source);
        if let Some(files) = proof.as_ref().and_then(|proof| self.lists.get(proof)) {
            return fit(files, source);
        }
        let plan = plan_layer(registry, source).await;
        let (name, progress) = (&image.repository.name, reading.layer(number));
        let read = read_layer(registry, name, source, &plan, None, &progress, &reading.pause).await?;
        self.layers_read += usize::from(!matches!(plan, LayerPlan::Kept(_)));
        self.received += progress.received();
        if let Some(proof) = proof {
            self.memory += read.files.list.memory();
            if self.memory > MOST_LISTS {
                self.lists.clear();
                self.memory = read.files.list.memory();
            }
            self.lists.insert(proof, read.files.clone());
        }
        Ok(read.files)
    }
}
