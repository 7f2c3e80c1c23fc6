//! Tables of contents of eStargz and zstd:chunked layers, and those that lie.

use regtui::layer::files::ChunkRanges;
use regtui::layer::{
    Chunk, Compression, DataPosition, EntryKind, LayerError, LayerFiles, LayerFormat, LayerTable,
    TableLimits, estargz, zstd_chunked,
};
use regtui::model::digest::Digest;
use serde_json::{Value, json};

use crate::support::tars::{Tar, gzip, list_of, through_the_cache, zstd};

fn hex(content: &[u8]) -> String {
    format!("sha256:{}", Digest::sha256(content).hex())
}

/// The table of a layer whose contents stand before byte 1,000.
fn sample() -> Value {
    json!({"version": 1, "tarSplitDigest": "sha256:00", "entries": [
        {"name": "", "type": "dir", "mode": 0o755},
        {"name": "etc/", "type": "dir", "mode": 0o755, "modtime": "2024-01-02T03:04:05Z"},
        {"name": ".no.prefetch.landmark", "type": "reg", "size": 1, "offset": 1, "digest": hex(b"x")},
        {"name": "./etc/hosts", "type": "reg", "size": 9, "mode": 0o644, "uid": 5, "digest": hex(b"hosts"),
         "offset": 100, "innerOffset": 7, "chunkSize": 4, "chunkDigest": hex(b"one")},
        {"name": "etc/hosts", "type": "chunk", "offset": 200, "chunkOffset": 4, "chunkSize": 3,
         "chunkType": "zeros"},
        {"name": "etc/hosts", "type": "chunk", "offset": 300, "chunkOffset": 7},
        {"name": "etc/empty", "type": "reg", "modtime": "0001-01-01T00:00:00Z"},
        {"name": "etc/link", "type": "symlink", "linkName": "hosts"},
        {"name": "etc/hard", "type": "hardlink", "linkName": "./etc/hosts"},
        {"name": "var/.wh.gone", "type": "reg"},
        {"name": "../escape", "type": "reg"},
    ]})
}

fn check_sample(table: &LayerTable) {
    let entries: Vec<_> = table.list.iter().collect();
    let paths: Vec<_> = entries.iter().map(|entry| String::from_utf8_lossy(&entry.path)).collect();
    assert_eq!(paths, ["", "etc", "etc/hosts", "etc/empty", "etc/link", "etc/hard", "var/gone"]);
    let hosts = &entries[2];
    assert_eq!(
        (hosts.size, hosts.uid, hosts.data),
        (9, 5, Some(DataPosition::Chunks { first: 0, count: 3 }))
    );
    assert_eq!(hosts.sha256.map(Digest::Sha256), Some(Digest::sha256(b"hosts")));
    assert_eq!((entries[1].mtime, entries[3].mtime), (1_704_164_645, 0));
    assert_eq!((entries[6].kind, &*entries[5].link), (EntryKind::Whiteout, &b"etc/hosts"[..]));
    let positions: Vec<_> = table.chunks.iter().map(|Chunk { at, size, .. }| (*at, *size)).collect();
    assert_eq!(positions, [(0, 4), (4, 3), (7, 2)]);
    assert_eq!((table.chunks[0].inner, table.chunks[1].is_zeros), (7, true));
    let files = LayerFiles::of_table(LayerFormat::ZstdChunked, table.clone(), 1_000);
    let ranges = ChunkRanges::of(&files);
    assert_eq!(ranges.range(&files.chunks[0]), 100..300);
    assert_eq!(ranges.range(&files.chunks[2]), 300..1_000);
    assert_eq!(through_the_cache(&files), Some(files));
    assert_eq!(table.findings.count(), 1);
}

/// Returns the member with the table, and the footer behind it.
fn estargz_end(json: &[u8], offset: u64) -> (Vec<u8>, Vec<u8>) {
    let member = gzip(&Tar::default().file(b"stargz.index.json", json).end());
    let mut footer = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0, b'S', b'G', 22, 0];
    footer.extend_from_slice(format!("{offset:016x}STARGZ").as_bytes());
    footer.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    footer.extend_from_slice(&[0; 8]);
    (member, footer)
}

#[test]
fn an_estargz_table_is_found_by_its_footer_and_checked() {
    let json = sample().to_string().into_bytes();
    let (member, footer) = estargz_end(&json, 1_000);
    assert_eq!(footer.len(), 51);
    let size = 1_000 + member.len() as u64 + 51;
    assert_eq!(estargz::first_range(size), 0..size);
    assert_eq!(estargz::first_range(5 << 20), ((5 << 20) - (64 << 10))..(5 << 20));
    assert_eq!(estargz::first_range(5 << 30), ((5 << 30) - (4 << 20))..(5 << 30));
    assert_eq!(estargz::find_table(&footer, size), Ok(1_000..size - 51));

    let digest = Digest::sha256(&json);
    let table = estargz::read_table(&member, 1_000, Some(&digest), TableLimits::default()).expect("a table");
    assert!(table.is_attested);
    check_sample(&table);
    let table = estargz::read_table(&member, 1_000, None, TableLimits::default()).expect("a table");
    assert!(!table.is_attested);
    let other = Digest::sha256(b"other");
    let error = estargz::read_table(&member, 1_000, Some(&other), TableLimits::default()).expect_err("a lie");
    assert!(matches!(error, LayerError::WrongDigest { .. }), "{error}");
}

#[test]
fn the_old_footer_is_known_and_false_footers_are_refused() {
    let mut old = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 22, 0];
    old.extend_from_slice(b"00000000000003e8STARGZ\x01\0\0\xff\xff\0\0\0\0\0\0\0\0");
    assert_eq!(old.len(), 47);
    assert_eq!(estargz::find_table(&old, 2_000), Ok(1_000..1_953));
    let (_, beyond) = estargz_end(b"{}", 5_000);
    for end in [&b""[..], &[0; 51], &beyond, b"0000STARGZEXTERNALTOC"] {
        assert!(matches!(estargz::find_table(end, 2_000), Err(LayerError::BadPosition(_))), "{end:?}");
    }
}

#[test]
fn a_zstd_chunked_table_is_found_by_its_annotation_and_checked() {
    let json = sample().to_string().into_bytes();
    let bytes = zstd(&json);
    let limits = TableLimits::default();
    let annotation = format!("1000:{}:{}:1", bytes.len(), json.len());
    let position = zstd_chunked::parse_position(&annotation, 1_000_000, limits).expect("a position");
    assert_eq!(
        (position.range.clone(), position.raw),
        (1_000..1_000 + bytes.len() as u64, json.len() as u64)
    );
    let digest = Digest::sha256(&bytes);
    let table = zstd_chunked::read_table(&bytes, &position, Some(&digest), limits).expect("a table");
    assert!(table.is_attested);
    check_sample(&table);

    let other = Digest::sha256(b"other");
    let error = zstd_chunked::read_table(&bytes, &position, Some(&other), limits).expect_err("a lie");
    assert!(matches!(error, LayerError::WrongDigest { .. }), "{error}");
    let mut smaller = position.clone();
    smaller.raw -= 1;
    let error = zstd_chunked::read_table(&bytes, &smaller, None, limits).expect_err("another size");
    assert!(matches!(error, LayerError::BadPosition(_)), "{error}");

    for annotation in ["", "1:2:3", "1:2:3:4:5", "1:2:3:2", "-1:2:3:1", "999999:2:3:1", "5:0:3:1"] {
        let error = zstd_chunked::parse_position(annotation, 1_000_000, limits);
        assert!(matches!(error, Err(LayerError::BadPosition(_))), "{annotation}: {error:?}");
    }
    let huge = zstd_chunked::parse_position("1:2:268435457:1", 1_000_000, limits);
    assert_eq!(huge, Err(LayerError::LongTable(256 << 20)));
    let overflow = format!("{}:{}:3:1", u64::MAX, u64::MAX);
    assert!(zstd_chunked::parse_position(&overflow, 1_000_000, limits).is_err());
}

#[test]
fn a_table_may_claim_no_more_content_than_a_stream_may_have() {
    let read = |entries: Value| {
        let json = json!({"version": 1, "entries": entries}).to_string().into_bytes();
        let limits = TableLimits { ratio: 100, allowance: 1_000, ..TableLimits::default() };
        estargz::read_table(&estargz_end(&json, 1_000).0, 1_000, None, limits).map(|table| table.list.len())
    };
    let file = |size: u64, kind: &str| json!({"name": "a", "type": "reg", "size": size, "offset": 10, "chunkType": kind});
    let bomb = Err(LayerError::Bomb { compressed: 1_000, uncompressed: 101_000 });
    assert_eq!(read(json!([file(101_000, "zeros")])), Ok(1));
    assert_eq!(read(json!([file(101_001, "zeros")])), bomb);
    assert_eq!(read(json!([file(u64::MAX, "")])), bomb);
    // Also in many parts and files.
    let parts: Vec<Value> = (0..11).map(|_| file(10_000, "zeros")).collect();
    assert_eq!(read(json!(parts)), bomb);
    assert_eq!(read(json!(parts[..10])), Ok(10));
}

#[test]
fn the_place_of_a_chunk_ends_at_the_next_one_wherever_it_stands_in_the_table() {
    let chunk = |offset, is_zeros| Chunk { offset, inner: 0, at: 0, size: 1, sha256: None, is_zeros };
    let chunks: Vec<Chunk> =
        [(300, false), (100, false), (100, false), (150, true), (700, false), (200, false)]
            .map(|(offset, is_zeros)| chunk(offset, is_zeros))
            .into();
    let table = LayerTable { chunks: chunks.clone(), ..LayerTable::default() };
    let ranges = ChunkRanges::of(&LayerFiles::of_table(LayerFormat::Estargz, table, 1_000));
    for chunk in &chunks {
        let behind = chunks.iter().filter(|other| !other.is_zeros && other.offset > chunk.offset);
        let end = behind.map(|other| other.offset).min().unwrap_or(1_000);
        assert_eq!(ranges.range(chunk), chunk.offset..end);
    }
}

#[test]
fn only_a_content_with_a_digest_for_all_of_its_bytes_is_read_in_chunks() {
    let sum = hex(b"x");
    for (digest, first, second, expected) in [
        (Some(&sum), None, None, true),
        (None, Some(&sum), Some(&sum), true),
        (None, Some(&sum), None, false),
        (None, None, None, false),
    ] {
        let json = json!({"version": 1, "entries": [
            {"name": "a", "type": "reg", "size": 9, "offset": 10, "chunkSize": 4, "digest": digest.map_or("", |sum| sum),
             "chunkDigest": first.map_or("", |sum| sum)},
            {"name": "a", "type": "chunk", "offset": 20, "chunkOffset": 4, "chunkDigest": second.map_or("", |sum| sum)}]});
        let json = json.to_string().into_bytes();
        let table = estargz::read_table(&estargz_end(&json, 1_000).0, 1_000, None, TableLimits::default());
        let files = LayerFiles::of_table(LayerFormat::Estargz, table.expect("a table"), 1_000);
        let entry = files.list.get(0).expect("an entry");
        assert_eq!(files.is_in_chunks(&entry), expected, "{digest:?} {first:?} {second:?}");
    }
}

#[test]
fn what_nothing_proves_or_only_one_manifest_names_has_no_form_for_the_cache() {
    let table = || {
        let json = sample().to_string().into_bytes();
        estargz::read_table(&estargz_end(&json, 1_000).0, 1_000, None, TableLimits::default())
            .expect("a table")
    };
    assert_eq!(through_the_cache(&LayerFiles::of_table(LayerFormat::Estargz, table(), 1_000)), None);
    assert_eq!(through_the_cache(&LayerFiles::new(LayerFormat::Blob, table().list)), None);
    let refused = LayerFiles {
        refused_table: Some("another digest".into()),
        ..LayerFiles::new(LayerFormat::Tar(Compression::Gzip), list_of(Tar::default().file(b"a", b"1")))
    };
    let kept = through_the_cache(&refused).expect("a list");
    assert_eq!((kept.refused_table, kept.list), (None, refused.list));
}

#[test]
fn a_table_that_contradicts_itself_is_refused_with_the_reason() {
    let read = |entries: Value, limits| {
        let json = json!({"version": 1, "entries": entries}).to_string().into_bytes();
        estargz::read_table(&estargz_end(&json, 1_000).0, 1_000, None, limits).map(|table| table.list.len())
    };
    let file = |offset: u64, size: u64| json!({"name": "a", "type": "reg", "size": 9, "offset": offset, "chunkSize": size});
    let chunk = |at: u64, size: u64| json!({"name": "a", "type": "chunk", "offset": 20, "chunkOffset": at, "chunkSize": size});
    let limits = TableLimits::default();
    for (entries, reason) in [
        (json!([file(1_000, 9)]), "its content is outside of the layer"),
        (json!([file(10, 10)]), "its chunks are larger than the file"),
        (json!([file(10, 4)]), "its chunks are smaller than the file"),
        (json!([file(10, 4), chunk(5, 4)]), "its chunks are not in order"),
        (json!([file(10, 4), chunk(4, u64::MAX)]), "its chunks are larger than the file"),
        (json!([file(10, 9), chunk(9, 0)]), "it has a chunk behind its end"),
        (json!([file(10, 0), chunk(9, 0)]), "it has a chunk behind its end"),
        (json!([file(10, 4), chunk(4, 0), chunk(9, 1)]), "it has a chunk behind its end"),
    ] {
        let error = LayerError::FalseTable { path: "a".to_string(), reason };
        assert_eq!(read(entries.clone(), limits), Err(error), "{entries}");
    }
    assert_eq!(read(json!([file(10, 4), chunk(4, 5)]), limits), Ok(1));
    let few = TableLimits { entries: 1, ..limits };
    assert_eq!(read(json!([file(10, 4), chunk(4, 5)]), few), Err(LayerError::ManyEntries(1)));
    let short = TableLimits { raw: 10, ..limits };
    assert_eq!(read(json!([]), short), Err(LayerError::LongTable(10)));
    for bad in
        [json!(null), json!({}), json!([{"name": 5}]), json!([{"name": "a", "type": "reg", "size": -1}])]
    {
        assert!(matches!(read(bad.clone(), limits), Err(LayerError::BadTable(_))), "{bad}");
    }
}
