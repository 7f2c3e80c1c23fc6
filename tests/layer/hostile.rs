//! Layers that lie, break off or cost too much.

use std::io::{self, Read};

use regtui::layer::{
    Compression, EntryKind, FileList, FileTree, LayerEntry, LayerError, LayerStream, Problem, StreamLimits,
    TreeError,
};

use crate::support::tars::{Tar, gzip, read_layer, skippable, zstd};

fn read(bytes: &[u8]) -> Result<(Vec<String>, Vec<Problem>), LayerError> {
    read_layer(bytes, StreamLimits::default()).map(|layer| {
        let problems = layer.findings.kept().iter().map(|finding| finding.problem).collect();
        (layer.paths(), problems)
    })
}

#[test]
fn entries_that_lead_out_of_the_image_are_left_out() {
    let long = b"a/".repeat(2_049);
    let tar = Tar::default()
        .file(b"../escape", b"1")
        .file(b"a/../../escape", b"1")
        .file(b"/absolute", b"1")
        .pax(&[("path", b"nul\0byte")])
        .file(b"x", b"1")
        .pax(&[("path", &long)])
        .file(b"x", b"1")
        .header(b'1', b"hard", b"../../etc/shadow", 0)
        .header(b'2', b"soft", b"../../etc/shadow", 0)
        .file(b"a/.wh.", b"")
        .file(b".wh..wh.plnk", b"")
        .header(b'Z', b"odd", b"", 3)
        .content(b"abc")
        .header(b'0', b"", b"", 0)
        .file(b"good", b"1");
    let (paths, problems) = read(&tar.end()).expect("a layer");
    assert_eq!(paths, ["absolute", "soft", "good"]);
    use Problem::{Absolute, BareWhiteout, EmptyPath, LongPath, Nul, ParentComponent, UnknownKind};
    assert_eq!(
        problems,
        [
            ParentComponent,
            ParentComponent,
            Absolute,
            Nul,
            LongPath,
            ParentComponent,
            BareWhiteout,
            UnknownKind,
            EmptyPath
        ]
    );
}

#[test]
fn a_path_of_4096_bytes_is_shown() {
    let path = [&b"a/".repeat(2_047)[..], b"ab"].concat();
    let tar = Tar::default().pax(&[("path", &path)]).file(b"x", b"1");
    assert_eq!(read(&tar.end()).expect("a layer").0, [String::from_utf8_lossy(&path)]);
}

#[test]
fn bytes_after_the_end_are_findings_and_count_for_the_digest() {
    let tar = Tar::default().file(b"a", b"1").end();
    let zip = gzip(&tar);
    for (name, bytes, problems) in [
        ("zeros", [&zip[..], &[0; 100]].concat(), vec![Problem::Padding]),
        ("garbage", [&zip[..], b"garbage"].concat(), vec![Problem::TrailingGarbage]),
        ("one byte", [&zip[..], b"\x1f"].concat(), vec![Problem::TrailingGarbage]),
        ("zstd garbage", [&zstd(&tar)[..], b"garbage"].concat(), vec![Problem::TrailingGarbage]),
        ("tar after tar", [&tar[..], &tar[..]].concat(), vec![Problem::DataAfterEnd]),
        ("zeros after tar", [&tar[..], &[0; 9_000]].concat(), vec![]),
        ("no end", tar[..1_024].to_vec(), vec![]),
        ("half an end", tar[..1_536].to_vec(), vec![]),
    ] {
        let layer = read_layer(&bytes, StreamLimits::default()).expect(name);
        assert_eq!(layer.paths(), ["a"], "{name}");
        let found: Vec<_> = layer.findings.kept().iter().map(|finding| finding.problem).collect();
        assert_eq!(found, problems, "{name}");
        assert_eq!(layer.sums.compressed, bytes.len() as u64, "{name}");
    }
}

#[test]
fn every_layer_that_breaks_off_is_truncated_or_whole() {
    let tar = Tar::default().pax(&[("path", b"p")]).file(b"a", &[7; 600]).file(b"b", b"2").end();
    for (name, bytes) in [
        ("plain", tar.clone()),
        ("gzip", [gzip(&tar[..1_000]), gzip(&tar[1_000..])].concat()),
        ("zstd", [zstd(&tar[..1_000]), skippable(b"skip"), zstd(&tar[1_000..])].concat()),
    ] {
        for end in 0..bytes.len() {
            match read(&bytes[..end]) {
                Err(LayerError::Truncated(_)) => {}
                // Fewer bytes than a header are no tar, and one byte of a magic number is none.
                Err(LayerError::NotATar) if end < 512 => {}
                // A second member that has not begun is missing from the tar.
                Ok((paths, problems)) => {
                    let is_whole = name == "plain" && paths.len() < 3;
                    let is_garbage = problems == [Problem::TrailingGarbage] || paths.len() == 2;
                    assert!(is_whole || is_garbage, "{name} {end}: {paths:?} {problems:?}");
                }
                Err(error) => panic!("{name} {end}: {error}"),
            }
        }
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let tar = Tar::default().pax(&[("path", b"p")]).file(b"a", &[7; 600]).directory(b"d").end();
    for bytes in [tar.clone(), gzip(&tar), zstd(&tar)] {
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                // An answer of any kind.
                let _: Result<_, LayerError> = read(&damaged);
            }
        }
    }
}

/// A stream of a beginning and then the same byte, `count` times.
struct Endless<'a> {
    start: &'a [u8],
    byte: u8,
    count: u64,
}

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.start.is_empty() {
            return self.start.read(into);
        }
        let read = into.len().min(usize::try_from(self.count).unwrap_or(usize::MAX));
        into[..read].fill(self.byte);
        self.count -= read as u64;
        Ok(read)
    }
}

#[test]
fn a_bomb_is_refused_before_it_costs_much() {
    let header = Tar::default().header(b'0', b"zeros", b"", 0o77_777_777_777).0;
    // 16 MiB of zeros in each member, so that the compressed bytes are made once.
    let (first, zeros) = (gzip(&header), gzip(&vec![0; 16 << 20]));
    // 10 GiB.
    let bytes = io::Cursor::new([first, zeros.repeat(640)].concat());
    let mut stream = LayerStream::new(bytes, StreamLimits::default()).expect("a layer");
    assert_eq!(stream.compression(), Compression::Gzip);
    assert!(stream.next_entry().expect("the first").is_some());
    let error = stream.next_entry().expect_err("a bomb");
    let LayerError::Bomb { compressed, uncompressed } = error else { panic!("{error}") };
    assert!(compressed < 1 << 20 && uncompressed < 256 << 20, "{compressed} {uncompressed}");
}

#[test]
fn headers_that_are_too_long_are_refused_before_they_are_read() {
    for kind in [b'x', b'L', b'K'] {
        let start = Tar::default().header(kind, b"long", b"", 4 << 30).0;
        let source = Endless { start: &start, byte: b'a', count: 4 << 30 };
        let error = read_all(source, StreamLimits::default());
        assert_eq!(error, Err(LayerError::LongHeader { size: (4 << 30) + 512, limit: 1 << 20 }));
    }
    // Many short ones for one entry are as long together.
    let many = (0..3_000).fold(Tar::default(), |tar, _| tar.pax(&[("comment", b"x")]));
    let error = read_all(&many.end()[..], StreamLimits::default());
    assert!(matches!(error, Err(LayerError::LongHeader { .. })), "{error:?}");
}

#[test]
fn more_entries_than_the_limit_are_refused() {
    let limits = StreamLimits { entries: 3, ..StreamLimits::default() };
    let tar = |count| (0..count).fold(Tar::default(), |tar, _| tar.file(b"a", b"")).end();
    assert_eq!(read_all(&tar(3)[..], limits), Ok(3));
    assert_eq!(read_all(&tar(4)[..], limits), Err(LayerError::ManyEntries(3)));
}

#[test]
fn other_content_is_no_layer() {
    assert_eq!(read(b"{\"errors\":[]}"), Err(LayerError::NotATar));
    assert_eq!(read(b"BZh91AY"), Err(LayerError::Unsupported("bzip2")));
    let mut wrong = Tar::default().file(b"a", b"").file(b"b", b"").0;
    wrong[512] = b'c';
    assert_eq!(read(&wrong), Err(LayerError::BadChecksum(512)));
}

#[test]
fn a_source_that_fails_is_named() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("connection reset"))
        }
    }
    let zip = gzip(&Tar::default().file(b"a", &[1; 5_000]).end());
    for start in [0, 20, zip.len()] {
        let error = read_all(zip[..start].chain(Failing), StreamLimits::default());
        assert_eq!(error, Err(LayerError::Source("connection reset".to_string())), "{start}");
    }
}

fn read_all(source: impl Read, limits: StreamLimits) -> Result<usize, LayerError> {
    let mut stream = LayerStream::new(source, limits)?;
    let mut count = 0;
    while stream.next_entry()?.is_some() {
        count += 1;
    }
    stream.finish().map(|_| count)
}

fn entry(kind: EntryKind, path: &[u8], link: &[u8]) -> LayerEntry<'static> {
    LayerEntry {
        path: path.to_vec().into(),
        kind,
        size: 0,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        link: link.to_vec().into(),
        sha256: None,
        data: None,
    }
}

/// Adds a layer of these entries.
fn add(tree: &mut FileTree, entries: &[LayerEntry<'_>]) -> Result<(), TreeError> {
    let mut list = FileList::default();
    entries.iter().for_each(|entry| list.push(entry).expect("it fits"));
    tree.add_layer(&list)
}

/// Symbolic links, each of which leads through 800 components to the next one, and the last one to a directory.
fn chain() -> Vec<LayerEntry<'static>> {
    let mut entries = vec![entry(EntryKind::Directory, b"d", b"")];
    for number in 0..38 {
        let next = if number == 37 { "d".to_string() } else { format!("s{}", number + 1) };
        let target = [&b"d/../".repeat(400)[..], next.as_bytes()].concat();
        entries.push(entry(EntryKind::Symlink, format!("s{number}").as_bytes(), &target));
    }
    entries
}

#[test]
fn entries_below_links_that_lead_through_many_directories_are_refused() {
    use EntryKind::{File, HardLink, OpaqueMarker, Symlink, Whiteout};
    for (kind, is_link_target) in
        [(File, false), (Whiteout, false), (OpaqueMarker, false), (Symlink, false), (HardLink, true)]
    {
        let mut tree = FileTree::default();
        add(&mut tree, &chain()).expect("the links alone cost little");
        let many: Vec<_> = (0..2_000)
            .map(|number| {
                if is_link_target {
                    entry(kind, format!("h{number}").as_bytes(), b"s0/x")
                } else {
                    entry(kind, format!("s0/{number}").as_bytes(), b"t")
                }
            })
            .collect();
        assert_eq!(add(&mut tree, &many), Err(TreeError::LongLinks), "{kind:?}");
    }
}

#[test]
fn many_entries_below_an_ordinary_link_are_accepted() {
    let mut entries = vec![entry(EntryKind::Symlink, b"lib", b"usr/lib/x86_64-linux-gnu/.")];
    entries.extend((0..60_000).map(|number| entry(EntryKind::File, format!("lib/{number}").as_bytes(), b"")));
    let mut tree = FileTree::default();
    for _ in 0..3 {
        assert_eq!(add(&mut tree, &entries), Ok(()));
    }
    assert!(tree.find(b"usr/lib/x86_64-linux-gnu/59999").is_some());
}

#[test]
fn the_memory_for_names_is_in_proportion_to_the_entries() {
    let long = b"a".repeat(200);
    let long = [&long[..]; 20].join(&b'/');
    let path = |number: usize| [&long[..], number.to_string().as_bytes()].concat();
    let fill = |of: &dyn Fn(usize) -> LayerEntry<'static>| {
        let mut list = FileList::default();
        let failed = (0..200_000).find_map(|number| list.push(&of(number)).err());
        (failed, list)
    };
    let (failed, files) = fill(&|number| entry(EntryKind::File, &path(number), b""));
    assert_eq!(failed, Some(LayerError::LongPaths));
    assert!(files.memory() < 96 << 20, "{}", files.memory());
    // Targets of links take as much, and so do the same names in several layers.
    let (failed, _) = fill(&|number| entry(EntryKind::Symlink, number.to_string().as_bytes(), &long));
    assert_eq!(failed, Some(LayerError::LongPaths));
    let (failed, _) = fill(&|number| entry(EntryKind::Symlink, &path(number), b"../target"));
    assert_eq!(failed, Some(LayerError::LongPaths));
    let mut half = FileList::default();
    (0..10_000).for_each(|number| half.push(&entry(EntryKind::File, &path(number), b"")).expect("it fits"));
    let mut tree = FileTree::default();
    assert_eq!(tree.add_layer(&half), Ok(()));
    assert_eq!(tree.add_layer(&half), Err(TreeError::LongNames));
    // Paths of an ordinary length are as many as there may be entries.
    let (failed, many) = fill(&|number| {
        entry(EntryKind::File, &[&b"usr/share/".repeat(20)[..], number.to_string().as_bytes()].concat(), b"")
    });
    assert_eq!((failed, many.len()), (None, 200_000));
}
