//! Layers on top of each other.

use std::collections::BTreeMap;

use proptest::prelude::*;
use regtui::layer::{EntryKind, FileList, FileTree, Hidden, LayerEntry, PathId};

use crate::support::tars::{Tar, list_of};

fn merge(layers: Vec<Tar>) -> FileTree {
    let mut tree = FileTree::default();
    for layer in layers {
        tree.add_layer(&list_of(layer)).expect("a layer");
    }
    tree
}

/// Returns the paths in the image, each with its layer.
fn shown(tree: &FileTree) -> BTreeMap<String, u16> {
    let current = tree.paths().filter_map(|id| tree.current(id).map(|version| (id, version.layer)));
    current.map(|(id, layer)| (String::from_utf8_lossy(&tree.path(id)).into_owned(), layer)).collect()
}

fn assert_shown(tree: &FileTree, expected: &[(&str, u16)]) {
    let expected = expected.iter().map(|(path, layer)| (path.to_string(), *layer)).collect();
    assert_eq!(shown(tree), expected);
}

#[test]
fn a_whiteout_removes_a_whole_directory_of_lower_layers_only() {
    let lower = Tar::default().directory(b"a").file(b"a/x", b"1").file(b"a/y", b"1").file(b"b", b"1");
    // The whiteout stands behind the new file.
    let upper = Tar::default().file(b"a/x", b"22").file(b".wh.a", b"").file(b".wh.none", b"");
    let tree = merge(vec![lower, upper]);
    assert_shown(&tree, &[("a", 2), ("a/x", 2), ("b", 1)]);
    let removed = tree.find(b"a/y").expect("it is known");
    assert_eq!(tree.removed_in(removed), Some(2));
    assert_eq!(
        tree.versions(removed).map(|version| version.hidden).collect::<Vec<_>>(),
        [Some((2, Hidden::Whiteout))]
    );
    assert_eq!(tree.replaces(tree.find(b"a/x").expect("it is known")), [] as [u16; 0]);
}

#[test]
fn an_opaque_marker_behind_the_children_hides_only_lower_layers() {
    let lower = Tar::default().directory(b"d").file(b"d/old", b"1").directory(b"d/s").file(b"d/s/old", b"1");
    let upper = Tar::default().directory(b"d").file(b"d/new", b"1").file(b"d/.wh..wh..opq", b"");
    let tree = merge(vec![lower, upper]);
    assert_shown(&tree, &[("d", 2), ("d/new", 2)]);
    let old = tree.find(b"d/s/old").expect("it is known");
    assert_eq!(tree.versions(old).next().and_then(|version| version.hidden), Some((2, Hidden::Opaque)));
}

/// Returns the path of the entry that a hard link names, with its layer and size.
fn linked(tree: &FileTree, path: &[u8]) -> Option<(String, u16, u64)> {
    let id = tree.find(path).expect("it is known");
    let version = tree.versions(id).next().expect("a version");
    let (id, linked) = tree.linked_version(id, &version)?;
    Some((String::from_utf8_lossy(&tree.path(id)).into_owned(), linked.layer, linked.size))
}

#[test]
fn a_hard_link_names_what_stood_at_its_target_before_it() {
    let link = |tar: Tar, path: &[u8], target: &[u8]| tar.header(b'1', path, target, 0);
    let tar = link(Tar::default().file(b"dup", b"1"), b"first", b"dup").file(b"dup", b"22");
    let tar = link(tar, b"second", b"dup");
    let tar = link(tar, b"early", b"late").file(b"late", b"1");
    let tar = link(tar, b"again", b"first");
    let tree = merge(vec![tar, Tar::default().file(b"dup", b"333")]);
    assert_eq!(linked(&tree, b"first"), Some(("dup".into(), 1, 1)));
    assert_eq!(linked(&tree, b"again"), Some(("dup".into(), 1, 1)));
    assert_eq!(linked(&tree, b"second"), Some(("dup".into(), 1, 2)));
    assert_eq!(linked(&tree, b"early"), None);
}

#[test]
fn a_hard_link_names_no_file_that_a_layer_removed() {
    let low = Tar::default().file(b"gone", b"1").directory(b"d").file(b"d/x", b"1").file(b"kept", b"1");
    let middle = Tar::default().file(b".wh.gone", b"").file(b"d/.wh..wh..opq", b"");
    let high = Tar::default()
        .header(b'1', b"to-gone", b"gone", 0)
        .header(b'1', b"to-x", b"d/x", 0)
        .header(b'1', b"to-kept", b"kept", 0)
        .header(b'1', b"to-directory", b"d", 0)
        .file(b".wh.kept", b"");
    let tree = merge(vec![low, middle, high]);
    for path in [&b"to-gone"[..], b"to-x", b"to-kept", b"to-directory"] {
        assert_eq!(linked(&tree, path), None, "{}", String::from_utf8_lossy(path));
    }
}

#[test]
fn a_hard_link_leads_through_links_to_directories_and_may_be_a_further_name_of_a_link() {
    let tar = Tar::default()
        .directory(b"usr/lib")
        .file(b"usr/lib/a", b"1")
        .header(b'2', b"lib", b"usr/lib", 0)
        .header(b'2', b"lib64", b"/lib", 0)
        .header(b'1', b"through", b"lib/a", 0)
        .header(b'1', b"further", b"lib64/a", 0)
        .header(b'2', b"usr/soft", b"lib/a", 0)
        .header(b'1', b"usr/hard", b"usr/soft", 0)
        .header(b'1', b"hard", b"usr/hard", 0);
    let tree = merge(vec![tar]);
    for path in [&b"through"[..], b"further"] {
        assert_eq!(linked(&tree, path), Some(("usr/lib/a".into(), 1, 1)));
    }
    assert_eq!(linked(&tree, b"hard"), Some(("usr/soft".into(), 1, 0)));
    // It is followed from its own place.
    assert_eq!(tree.resolve(b"usr/hard", true), tree.find(b"usr/lib/a"));
    assert_eq!(tree.resolve(b"usr/hard", false), tree.find(b"usr/hard"));
    assert_eq!(tree.resolve(b"hard", true), tree.find(b"usr/lib/a"));
}

#[test]
fn a_replaced_file_names_its_layers() {
    let file = |content: &[u8]| Tar::default().file(b"opt/blob", content);
    let tree = merge(vec![file(b"1"), file(b"22"), Tar::default().file(b"other", b""), file(b"333")]);
    let blob = tree.find(b"opt/blob").expect("it is known");
    assert_eq!(tree.current(blob).map(|version| (version.layer, version.size)), Some((4, 3)));
    assert_eq!(tree.replaces(blob), [2]);
    let versions: Vec<_> = tree.versions(blob).map(|version| (version.layer, version.hidden)).collect();
    assert_eq!(versions, [(4, None), (2, Some((4, Hidden::Replaced))), (1, Some((2, Hidden::Replaced)))]);
}

#[test]
fn a_file_over_a_directory_removes_it_and_a_directory_over_one_is_merged() {
    let lower = Tar::default().directory(b"a").file(b"a/x", b"1").directory(b"b").file(b"b/x", b"1");
    let tree = merge(vec![lower, Tar::default().file(b"a", b"1").directory(b"b")]);
    assert_shown(&tree, &[("a", 2), ("b", 2), ("b/x", 1)]);
    let below = tree.find(b"a/x").expect("it is known");
    assert_eq!(tree.versions(below).next().and_then(|version| version.hidden), Some((2, Hidden::Shadowed)));
    let tree = merge(vec![Tar::default().file(b"a", b"1"), Tar::default().file(b"a/x", b"1")]);
    assert_shown(&tree, &[("a", 2), ("a/x", 2)]);
}

#[test]
fn the_later_of_two_entries_of_one_path_counts() {
    let tree = merge(vec![Tar::default().file(b"a", b"1").file(b"./a", b"22")]);
    let a = tree.find(b"a").expect("it is known");
    assert_eq!(tree.current(a).map(|version| (version.size, version.entry)), Some((2, Some(1))));
    assert_eq!(tree.versions(a).count(), 2);
}

#[test]
fn entries_below_a_link_to_a_directory_are_put_into_it() {
    let lower = Tar::default()
        .directory(b"usr/bin")
        .header(b'2', b"bin", b"usr/bin", 0)
        .header(b'2', b"loop", b"loop", 0);
    let upper = Tar::default().file(b"bin/sh", b"1").file(b"loop/x", b"1");
    let tree = merge(vec![lower, upper, Tar::default().file(b"bin/.wh.sh", b"")]);
    assert_shown(&tree, &[("bin", 1), ("loop", 2), ("loop/x", 2), ("usr", 1), ("usr/bin", 1)]);
    assert_eq!(tree.removed_in(tree.find(b"usr/bin/sh").expect("it is known")), Some(3));
}

#[test]
fn a_link_that_leads_out_stays_inside() {
    let lower = Tar::default().header(b'2', b"a", b"../../../etc", 0).directory(b"etc");
    let tree = merge(vec![lower, Tar::default().file(b"a/passwd", b"1")]);
    assert_shown(&tree, &[("a", 1), ("etc", 1), ("etc/passwd", 2)]);
}

#[test]
fn replacing_the_same_directory_for_ever_is_refused() {
    let mut layer = FileList::default();
    let entry = |path: String, kind| LayerEntry {
        path: path.into_bytes().into(),
        kind,
        size: 0,
        mode: 0,
        uid: 0,
        gid: 0,
        mtime: 0,
        link: b"".into(),
        sha256: None,
        data: None,
    };
    for number in 0..20_000 {
        layer.push(&entry(format!("d/{number}"), EntryKind::File)).expect("room");
    }
    for _ in 0..20_000 {
        layer.push(&entry("d".to_string(), EntryKind::File)).expect("room");
        layer.push(&entry("d/x".to_string(), EntryKind::File)).expect("room");
    }
    assert!(FileTree::default().add_layer(&layer).is_err());
}

#[test]
fn a_hundred_thousand_files_take_at_most_120_bytes_each() {
    let mut list = FileList::default();
    for number in 0..100_000 {
        let path = format!("usr/share/doc/package-{}/file-{number}.txt", number / 20);
        let entry = LayerEntry {
            path: path.into_bytes().into(),
            kind: EntryKind::File,
            size: 1,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 1,
            link: b"".into(),
            sha256: None,
            data: None,
        };
        list.push(&entry).expect("room");
    }
    list.shrink();
    let mut tree = FileTree::default();
    tree.add_layer(&list).expect("a layer");
    tree.shrink();
    println!("list {} bytes, tree {} bytes a file", list.memory() / 100_000, tree.memory() / 100_000);
    assert!(list.memory() <= 120 * 100_000, "{}", list.memory());
    assert!(tree.memory() <= 120 * 100_000, "{}", tree.memory());
}

/// One entry of a random layer: a path of up to three short names, and its kind.
fn an_entry() -> impl Strategy<Value = (String, u8)> {
    (prop::collection::vec(0_u8..3, 1..4), 0_u8..6).prop_map(|(names, kind)| {
        let names: Vec<String> = names.iter().map(|name| char::from(b'a' + name).to_string()).collect();
        (names.join("/"), kind)
    })
}

/// A tree as slow and simple as possible: path to layer, and whether it is a directory.
fn merge_naively(layers: &[Vec<(String, u8)>]) -> BTreeMap<String, u16> {
    let mut tree: BTreeMap<String, (u16, bool)> = BTreeMap::new();
    for (layer, number) in layers.iter().zip(1..) {
        let is_below = |path: &str, above: &str| path.starts_with(&format!("{above}/"));
        for (path, kind) in layer {
            match kind {
                0 => tree.retain(|other, _| other != path && !is_below(other, path)),
                1 if tree.get(path).is_some_and(|(_, is_directory)| *is_directory) => {
                    tree.retain(|other, _| !is_below(other, path));
                }
                _ => {}
            }
        }
        for (path, kind) in layer.iter().filter(|(_, kind)| *kind > 1) {
            for (end, _) in path.match_indices('/') {
                let above = &path[..end];
                if !tree.get(above).is_some_and(|(_, is_directory)| *is_directory) {
                    tree.insert(above.to_string(), (number, true));
                }
            }
            let is_directory = *kind == 2;
            if !is_directory {
                tree.retain(|other, _| !is_below(other, path));
            }
            tree.insert(path.clone(), (number, is_directory));
        }
    }
    tree.into_iter().map(|(path, (layer, _))| (path, layer)).collect()
}

proptest! {
    #[test]
    fn a_tree_equals_that_of_a_simple_model(
        layers in prop::collection::vec(prop::collection::vec(an_entry(), 0..12), 1..6)
    ) {
        let tars = layers.iter().map(|layer| {
            layer.iter().fold(Tar::default(), |tar, (path, kind)| match kind {
                0 => {
                    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
                    tar.file(format!("{parent}/.wh.{name}").trim_start_matches('/').as_bytes(), b"")
                }
                1 => tar.file(format!("{path}/.wh..wh..opq").as_bytes(), b""),
                2 => tar.directory(path.as_bytes()),
                _ => tar.file(path.as_bytes(), b"1"),
            })
        });
        let tree = merge(tars.collect());
        prop_assert_eq!(shown(&tree), merge_naively(&layers));
        // Every path is reached from the root, and nothing in the image is below something that is not.
        for id in tree.paths() {
            let parent = tree.parent(id).expect("only the root has none");
            prop_assert!(tree.children(parent).any(|child| child == id));
            let is_inside = parent == PathId::ROOT || tree.current(parent).is_some();
            prop_assert!(tree.current(id).is_none() || is_inside);
        }
    }
}
