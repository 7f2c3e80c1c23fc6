//! Entries of plain and compressed tars of every format.

use regtui::layer::{
    Compression, DataPosition, EntryKind, LayerError, LayerFiles, LayerStream, Problem, StreamLimits,
};
use regtui::model::digest::Digest;

use crate::support::tars::{Tar, gzip, read_layer, skippable, through_the_cache, with_checksum, zstd};

const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

fn sample() -> Vec<u8> {
    Tar::default()
        .directory(b"./etc/")
        .file(b"./etc/hosts", b"127.0.0.1 localhost\n")
        .header(b'2', b"etc/link", b"../etc/hosts", 0)
        .header(b'1', b"etc/hard", b"./etc/hosts", 0)
        .file(b"etc/.wh.gone", b"")
        .file(b"var/.wh..wh..opq", b"")
        .header(b'3', b"dev/null", b"", 0)
        .header(b'6', b"pipe", b"", 0)
        .end()
}

#[test]
fn every_compression_gives_the_same_entries_and_both_digests() {
    let tar = sample();
    let (head, tail) = tar.split_at(700);
    let plain = read_layer(&tar, StreamLimits::default()).expect("a layer");
    assert_eq!(
        plain.paths(),
        ["etc", "etc/hosts", "etc/link", "etc/hard", "etc/gone", "var", "dev/null", "pipe"]
    );
    let kinds: Vec<EntryKind> = plain.entries.iter().map(|entry| entry.kind).collect();
    let expected = {
        use EntryKind::{CharDevice, Directory, Fifo, File, HardLink, OpaqueMarker, Symlink, Whiteout};
        [Directory, File, Symlink, HardLink, Whiteout, OpaqueMarker, CharDevice, Fifo]
    };
    assert_eq!(kinds, expected);
    let file = &plain.entries[1];
    assert_eq!((file.size, file.mode, file.uid, file.gid, file.mtime), (20, 0o644, 1, 2, 64));
    assert_eq!(file.data, Some(DataPosition::Stream(1_024)));
    assert_eq!((&*plain.entries[2].link, &*plain.entries[3].link), (&b"../etc/hosts"[..], &b"etc/hosts"[..]));

    for (name, compressed) in [
        ("gzip", gzip(&tar)),
        ("two members", [gzip(head), gzip(tail)].concat()),
        ("an empty member", [gzip(head), gzip(b""), gzip(tail)].concat()),
        ("zstd", zstd(&tar)),
        ("two frames", [zstd(head), zstd(tail)].concat()),
        (
            "skippable frames",
            [skippable(b"first"), zstd(head), skippable(b""), zstd(tail), skippable(b"last")].concat(),
        ),
    ] {
        let layer = read_layer(&compressed, StreamLimits::default()).expect(name);
        assert_eq!(layer.entries, plain.entries, "{name}");
        assert_eq!(layer.sums.digest, Digest::sha256(&compressed), "{name}");
        assert_eq!(layer.sums.diff_id, Digest::sha256(&tar), "{name}");
        assert_eq!(layer.sums.compressed, compressed.len() as u64, "{name}");
        assert_eq!(layer.sums.uncompressed, tar.len() as u64, "{name}");
        assert_eq!(layer.findings.count(), 0, "{name}");
    }
}

#[test]
fn a_digest_that_differs_is_an_error() {
    let tar = sample();
    let layer = read_layer(&tar, StreamLimits::default()).expect("a layer");
    let (sums, other) = (layer.sums, Digest::sha256(b"other"));
    let wrong = |what, found| {
        Err(LayerError::WrongDigest { what, expected: Box::new(other), found: Box::new(found) })
    };
    assert_eq!(sums.check(&sums.digest), Ok(()));
    assert_eq!(sums.check(&other), wrong("digest", sums.digest));
    let files = LayerFiles::of_stream(Compression::None, layer.list, &sums, layer.findings);
    // The computed digest is kept, and compared whenever the list is used.
    for files in [through_the_cache(&files).expect("a list"), files] {
        assert_eq!(files.check_diff_id(Some(&sums.diff_id)), Ok(()));
        assert_eq!(files.check_diff_id(None), Ok(()));
        assert_eq!(files.check_diff_id(Some(&other)), wrong("diff_id", sums.diff_id));
    }
}

#[test]
fn long_names_and_large_numbers_are_read_from_each_kind_of_header() {
    let long = b"d/".repeat(150);
    let mut long = long;
    long.extend_from_slice(b"file");
    let mut large = [0; 512];
    large[..5].copy_from_slice(b"large");
    large[100..107].copy_from_slice(b"0104755");
    large[108..116].copy_from_slice(&[0x80, 0, 0, 0, 0, 0x20, 0, 0]);
    large[116..124].copy_from_slice(&[0x80, 0, 1, 0, 0, 0x20, 0, 0]);
    large[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
    large[136..148].fill(0xff);
    let mut prefixed = [0; 512];
    prefixed[..4].copy_from_slice(b"name");
    prefixed[124..135].copy_from_slice(b"00000000000");
    prefixed[257..263].copy_from_slice(b"ustar\0");
    prefixed[345..351].copy_from_slice(b"prefix");
    let mut old_gnu = prefixed;
    old_gnu[257..265].copy_from_slice(b"ustar  \0");
    let mut tar = Tar::default()
        .header(b'L', b"././@LongLink", b"", long.len() as u64 + 1)
        .content(&[&long[..], b"\0"].concat())
        .header(b'K', b"././@LongLink", b"", long.len() as u64 + 1)
        .content(&[&long[..], b"\0"].concat())
        .header(b'2', b"short", b"short", 0)
        .pax(&[("path", b"pax/\xff"), ("uid", b"70000"), ("mtime", b"1.9"), ("size", b"3")])
        .header(b'0', b"short", b"", 0)
        .content(b"abc")
        .file(b"plain", b"");
    tar.0.extend_from_slice(&with_checksum(large));
    let mut tar = tar.content(b"abc");
    tar.0.extend_from_slice(&with_checksum(prefixed));
    tar.0.extend_from_slice(&with_checksum(old_gnu));
    let layer = read_layer(&tar.end(), StreamLimits::default()).expect("a layer");

    let [link, pax, plain, large, prefixed, old_gnu] = &layer.entries[..] else { panic!("{layer:?}") };
    assert_eq!((&*link.path, &*link.link), (&long[..], &long[..]));
    assert_eq!((&*pax.path, pax.uid, pax.mtime, pax.size), (&b"pax/\xff"[..], 70_000, 1, 3));
    assert_eq!((&*plain.path, plain.uid), (&b"plain"[..], 1));
    assert_eq!((large.mode, large.uid, large.gid, large.size), (0o4755, 0x20_0000, u32::MAX, 3));
    assert_eq!(large.mtime, -1);
    assert_eq!((&*prefixed.path, &*old_gnu.path), (&b"prefix/name"[..], &b"name"[..]));
}

#[test]
fn the_size_of_a_sparse_file_counts_its_holes() {
    let mut sparse = [0; 512];
    sparse[..6].copy_from_slice(b"sparse");
    sparse[124..135].copy_from_slice(b"00000000003");
    sparse[156] = b'S';
    sparse[257..265].copy_from_slice(b"ustar  \0");
    sparse[482] = 1;
    sparse[483..494].copy_from_slice(b"00000100000");
    let mut tar = Tar(with_checksum(sparse).to_vec());
    let mut map = [0; 512];
    map[504] = 1;
    tar.0.extend_from_slice(&map);
    tar.0.extend_from_slice(&[0; 512]);
    let tar = tar
        .content(b"abc")
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.realsize", b"5000"),
            ("GNU.sparse.name", b"dir/real"),
        ])
        .file(b"GNUSparseFile.0/real", b"1\n0\n1\n")
        .file(b"after", b"x");
    let layer = read_layer(&tar.end(), StreamLimits::default()).expect("a layer");
    assert_eq!(layer.paths(), ["sparse", "dir/real", "after"]);
    assert_eq!(layer.entries.iter().map(|entry| entry.size).collect::<Vec<_>>(), [32_768, 5_000, 1]);
    assert_eq!((layer.entries[0].data, layer.entries[1].data), (None, None));
}

#[test]
fn the_content_of_an_entry_can_be_read_in_parts() {
    let tar = sample();
    let mut stream = LayerStream::new(&tar[..], StreamLimits::default()).expect("a tar");
    stream.next_entry().expect("an entry");
    stream.next_entry().expect("an entry");
    let (mut content, mut portion) = (Vec::new(), [0; 7]);
    loop {
        match stream.read_content(&mut portion).expect("content") {
            0 => break,
            read => content.extend_from_slice(&portion[..read]),
        }
    }
    assert_eq!(content, b"127.0.0.1 localhost\n");
    assert_eq!(&*stream.next_entry().expect("an entry").expect("one more").path, b"etc/link");
}

#[test]
fn another_compression_than_that_of_the_media_type_is_a_finding_of_this_descriptor_only() {
    let layer = read_layer(&gzip(&sample()), StreamLimits::default()).expect("a layer");
    let mut files = LayerFiles::of_stream(Compression::Gzip, layer.list, &layer.sums, layer.findings);
    let problems =
        |files: &LayerFiles| files.findings.kept().iter().map(|found| found.problem).collect::<Vec<_>>();
    for (media_type, expected) in
        [(ZSTD, &[Problem::WrongMediaType][..]), (GZIP, &[]), (TAR, &[Problem::WrongMediaType]), ("", &[])]
    {
        files.compare_media_type(media_type);
        assert_eq!((problems(&files), files.findings.count()), (expected.to_vec(), expected.len() as u64));
        let kept = through_the_cache(&files).expect("a list");
        assert_eq!(problems(&kept), [], "{media_type}");
    }
    assert_eq!(files.list.len(), 8);
}
