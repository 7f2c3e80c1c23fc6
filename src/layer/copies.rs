//! Files that a layer holds again with the same content. Those of one directory are one finding if they are many.

use std::collections::HashMap;

use super::image_finding::{Candidate, FileAttributes, ImageFindingKind, Ranking};
use super::tree::PathId;

/// Most copies of a directory that are findings of their own.
const MOST_SINGLE: usize = 8;

/// The copies that were found, by directory and layer.
#[derive(Debug, Default)]
pub(super) struct Copies(HashMap<(PathId, u16), CopyGroup>);

/// The copies of a directory in a layer.
#[derive(Debug)]
struct CopyGroup {
    /// The first ones.
    first: Vec<Candidate>,
    files: u64,
    bytes: u64,
    /// Mode and owner of all of them and of all that they replace, unless they differ.
    attributes: Option<(Option<FileAttributes>, Option<FileAttributes>)>,
}

impl Copies {
    /// Adds a copy in a directory.
    pub(super) fn add(&mut self, directory: PathId, copy: Candidate) {
        let attributes = (copy.attributes, copy.attributes_before);
        let group = self.0.entry((directory, copy.layer)).or_insert_with(|| CopyGroup {
            first: Vec::new(),
            files: 0,
            bytes: 0,
            attributes: Some(attributes),
        });
        group.files += 1;
        group.bytes = group.bytes.saturating_add(copy.bytes);
        group.attributes = group.attributes.filter(|known| *known == attributes);
        if group.first.len() <= MOST_SINGLE {
            group.first.push(copy);
        }
    }

    /// Returns the findings.
    pub(super) fn rank(self) -> Ranking {
        let mut ranking = Ranking::new(ImageFindingKind::MetadataCopy);
        for ((directory, layer), group) in self.0 {
            if group.first.len() <= MOST_SINGLE {
                group.first.into_iter().for_each(|copy| ranking.add(copy));
                continue;
            }
            let (attributes, attributes_before) = group.attributes.unwrap_or_default();
            let (files, bytes) = (group.files, group.bytes);
            ranking.add(Candidate {
                id: directory,
                layer,
                hidden: None,
                files,
                bytes,
                attributes,
                attributes_before,
            });
        }
        ranking
    }
}
