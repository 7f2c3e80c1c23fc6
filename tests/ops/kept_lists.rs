//! Lists of files that are kept in pieces.

use std::sync::Arc;

use regtui::client::ClientSettings;
use regtui::demo::{self, Store};
use regtui::layer::kept::ListEncoder;
use regtui::layer::{Compression, DataPosition, EntryKind, FileList, LayerEntry, LayerFiles, LayerFormat};
use regtui::model::digest::Digest;
use regtui::ops::files::kept_lists::{keep_list, read_list};

use crate::support::registry::{Registry, settings};

async fn registry(cache: Option<&std::path::Path>) -> Registry {
    let settings = ClientSettings { cache: cache.map(Into::into), ..settings() };
    Registry::new(demo::DemoSettings::default(), Store::new(), settings).await
}

/// Files whose digests take most of the room, as in layers.
fn long_list() -> FileList {
    let mut list = FileList::default();
    for number in 0..6_000_u32 {
        let Digest::Sha256(sum) = Digest::sha256(&number.to_le_bytes()) else { panic!("a sha256") };
        let entry = LayerEntry {
            path: format!("usr/{}/{number}", number % 7).into_bytes().into(),
            kind: EntryKind::File,
            size: 4,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 0,
            link: b"".into(),
            sha256: Some(sum),
            data: Some(DataPosition::Stream(u64::from(number) * 1_024)),
        };
        list.push(&entry).expect("it fits");
    }
    list.shrink();
    list
}

#[tokio::test]
async fn a_long_list_is_whole_in_the_next_run_and_gone_if_a_piece_is() {
    let files = Arc::new(LayerFiles::new(LayerFormat::Tar(Compression::Gzip), long_list()));
    let encoder = || ListEncoder::new(files.clone()).expect("a form").with_pieces_of(4 << 10);
    let (key, other) = (Digest::sha256(b"layer"), Digest::sha256(b"another layer"));
    let folder = tempfile::tempdir().expect("a folder");
    let first = registry(Some(folder.path())).await;
    keep_list(&first.client, &key, encoder()).await;
    first.pool.flush().await;
    let second = registry(Some(folder.path())).await;
    assert_eq!(read_list(&second.client, &key).await.as_ref(), Some(&*files));
    assert_eq!(read_list(&second.client, &other).await, None);
    // Without a disk too.
    let third = registry(None).await;
    keep_list(&third.client, &key, encoder()).await;
    assert_eq!(read_list(&third.client, &key).await.as_ref(), Some(&*files));
    let mut pieces = encoder();
    let pieces: Vec<Digest> = std::iter::from_fn(|| pieces.next_piece()).map(|(piece, _)| piece).collect();
    assert!(pieces.len() > 2, "{}", pieces.len());
    let database = rusqlite::Connection::open(folder.path().join("cache.db")).expect("a database");
    let removed = database.execute("DELETE FROM file_list WHERE layer = ?", [pieces[1].to_string()]);
    assert_eq!(removed.expect("a table"), 1);
    assert_eq!(read_list(&second.client, &key).await, None);
}
