//! Trees for tests.

use std::sync::Arc;

use super::browser::FileBrowser;
use super::scene::LayerLists;
use crate::layer::{Compression, EntryKind, FileList, FileTree, LayerEntry, LayerFiles, LayerFormat};

/// Returns an entry: its kind is told by the end of the path, as in `dir/`, `-removed` and `link@`.
fn entry(path: &str, size: u64) -> LayerEntry<'_> {
    let (path, kind) = match (path.strip_suffix('/'), path.strip_prefix('-'), path.strip_suffix('@')) {
        (Some(path), ..) => (path, EntryKind::Directory),
        (_, Some(path), _) => (path, EntryKind::Whiteout),
        (.., Some(path)) => (path, EntryKind::Symlink),
        _ => (path, EntryKind::File),
    };
    LayerEntry {
        path: path.as_bytes().into(),
        kind,
        size,
        mode: if path.contains("suid") { 0o4755 } else { 0o644 },
        uid: 0,
        gid: 0,
        mtime: size as i64,
        link: if kind == EntryKind::Symlink { b"target".into() } else { b"".into() },
        sha256: None,
        data: None,
    }
}

/// Returns the list of a layer: paths with sizes.
pub(crate) fn list(entries: &[(&str, u64)]) -> FileList {
    let mut list = FileList::default();
    for (path, size) in entries {
        list.push(&entry(path, *size)).expect("a short list");
    }
    list
}

/// Returns the tree of these layers, and their lists.
pub(crate) fn image(layers: Vec<FileList>) -> (Arc<FileTree>, LayerLists) {
    let mut tree = FileTree::default();
    layers.iter().for_each(|layer| tree.add_layer(layer).expect("a layer"));
    let files = |list| LayerFiles::new(LayerFormat::Tar(Compression::Gzip), list);
    (Arc::new(tree), layers.into_iter().map(|list| Some(Arc::new(files(list)))).collect())
}

/// Returns a browser of these layers, with all rows.
pub(crate) fn browser(layers: &[&[(&str, u64)]]) -> FileBrowser {
    let (tree, lists) = image(layers.iter().map(|layer| list(layer)).collect());
    let mut browser = FileBrowser::default();
    browser.list.height = 100;
    browser.set_tree(&tree, &lists);
    arrange(&mut browser);
    browser
}

/// Computes all rows.
pub(crate) fn arrange(browser: &mut FileBrowser) {
    while browser.is_arranging() {
        browser.arrange_next_part();
    }
}
