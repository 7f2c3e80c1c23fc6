//! Links of an extraction that stay inside of it.
//!
//! A target is followed as the system follows it. `..` leads up only from directories that are extracted, and never from
//! the destination itself. Names behind which no `..` stands may be anything: another link is checked by itself. A name
//! that is no directory of the image may be one on the disk, or a link, by another spelling or later; `..` behind it is
//! refused.

use crate::layer::{EntryKind, FileTree, PathId};

/// Returns whether the target of a link stays below `from`, which is a directory above the link.
pub(super) fn is_inside(tree: &FileTree, from: PathId, link: PathId, target: &[u8]) -> bool {
    if target.is_empty() || target.starts_with(b"/") {
        return false;
    }
    let mut directory = tree.parent(link);
    for name in target.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b".")) {
        if name == b".." {
            match directory.filter(|at| *at != from) {
                Some(at) => directory = tree.parent(at),
                None => return false,
            }
        } else {
            let child = directory.and_then(|at| tree.child(at, name));
            directory = child
                .filter(|id| tree.current(*id).is_some_and(|version| version.kind == EntryKind::Directory));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{FileList, LayerEntry};

    fn tree() -> FileTree {
        let mut list = FileList::default();
        let entries = [
            ("d", EntryKind::Directory),
            ("d/a", EntryKind::Directory),
            ("d/a/b", EntryKind::Directory),
            ("d/a/b/link", EntryKind::Symlink),
            ("d/up", EntryKind::Symlink),
            ("d/file", EntryKind::File),
        ];
        for (path, kind) in entries {
            let entry = LayerEntry {
                path: path.as_bytes().into(),
                kind,
                size: 0,
                mode: 0o755,
                uid: 0,
                gid: 0,
                mtime: 0,
                link: b""[..].into(),
                sha256: None,
                data: None,
            };
            list.push(&entry).expect("it is small");
        }
        let mut tree = FileTree::default();
        tree.add_layer(&list).expect("it is small");
        tree
    }

    #[test]
    fn only_links_that_stay_inside_whatever_they_pass_are_made() {
        let tree = tree();
        let id = |path: &str| tree.find(path.as_bytes()).expect("a path");
        for (link, target, stays) in [
            ("d/up", "file", true),
            ("d/up", "nothing/below", true),
            ("d/up", "../file", false),
            ("d/up", "a/../..", false),
            ("d/up", "./a/b/../b", true),
            ("d/up", "a/b/../..", true),
            ("d/up", "a/b/../../../d/file", false),
            ("d/up", "a//b/./../../file", true),
            ("d/a/b/link", "../../file", true),
            ("d/a/b/link", "../../../file", false),
            ("d/a/b/link", "../..", true),
            // Neither a file, nor a link, nor nothing has a directory above it for certain.
            ("d/a/b/link", "../../file/../a", false),
            ("d/a/b/link", "../../up/../a", false),
            ("d/a/b/link", "../../nothing/../a", false),
            ("d/a/b/link", "../../up/a", true),
            ("d/a/b/link", "/etc/passwd", false),
            ("d/a/b/link", "//x", false),
            ("d/a/b/link", "", false),
        ] {
            assert_eq!(is_inside(&tree, id("d"), id(link), target.as_bytes()), stays, "{link} {target}");
        }
    }
}
