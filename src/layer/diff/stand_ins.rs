//! The stand-ins for layers that were not read.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::layer::entry::{EntryKind, LayerEntry};
use crate::layer::files::LayerFiles;
use crate::layer::list::FileList;
use crate::layer::path::split;

/// The mode of a stand-in for a path that a whiteout proves to exist.
pub(super) const EXISTS: u16 = 1;

/// A path that a layer mentions.
#[derive(Debug, Default)]
struct Mention {
    is_directory: bool,
    exists: bool,
}

/// Returns a layer that stands in for those that were not read: all paths that the further layers mention, so that a path
/// which one image leaves alone can be told from one that it removes.
pub(super) fn stand_ins(left: &[Option<Arc<LayerFiles>>], right: &[Option<Arc<LayerFiles>>]) -> FileList {
    let mut mentions: BTreeMap<Vec<u8>, Mention> = BTreeMap::new();
    for side in [left, right] {
        let mut provided: HashSet<Vec<u8>> = HashSet::new();
        let mut is_any_missing = false;
        for layer in side {
            let Some(layer) = layer else {
                is_any_missing = true;
                continue;
            };
            for entry in layer.list.iter() {
                let path = entry.path.as_ref();
                match entry.kind {
                    EntryKind::Whiteout => {
                        // It may remove what a layer that could not be read provided.
                        let exists = !is_any_missing && !provided.contains(path);
                        mentions.entry(path.to_vec()).or_default().exists |= exists;
                    }
                    EntryKind::OpaqueMarker => mentions.entry(path.to_vec()).or_default().is_directory = true,
                    _ => continue,
                }
                mention_parents(&mut mentions, path, &mut |_| false);
            }
            for entry in layer.list.iter() {
                if matches!(entry.kind, EntryKind::Whiteout | EntryKind::OpaqueMarker) {
                    continue;
                }
                let path = entry.path.as_ref();
                let mention = mentions.entry(path.to_vec()).or_default();
                mention.is_directory |= entry.kind == EntryKind::Directory;
                mention_parents(&mut mentions, path, &mut |parent| {
                    !provided.contains(parent) && provided.insert(parent.to_vec())
                });
                provided.insert(path.to_vec());
            }
        }
    }
    let mut list = FileList::default();
    for (path, mention) in mentions.iter().filter(|(path, _)| !path.is_empty()) {
        let entry = LayerEntry {
            path: path.into(),
            kind: if mention.is_directory { EntryKind::Directory } else { EntryKind::File },
            size: 0,
            mode: if mention.exists { EXISTS } else { 0 },
            uid: 0,
            gid: 0,
            mtime: 0,
            link: b"".into(),
            sha256: None,
            data: None,
        };
        if list.push(&entry).is_err() {
            break;
        }
    }
    list
}

/// Notes that the directories above a path are mentioned, up to one that was noted before. `note` returns whether the
/// directory is new to it.
fn mention_parents(
    mentions: &mut BTreeMap<Vec<u8>, Mention>,
    path: &[u8],
    note: &mut dyn FnMut(&[u8]) -> bool,
) {
    let (mut parent, _) = split(path);
    while !parent.is_empty() {
        let mut is_new = note(parent);
        match mentions.get_mut(parent) {
            Some(mention) => is_new |= !std::mem::replace(&mut mention.is_directory, true),
            None => {
                mentions.insert(parent.to_vec(), Mention { is_directory: true, exists: false });
                is_new = true;
            }
        }
        if !is_new {
            break;
        }
        (parent, _) = split(parent);
    }
}
