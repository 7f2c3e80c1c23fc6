//! Hidden bytes, likely secrets and further findings of an image whose layers were read.

use super::tree::ImageFiles;
use crate::layer::{FileList, Findings, ImageFindings, LayerFacts};

/// Examines an image. Layers that were not read count as empty. Takes a moment for many files.
pub fn examine_image(files: &ImageFiles) -> ImageFindings {
    let (no_list, no_findings) = (FileList::default(), Findings::default());
    let facts = files.image.layers.iter().zip(&files.layers).map(|(source, read)| match read {
        Some(layer) => LayerFacts {
            list: &layer.list,
            findings: &layer.findings,
            compressed: source.descriptor.size,
            uncompressed: layer.uncompressed,
        },
        None => LayerFacts { list: &no_list, findings: &no_findings, compressed: None, uncompressed: None },
    });
    ImageFindings::examine(&files.tree, &facts.collect::<Vec<_>>())
}
