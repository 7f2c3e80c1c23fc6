//! The files in which two images differ, with and without the layers that both share.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use regtui::layer::diff::{ContentPlace, DiffOperand, DiffedFile, FileChange, FileDiff, FileState};
use regtui::layer::{Compression, EntryKind, FileList, LayerFiles, LayerFormat, LayerStream, StreamLimits};

use crate::support::tars::Tar;

fn files(list: FileList) -> Arc<LayerFiles> {
    Arc::new(LayerFiles::new(LayerFormat::Tar(Compression::None), list))
}

/// The files of a layer with the digests of their contents.
fn layer(tar: Tar) -> Arc<LayerFiles> {
    let bytes = tar.end();
    let mut stream = LayerStream::new(bytes.as_slice(), StreamLimits::default()).expect("a layer");
    let mut list = FileList::default();
    while let Some(mut entry) = stream.next_entry().expect("an entry") {
        entry.sha256 = stream.finish_content().expect("a content");
        list.push(&entry).expect("an entry");
    }
    files(list)
}

/// The same files without the digests of their contents.
fn without_digests(layer: &LayerFiles) -> Arc<LayerFiles> {
    let mut list = FileList::default();
    for entry in layer.list.iter() {
        list.push(&regtui::layer::LayerEntry { sha256: None, ..entry }).expect("an entry");
    }
    files(list)
}

type Layers = Vec<Arc<LayerFiles>>;
type Texts = &'static [&'static str];

fn diff(left: &Layers, right: &Layers, unread: usize) -> FileDiff {
    FileDiff::of(left.clone(), right.clone(), unread).expect("a comparison")
}

/// `+`, `-`, `~`, `?`, `+~` and `-~` with the path and the aspects.
fn rows(diff: &FileDiff) -> Vec<String> {
    let row = |file: DiffedFile| {
        let sign = match file.change {
            FileChange::Added => "+",
            FileChange::Removed => "-",
            FileChange::Changed => "~",
            FileChange::Unknown => "?",
            FileChange::AddedOrChanged => "+~",
            FileChange::RemovedOrChanged => "-~",
        };
        let aspects: Vec<&str> = file.aspects.names().collect();
        format!("{sign} {} {}", String::from_utf8_lossy(&file.path), aspects.join(",")).trim_end().to_string()
    };
    diff.iter().map(row).collect()
}

fn facts(state: &FileState) -> (u64, usize) {
    let FileState::Present(facts) = state else { panic!("{state:?}") };
    (facts.size, facts.layer)
}

#[test]
fn each_aspect_of_a_file_is_told_apart() {
    let left = Tar::default()
        .directory(b"d")
        .file(b"d/content", b"1")
        .file(b"d/gone", b"1")
        .file(b"d/kind", b"1")
        .file(b"d/same", b"1")
        .file(b"d/size", b"1")
        .header(b'2', b"link", b"a", 0);
    let right = Tar::default()
        .directory(b"d")
        .file(b"d/content", b"2")
        .directory(b"d/kind")
        .file(b"d/kind/below", b"1")
        .file(b"d/new", b"1")
        .file(b"d/same", b"1")
        .file(b"d/size", b"11")
        .header(b'2', b"link", b"b", 0);
    let diff = diff(&vec![layer(left)], &vec![layer(right)], 0);
    assert_eq!(
        rows(&diff),
        [
            "~ d/content content",
            "- d/gone",
            "~ d/kind type",
            "+ d/kind/below",
            "+ d/new",
            "~ d/size size,content",
            "~ link link"
        ]
    );
    assert_eq!((diff.same(), diff.is_uncertain()), (2, false));
}

#[test]
fn equal_sizes_without_digests_are_unknown_and_empty_files_are_the_same() {
    let one = without_digests(&layer(Tar::default().file(b"a", b"1").file(b"b", b"1").file(b"c", b"")));
    let other = without_digests(&layer(Tar::default().file(b"a", b"2").file(b"b", b"22").file(b"c", b"")));
    assert_eq!(rows(&diff(&vec![one.clone()], &vec![other], 0)), ["? a", "~ b size"]);
    assert_eq!(rows(&diff(&vec![one.clone()], &vec![one], 0)), [""; 0]);
}

#[test]
fn a_hard_link_is_the_file_that_it_names() {
    let plain = layer(Tar::default().file(b"a", b"1").file(b"b", b"1"));
    let linked = layer(Tar::default().file(b"a", b"1").header(b'1', b"b", b"a", 0));
    assert_eq!(rows(&diff(&vec![plain.clone()], &vec![linked.clone()], 0)), [""; 0]);
    let replaced = layer(Tar::default().file(b"a", b"2"));
    let diff = diff(&vec![linked.clone(), replaced.clone()], &vec![plain, replaced], 0);
    assert_eq!(rows(&diff), [""; 0], "the link still names the older content");
}

#[test]
fn without_the_shared_layers_the_rest_says_as_much_as_it_can() {
    let left = layer(Tar::default().file(b"app/bin", b"1").file(b"etc/only-left", b"1"));
    let right = layer(
        Tar::default()
            .directory(b"app")
            .file(b"app/bin", b"2")
            .directory(b"empty")
            .file(b"opt/tool/run", b"12345")
            .file(b"usr/share/.wh.doc", b""),
    );
    let diff = diff(&vec![left], &vec![right], 3);
    assert_eq!(
        rows(&diff),
        ["~ app/bin content", "+~ empty", "-~ etc/only-left", "+~ opt/tool/run", "- usr/share/doc"]
    );
    assert!(diff.is_uncertain());
    let tool = diff.get(3).expect("a row");
    assert_eq!((tool.left, facts(&tool.right)), (FileState::Unread, (5, 4)));
    let doc = diff.get(4).expect("a row");
    assert_eq!((doc.left, doc.right), (FileState::Unread, FileState::Absent));
}

#[test]
fn layers_that_touch_the_same_paths_need_no_shared_layer() {
    let version = |content: &[u8]| vec![layer(Tar::default().directory(b"app").file(b"app/bin", content))];
    let diff = diff(&version(b"1"), &version(b"2"), 5);
    assert_eq!((rows(&diff), diff.is_uncertain()), (vec!["~ app/bin content".to_string()], false));
}

#[test]
fn files_that_one_image_adds_and_removes_again_are_one_row() {
    let build = layer(Tar::default().file(b"tmp/build/a", b"1").file(b"tmp/build/b", b"1"));
    let clean = layer(Tar::default().file(b"tmp/.wh.build", b""));
    let diff = diff(&vec![build, clean], &Vec::new(), 1);
    assert_eq!(rows(&diff), ["? tmp/build"]);
}

#[test]
fn an_opaque_marker_of_one_image_is_named() {
    let opaque = layer(Tar::default().directory(b"d").file(b"d/new", b"1").file(b"d/.wh..wh..opq", b""));
    let diff = diff(&vec![opaque.clone()], &Vec::new(), 1);
    assert_eq!(diff.hidden_directories(), [b"d".to_vec()]);
    assert!(diff.is_uncertain());
    assert!(super::diff::diff(&vec![opaque.clone()], &vec![opaque], 1).hidden_directories().is_empty());
}

/// The layers of one image, each as the entries in its tar: `d/` a directory, `f` a file, `l@` a symbolic link, `p|` a
/// pipe, `-f` a whiteout, `*d` an opaque marker.
fn layers<T: AsRef<str>>(texts: &[T]) -> Layers {
    let entry = |tar: Tar, text: &str| {
        let whiteout = |path: &str, name: &str| match path.rsplit_once('/') {
            Some((parent, last)) => format!("{parent}/{}", name.replace('?', last)),
            None => name.replace('?', path),
        };
        if let Some(path) = text.strip_prefix('-') {
            return tar.file(whiteout(path, ".wh.?").as_bytes(), b"");
        }
        if let Some(path) = text.strip_prefix('*') {
            return tar.file(format!("{path}/.wh..wh..opq").trim_start_matches('/').as_bytes(), b"");
        }
        let path = text.trim_end_matches(['/', '@', '|']).as_bytes();
        match text.as_bytes().last() {
            Some(b'/') => tar.directory(path),
            Some(b'@') => tar.header(b'2', path, b"f", 0),
            Some(b'|') => tar.header(b'6', path, b"", 0),
            _ => tar.file(path, b"1"),
        }
    };
    texts.iter().map(|text| layer(text.as_ref().split_whitespace().fold(Tar::default(), entry))).collect()
}

#[test]
fn a_directory_whose_shared_content_only_one_image_shows_is_named() {
    let table: [(Texts, Texts, Texts, Texts); 18] = [
        // The left and the right image above a shared layer, the rows, and the directories.
        (&["a/"], &["a a/"], &["? a content below"], &["a"]),
        (&["a/"], &["a", "a/"], &["? a content below"], &["a"]),
        (&["a/"], &["a@", "a/"], &["? a content below"], &["a"]),
        (&["a/"], &["-a", "a/"], &["? a content below"], &["a"]),
        (&["a/"], &["-a a/"], &["? a content below"], &["a"]),
        (&["a/"], &["*a"], &["-~ a content below"], &["a"]),
        (&["a/"], &["a/ *a"], &["? a content below"], &["a"]),
        (&[], &["*a"], &["? a content below"], &["a"]),
        (&["a", "a/"], &[], &["-~ a content below"], &["a"]),
        (&["a/"], &["a", "a/b"], &["? a content below", "+~ a/b"], &["a"]),
        (&["x"], &["*"], &["?  content below", "- x"], &[""]),
        // What is above is named alone, and a directory that both empty is not named.
        (&["a/b/"], &["a", "a/b/", "*a/b"], &["+~ a content below"], &["a"]),
        (&["a", "a/"], &["-a a/"], &[], &[]),
        (&["a", "a/b/"], &["*a a/ a/b/", "*a/b"], &[], &[]),
        (&["a/b/"], &["a/b", "a/b/"], &["? a/b content below"], &["a/b"]),
        // The row of the path says it.
        (&["a/"], &["a/", "a"], &["~ a type"], &[]),
        (&["a/"], &["-a"], &["- a"], &[]),
        (&["a/"], &["a/", "a", "-a"], &["- a"], &[]),
    ];
    for (left, right, expected, directories) in table {
        let diff = diff(&layers(left), &layers(right), 1);
        let name = format!("{left:?} and {right:?}");
        let hidden: Vec<_> =
            diff.hidden_directories().iter().map(|path| String::from_utf8_lossy(path)).collect();
        assert_eq!(
            (rows(&diff), hidden),
            (
                expected.iter().map(ToString::to_string).collect(),
                directories.iter().map(|path| (*path).into()).collect()
            ),
            "{name}"
        );
        assert!(diff.is_uncertain() || directories.is_empty(), "{name}");
    }
}

#[test]
fn a_layer_that_could_not_be_read_may_have_what_is_missing_on_its_side() {
    // `?` is a layer that could not be read. The left and the right image above so many shared layers, and the rows.
    let table: [(Texts, Texts, usize, Texts); 13] = [
        (&["?", "a"], &["a", "d/ d/b"], 0, &["+~ d/b"]),
        (&["a", "d/ d/b"], &["a", "?"], 0, &["-~ d/b"]),
        (&["?", "-d/b"], &["d/ d/b"], 0, &["+~ d/b"]),
        (&["d/b", "?", "-d/b"], &["d/ d/b"], 0, &["+ d/b"]),
        (&["?", "a"], &["a|"], 0, &["~ a type"]),
        (&["?", "d"], &["d/ d/b"], 0, &["~ d type", "+ d/b"]),
        (&["d", "?"], &["d/ d/b"], 0, &["~ d type", "+~ d/b"]),
        (&["?", "?"], &["a", "?"], 0, &["+~ a"]),
        (&["a", "-a", "?"], &["?"], 0, &[]),
        (&["?"], &["a"], 1, &["+~ a"]),
        // The whiteout may be for the layer that could not be read.
        (&["?", "-a"], &[], 1, &["? a"]),
        (&["-a", "?"], &[], 1, &["? a"]),
        (&["-a"], &["?"], 1, &["? a"]),
    ];
    for (left, right, unread, expected) in table {
        let side = |texts: Texts| {
            let layer = |text: &&str| (*text != "?").then(|| layers(&[text])[0].clone());
            texts.iter().map(layer).collect::<Vec<_>>()
        };
        let diff = FileDiff::of_readable(side(left), side(right), unread).expect("a comparison");
        let name = format!("{left:?} and {right:?}");
        assert_eq!(rows(&diff), expected, "{name}");
        for file in diff.iter() {
            for (operand, state) in [(DiffOperand::Left, &file.left), (DiffOperand::Right, &file.right)] {
                let is_unread = diff.locate(operand, &file.path) == ContentPlace::Unread;
                assert!(is_unread || *state != FileState::Unread, "{name}: {file:?}");
            }
        }
    }
}

#[test]
fn a_file_above_the_layers_that_could_not_be_read_is_sure() {
    let side = |text: &str| layers(&[text])[0].clone();
    let layers = vec![Some(side("a b c")), None, Some(side("b -c"))];
    let diff = FileDiff::of_readable(layers, vec![Some(side("a"))], 0).expect("a comparison");
    let is_sure = |path: &str| diff.is_sure_of(DiffOperand::Left, path.as_bytes());
    assert_eq!(["a", "b", "c", "none"].map(is_sure), [false, true, true, false]);
    assert!(diff.is_sure_of(DiffOperand::Right, b"a") && diff.is_sure_of(DiffOperand::Right, b"none"));
    assert_eq!(diff.layer(DiffOperand::Left, 1).map(|(number, _)| number), None);
    assert_eq!(diff.layer(DiffOperand::Left, 2).map(|(number, _)| number), Some(3));
}

#[test]
fn a_shared_layer_above_a_difference_hides_it() {
    let app = layer(Tar::default().file(b"a", b"same"));
    let (one, other) = (layer(Tar::default().file(b"a", b"1")), layer(Tar::default().file(b"a", b"2")));
    assert_eq!(rows(&diff(&vec![one, app.clone()], &vec![other, app], 4)), [""; 0]);
}

/// A layer of a few paths that meet in every way: directories, files and removals of `a`, `a/b`, `a/b/c` and others.
fn any_layer() -> impl Strategy<Value = Arc<LayerFiles>> {
    let path = prop::sample::select(vec!["a", "a/b", "a/b/c", "d", "d/e", "f"]);
    prop::collection::vec((path, 0..6_u8), 0..5).prop_map(|entries| {
        let mut seen = std::collections::HashSet::new();
        let mut tar = Tar::default();
        for (path, kind) in entries {
            // A file and something below it in one layer are no layer of a builder.
            let collides = |other: &&str| {
                path.starts_with(&format!("{other}/"))
                    || other.starts_with(&format!("{path}/"))
                    || path == *other
            };
            if seen.iter().any(collides) {
                continue;
            }
            seen.insert(path);
            let (parent, name) = path.rsplit_once('/').map_or(("", path), |(parent, name)| (parent, name));
            tar = match kind {
                0 => tar.directory(path.as_bytes()),
                1 => tar.file(path.as_bytes(), b"1"),
                2 => tar.file(path.as_bytes(), b"2"),
                3 => tar.file(path.as_bytes(), b"333"),
                4 => tar.file(format!("{parent}/.wh.{name}").trim_start_matches('/').as_bytes(), b""),
                _ => tar.header(b'2', path.as_bytes(), b"f", 0),
            };
        }
        layer(tar)
    })
}

/// The text of a layer as builders make them, with everything that empties directories: things of other kinds in their
/// place, and removals beside new content, which they come before.
fn any_emptying_layer() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec!["a", "a/b", "a/b/c", "d", "d/e", "f"]);
    prop::collection::vec((path, 0..6_u8), 0..5).prop_map(|entries| {
        let (mut texts, mut added): (Vec<String>, Vec<&str>) = Default::default();
        for (path, kind) in entries {
            let collides = |other: &&str| {
                path.starts_with(&format!("{other}/"))
                    || other.starts_with(&format!("{path}/"))
                    || path == *other
            };
            if kind < 4 && added.iter().any(collides) {
                continue;
            }
            if kind < 4 {
                added.push(path);
            }
            texts.push(match kind {
                0 | 1 => format!("{path}/"),
                2 => path.to_string(),
                3 => format!("{path}|"),
                4 => format!("-{path}"),
                _ => format!("*{}", path.rsplit_once('/').map_or("", |(parent, _)| parent)),
            });
        }
        texts.join(" ")
    })
}

fn by_path(diff: &FileDiff) -> BTreeMap<Vec<u8>, DiffedFile> {
    diff.iter().map(|file| (file.path.clone(), file)).collect()
}

/// Whether a row tells that paths below its own may differ.
fn stands_for_all_below(file: &DiffedFile) -> bool {
    let is_directory =
        |state: &FileState| matches!(state, FileState::Present(facts) if facts.kind == EntryKind::Directory);
    match file.change {
        FileChange::AddedOrChanged | FileChange::RemovedOrChanged => {
            file.aspects.names().any(|name| name == "content below")
                || !(is_directory(&file.left) || is_directory(&file.right))
        }
        _ => true,
    }
}

/// Compares the diff without the shared layers with that of all layers: rows that are certain are true, and no difference
/// is missing.
fn assert_is_true(shared: &Layers, left: &Layers, right: &Layers) -> Result<(), TestCaseError> {
    let whole = |rest: &Layers| shared.iter().chain(rest).cloned().collect::<Layers>();
    let exact = by_path(&diff(&whole(left), &whole(right), 0));
    let partial = by_path(&diff(left, right, shared.len()));
    for (path, file) in &partial {
        let truth = exact.get(path).map(|file| file.change);
        let fits = match file.change {
            FileChange::Changed => truth == Some(FileChange::Changed),
            FileChange::Unknown => true,
            // A whiteout may name nothing.
            FileChange::Added | FileChange::Removed
                if file.left == FileState::Unread || file.right == FileState::Unread =>
            {
                true
            }
            FileChange::Added | FileChange::Removed => truth == Some(file.change),
            FileChange::AddedOrChanged => truth != Some(FileChange::Removed),
            FileChange::RemovedOrChanged => truth != Some(FileChange::Added),
        };
        prop_assert!(fits, "{file:?} {truth:?}");
    }
    for (path, file) in &exact {
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
        let is_covered = partial.contains_key(path)
            || std::iter::once(0)
                .chain(ends)
                .any(|end| partial.get(&path[..end]).is_some_and(stands_for_all_below));
        let is_parent = partial
            .keys()
            .any(|other| other.strip_prefix(path.as_slice()).is_some_and(|rest| rest.starts_with(b"/")));
        // A whiteout may name nothing, and so may an opaque marker. The directories above it, and that of the marker, are
        // taken to exist, as for every other one.
        let is_claimed = [(&file.left, left), (&file.right, right)].into_iter().any(|(state, layers)| {
            let is_directory =
                matches!(state, FileState::Present(facts) if facts.kind == EntryKind::Directory);
            let mut entries = layers.iter().flat_map(|layer| layer.list.iter());
            !is_directory
                && entries.any(|entry| {
                    let below = entry.path.strip_prefix(path.as_slice());
                    match entry.kind {
                        EntryKind::Whiteout => below.is_some_and(|rest| rest.starts_with(b"/")),
                        EntryKind::OpaqueMarker => {
                            below.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
                        }
                        _ => false,
                    }
                })
        });
        prop_assert!(is_covered || is_parent || is_claimed, "{file:?} is missing");
    }
    Ok(())
}

proptest! {
    /// No links here: they lead into layers that were not read.
    #[test]
    fn certain_rows_are_true_and_no_difference_is_missing(
        shared in prop::collection::vec(any_layer(), 1..3),
        left in prop::collection::vec(any_layer(), 0..3),
        right in prop::collection::vec(any_layer(), 0..3),
    ) {
        let has_link = |layers: &[Arc<LayerFiles>]| {
            layers.iter().any(|layer| layer.list.iter().any(|entry| entry.kind == EntryKind::Symlink))
        };
        prop_assume!(!has_link(&shared) && !has_link(&left) && !has_link(&right));
        assert_is_true(&shared, &left, &right)?;
    }

    #[test]
    fn no_difference_is_missing_however_a_directory_was_emptied(
        shared in prop::collection::vec(any_emptying_layer(), 1..3),
        left in prop::collection::vec(any_emptying_layer(), 0..4),
        right in prop::collection::vec(any_emptying_layer(), 0..4),
    ) {
        assert_is_true(&layers(&shared), &layers(&left), &layers(&right))?;
    }
}
