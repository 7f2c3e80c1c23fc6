//! Hidden bytes and other findings of an image.

use std::collections::BTreeMap;

use proptest::prelude::*;
use regtui::layer::{
    EntryKind, FileList, FileTree, Findings, Hidden, ImageFindings, LayerEntry, LayerFacts, TopFindings,
    Waste,
};

/// An entry without an owner, a date and a digest.
fn entry(path: &str, kind: EntryKind, size: u64) -> LayerEntry<'static> {
    LayerEntry {
        path: path.as_bytes().to_vec().into(),
        kind,
        size,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 1,
        link: b"".into(),
        sha256: None,
        data: None,
    }
}

fn file(path: &str, size: u64) -> LayerEntry<'static> {
    entry(path, EntryKind::File, size)
}

fn removed(path: &str) -> LayerEntry<'static> {
    entry(path, EntryKind::Whiteout, 0)
}

fn link(path: &str, target: &str) -> LayerEntry<'static> {
    LayerEntry { link: target.as_bytes().to_vec().into(), ..entry(path, EntryKind::HardLink, 0) }
}

/// Layers on top of each other.
struct Image {
    tree: FileTree,
    lists: Vec<FileList>,
}

impl Image {
    fn of(layers: &[Vec<LayerEntry<'static>>]) -> Image {
        let mut image = Image { tree: FileTree::default(), lists: Vec::new() };
        for layer in layers {
            let mut list = FileList::default();
            layer.iter().for_each(|entry| list.push(entry).expect("room"));
            image.tree.add_layer(&list).expect("a layer");
            image.lists.push(list);
        }
        image
    }

    fn examine(&self) -> ImageFindings {
        let findings = Findings::default();
        let facts = self.lists.iter().map(|list| LayerFacts {
            list,
            findings: &findings,
            compressed: Some(100),
            uncompressed: Some(1_000),
        });
        ImageFindings::examine(&self.tree, &facts.collect::<Vec<_>>())
    }

    fn waste(&self) -> Waste {
        self.examine().waste
    }
}

/// Path, bytes, files, layer and the hiding layer of a row.
type Row<'a> = (&'a str, u64, u64, u16, Option<(u16, Hidden)>);

fn rows(list: &TopFindings) -> Vec<Row<'_>> {
    let text = |path| std::str::from_utf8(path).expect("text");
    list.rows
        .iter()
        .map(|row| (text(row.path.as_slice()), row.bytes, row.files, row.layer, row.hidden))
        .collect()
}

#[test]
fn a_removed_directory_a_replaced_file_and_a_removed_one_are_counted_exactly_once() {
    let base = vec![
        file("usr/share/doc/a/copyright", 8_000_000),
        file("usr/share/doc/b/c/changelog", 29_594),
        file("usr/bin/app", 150_000_000),
    ];
    let added = vec![file("opt/app/blob.bin", 3_000_000), file("opt/app/data.txt", 360_000)];
    let third = vec![removed("usr/share/doc"), file("opt/app/blob.bin", 3_000_000), file("etc/x", 8)];
    let fourth = vec![removed("opt/app/data.txt"), file("etc/x", 4)];
    let waste = Image::of(&[base, added, third, fourth]).waste();
    assert_eq!(waste.hidden_bytes, 11_389_602);
    assert_eq!((waste.hidden_files, waste.files), (5, 8));
    assert_eq!(
        rows(&waste.paths),
        [
            ("usr/share/doc", 8_029_594, 2, 1, Some((3, Hidden::Whiteout))),
            ("opt/app/blob.bin", 3_000_000, 1, 2, Some((3, Hidden::Replaced))),
            ("opt/app/data.txt", 360_000, 1, 2, Some((4, Hidden::Whiteout))),
            ("etc/x", 8, 1, 3, Some((4, Hidden::Replaced))),
        ]
    );
    let hidden: Vec<u64> = waste.layers.iter().map(|layer| layer.hidden_bytes).collect();
    let hides: Vec<u64> = waste.layers.iter().map(|layer| layer.hides_bytes).collect();
    assert_eq!(hidden, [8_029_594, 3_360_000, 8, 0]);
    assert_eq!(hides, [0, 0, 11_029_594, 360_008]);
    assert_eq!(format!("{:.4}", waste.efficiency()), "0.9307");
    assert_eq!(waste.paths.rows[0].text().as_str(), "removed by layer 3, 2 files");
}

#[test]
fn opaque_and_shadowed_directories_are_one_row_for_each_layer_that_they_are_from() {
    let low = vec![file("d/a", 1), file("d/s/b", 2), file("e/a", 10)];
    let middle = vec![file("d/s/c", 4), file("e/b", 20)];
    let high = vec![entry("d", EntryKind::OpaqueMarker, 0), file("d/new", 8), file("e", 40)];
    let waste = Image::of(&[low, middle, high]).waste();
    assert_eq!(
        rows(&waste.paths),
        [
            ("e", 20, 1, 2, Some((3, Hidden::Shadowed))),
            ("e", 10, 1, 1, Some((3, Hidden::Shadowed))),
            ("d", 4, 1, 2, Some((3, Hidden::Opaque))),
            ("d", 3, 2, 1, Some((3, Hidden::Opaque))),
        ]
    );
    assert_eq!((waste.hidden_bytes, waste.compressed_hidden), (37, Some(1 + 2)));
}

#[test]
fn a_file_that_a_hard_link_still_shows_is_not_hidden() {
    let low = vec![file("a", 5), link("b", "a"), file("gone", 7), link("gone2", "gone")];
    let high = vec![removed("a"), removed("gone"), removed("gone2"), link("dangling", "gone")];
    let waste = Image::of(&[low, high]).waste();
    assert_eq!((waste.hidden_bytes, waste.file_bytes, waste.hidden_files), (7, 12, 1));
}

#[test]
fn a_file_with_hard_links_is_hidden_with_the_last_of_its_names() {
    let low = vec![file("a", 5), link("d/b", "a"), link("d/c", "d/b")];
    let waste = Image::of(&[low, vec![removed("a")], vec![removed("d/c")], vec![removed("d")]]).waste();
    assert_eq!(rows(&waste.paths), [("d", 5, 1, 1, Some((4, Hidden::Whiteout)))]);
    let hides: Vec<u64> = waste.layers.iter().map(|layer| layer.hides_bytes).collect();
    assert_eq!(hides, [0, 0, 0, 5]);
}

#[test]
fn an_image_without_files_wastes_nothing() {
    let waste = Image::of(&[Vec::new()]).waste();
    assert_eq!((waste.hidden_bytes, waste.efficiency(), waste.paths.count), (0, 1.0, 0));
}

#[test]
fn sizes_that_a_table_claims_do_not_overflow() {
    let low = vec![file("a", u64::MAX), file("b", u64::MAX)];
    let waste = Image::of(&[low, vec![removed("a"), removed("b")]]).waste();
    assert_eq!((waste.hidden_bytes, waste.file_bytes), (u64::MAX, u64::MAX));
    assert_eq!(waste.efficiency(), 0.0);
}

#[test]
fn rows_are_bounded_and_sums_are_not() {
    let low: Vec<_> = (1..=5_000).map(|number| file(&format!("f{number}"), number)).collect();
    let high: Vec<_> = (1..=5_000).map(|number| removed(&format!("f{number}"))).collect();
    let paths = Image::of(&[low, high]).waste().paths;
    assert_eq!((paths.rows.len(), paths.count, paths.bytes), (1_000, 5_000, 5_000 * 5_001 / 2));
    assert_eq!((paths.rows[0].bytes, paths.rows[999].bytes), (5_000, 4_001));
}

#[test]
fn secrets_are_found_also_if_a_later_layer_removed_them() {
    let low = vec![file("root/.npmrc", 30), file("root/.ssh/id_rsa", 20), file("root/.ssh/id_rsa.pub", 10)];
    let found = Image::of(&[low, vec![removed("root/.ssh")]]).examine().secrets;
    assert_eq!(
        rows(&found),
        [("root/.npmrc", 30, 1, 1, None), ("root/.ssh/id_rsa", 20, 1, 1, Some((2, Hidden::Whiteout))),]
    );
    assert_eq!(found.rows[1].text().as_str(), "removed by layer 2, and can still be read");
}

#[test]
fn caches_modes_copies_and_equal_contents_are_found() {
    let sum = |entry: LayerEntry<'static>, byte: u8| LayerEntry { sha256: Some([byte; 32]), ..entry };
    let mode = |entry: LayerEntry<'static>, mode: u16| LayerEntry { mode, ..entry };
    let low = vec![
        file("var/lib/apt/lists/a", 1_000),
        file("var/lib/apt/lists/partial/b", 1),
        file("usr/lib/python3/x/__pycache__/m.pyc", 20),
        file("usr/lib/python3/y/__pycache__/n.pyc", 30),
        file("home/me/.cache/z", 3),
        file("home/me/cache/z", 3),
        mode(file("usr/bin/su", 7), 0o4755),
        mode(file("usr/bin/gone", 7), 0o4755),
        mode(entry("tmp", EntryKind::Directory, 0), 0o1777),
        mode(entry("open", EntryKind::Directory, 0), 0o777),
        mode(entry("link", EntryKind::Symlink, 0), 0o777),
        sum(file("app/bin", 50), 1),
        sum(file("app/other", 50), 2),
        sum(file("app/same1", 9), 3),
    ];
    let high = vec![
        removed("usr/bin/gone"),
        LayerEntry { uid: 5, ..mode(sum(file("app/bin", 50), 1), 0o755) },
        mode(sum(file("app/other", 50), 4), 0o755),
        sum(file("app/same2", 9), 3),
        sum(file("app/same3", 9), 3),
    ];
    let found = Image::of(&[low, high]).examine();
    assert_eq!(
        rows(&found.package_caches),
        [
            ("var/lib/apt/lists", 1_001, 2, 1, None),
            ("usr/lib/python3", 50, 2, 1, None),
            ("home/me/.cache", 3, 1, 1, None),
        ]
    );
    assert_eq!(rows(&found.setuid), [("usr/bin/su", 7, 1, 1, None)]);
    assert_eq!(found.setuid.rows[0].text().as_str(), "-rwsr-xr-x");
    assert_eq!(rows(&found.world_writable), [("open", 0, 1, 1, None)]);
    assert_eq!(rows(&found.copies), [("app/bin", 50, 1, 2, None)]);
    assert_eq!(found.copies.rows[0].text().as_str(), "mode 755 instead of 644, owner 5:0 instead of 0:0");
    assert_eq!(rows(&found.duplicates), [("app/same1", 18, 3, 1, None)]);
    assert_eq!(found.duplicates.rows[0].text().as_str(), "3 copies: also app/same2, app/same3");
}

#[test]
fn many_copies_in_a_directory_are_one_finding_of_each_layer() {
    let many = |count: usize, more: u16| {
        let copied = |path: &str, mode| LayerEntry { mode, sha256: Some([1; 32]), ..file(path, 10) };
        let files = (0..count).map(|number| copied(&format!("app/{number}"), 0o644 + more));
        files.chain([copied("etc/one", 0o600 + more)]).collect::<Vec<_>>()
    };
    let found = Image::of(&[many(9, 0), many(9, 0o100), many(8, 0o111)]).examine();
    assert_eq!(found.copies.count, 1 + 8 + 2);
    let group = found.copies.rows.iter().find(|row| row.path == b"app").expect("a directory");
    assert_eq!((group.files, group.bytes, group.layer), (9, 90, 2));
    assert_eq!(group.text().as_str(), "9 files, mode 744 instead of 644");
    assert_eq!(found.copies.bytes, 90 + 80 + 20);
}

#[test]
fn a_part_that_rounds_to_nothing_is_not_called_zero() {
    let waste = |hidden: u64| {
        let layers = [vec![file("a", hidden), file("b", 100_000)], vec![file("a", 1)]];
        Image::of(&layers).examine().waste.hidden_percent()
    };
    assert_eq!([0, 16, 20_000].map(waste), ["0.0 %", "< 0.1 %", "16.7 %"]);
}

#[test]
fn without_digests_equal_size_and_date_tell_a_copy() {
    let newer = LayerEntry { mtime: 2, ..file("b", 5) };
    let found = Image::of(&[vec![file("a", 5), file("b", 5)], vec![file("a", 5), newer]]).examine();
    assert_eq!(rows(&found.copies), [("a", 5, 1, 2, None)]);
    assert_eq!(found.copies.rows[0].text().as_str(), "nothing but the date may differ");
}

/// One entry of a random layer: a path of up to three short names, its kind, its size, and the target of a link.
type RandomEntry = (String, u8, u64, String);

fn a_path() -> impl Strategy<Value = String> {
    prop::collection::vec(0_u8..3, 1..4).prop_map(|names| {
        let names: Vec<String> = names.iter().map(|name| char::from(b'a' + name).to_string()).collect();
        names.join("/")
    })
}

fn an_entry() -> impl Strategy<Value = RandomEntry> {
    (a_path(), 0_u8..8, 0_u64..1_000, a_path())
}

/// A node of the slow and simple model. A file is named by its number; a link knows the file that stood at its target.
#[derive(Clone)]
enum Node {
    Directory,
    File(usize),
    LinkTo(Option<usize>),
}

/// The sizes of all files of all layers, each with the layer that brought it and the one after which no name shows it,
/// and those that are shown.
struct Counted {
    files: Vec<(u64, usize, Option<usize>)>,
    shown: Vec<bool>,
}

fn count_naively(layers: &[Vec<RandomEntry>]) -> Counted {
    let mut tree: BTreeMap<String, Node> = BTreeMap::new();
    let mut files: Vec<(u64, usize, Option<usize>)> = Vec::new();
    for (layer, number) in layers.iter().zip(1..) {
        let is_below = |path: &str, above: &str| path.starts_with(&format!("{above}/"));
        let change = |tree: &mut BTreeMap<String, Node>, path: &str, kind: u8, node: Option<Node>| match (
            kind, node,
        ) {
            (0, _) => tree.retain(|other, _| other != path && !is_below(other, path)),
            (1, _) if matches!(tree.get(path), Some(Node::Directory)) => {
                tree.retain(|other, _| !is_below(other, path));
            }
            (1, _) | (_, None) => {}
            (_, Some(node)) => {
                for (end, _) in path.match_indices('/') {
                    if !matches!(tree.get(&path[..end]), Some(Node::Directory)) {
                        tree.insert(path[..end].to_string(), Node::Directory);
                    }
                }
                if !matches!(node, Node::Directory) {
                    tree.retain(|other, _| !is_below(other, path));
                }
                tree.insert(path.to_string(), node);
            }
        };
        for (path, kind, ..) in layer.iter().filter(|(_, kind, ..)| *kind < 2) {
            change(&mut tree, path, *kind, None);
        }
        for (path, kind, size, target) in layer.iter().filter(|(_, kind, ..)| *kind > 1) {
            let node = match kind {
                2 => Node::Directory,
                3 => Node::LinkTo(match tree.get(target) {
                    Some(Node::File(id)) => Some(*id),
                    Some(Node::LinkTo(id)) => *id,
                    Some(Node::Directory) | None => None,
                }),
                _ => {
                    files.push((*size, number, None));
                    Node::File(files.len() - 1)
                }
            };
            change(&mut tree, path, *kind, Some(node));
        }
        for (id, file) in files.iter_mut().enumerate() {
            let is_shown = tree
                .values()
                .any(|node| matches!(node, Node::File(found) | Node::LinkTo(Some(found)) if *found == id));
            if !is_shown {
                file.2.get_or_insert(number);
            }
        }
    }
    let mut shown = vec![false; files.len()];
    for node in tree.values() {
        match node {
            Node::File(id) | Node::LinkTo(Some(id)) => shown[*id] = true,
            _ => {}
        }
    }
    Counted { files, shown }
}

proptest! {
    #[test]
    fn hidden_bytes_equal_those_of_a_brute_force_count(
        layers in prop::collection::vec(prop::collection::vec(an_entry(), 0..14), 1..7)
    ) {
        let lists: Vec<Vec<LayerEntry<'static>>> = layers.iter().map(|layer| {
            layer.iter().map(|(path, kind, size, target)| match kind {
                0 => removed(path),
                1 => entry(path, EntryKind::OpaqueMarker, 0),
                2 => entry(path, EntryKind::Directory, 0),
                3 => link(path, target),
                _ => file(path, *size),
            }).collect()
        }).collect();
        let waste = Image::of(&lists).waste();
        let counted = count_naively(&layers);
        let of = |filter: &dyn Fn(usize) -> bool| -> u64 {
            (0..counted.files.len()).filter(|id| filter(*id)).map(|id| counted.files[id].0).sum()
        };
        prop_assert_eq!(waste.file_bytes, of(&|_| true));
        prop_assert_eq!(waste.hidden_bytes, of(&|id| !counted.shown[id]));
        prop_assert_eq!(waste.paths.bytes, waste.hidden_bytes);
        prop_assert_eq!(waste.paths.rows.iter().map(|row| row.bytes).sum::<u64>(), waste.hidden_bytes);
        for (sums, layer) in waste.layers.iter().zip(1..) {
            prop_assert_eq!(sums.file_bytes, of(&|id| counted.files[id].1 == layer));
            prop_assert_eq!(sums.hidden_bytes, of(&|id| counted.files[id].1 == layer && !counted.shown[id]));
            prop_assert_eq!(
                sums.hides_bytes,
                of(&|id| counted.files[id].2 == Some(layer) && !counted.shown[id])
            );
        }
    }
}
