//! Blobs into and out of real registries, through lines that break.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use regtui::client::{BlobSource, Lane, Patience, Pool, Settings, Transfer};
use regtui::model::digest::Digest;
use regtui::model::manifest::Descriptor;
use regtui::model::reference::Host;

use crate::support::hostile;
use crate::support::registry::{name, patience, settings};
use crate::support::servers;

const LENGTH: usize = 6_000_000;

fn content() -> Bytes {
    let mut state = 7u32;
    let byte = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    byte.take(LENGTH).collect()
}

/// Real servers need a moment to notice that a connection broke; until then they count what came before.
fn patient() -> Settings {
    Settings { patience: Patience { tries: 10, ..patience() }, ..settings() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_goes_in_and_out_although_every_connection_is_cut() {
    let bytes = content();
    let digest = Digest::sha256(&bytes);
    let descriptor = Descriptor {
        media_type: "application/octet-stream".into(),
        digest: Some(digest),
        digest_text: digest.to_string(),
        size: Some(LENGTH as u64),
        platform: None,
        artifact_type: None,
        urls: Vec::new(),
        annotations: Default::default(),
    };
    for server in servers::all() {
        let address = server.host.as_str().parse().expect("an address");
        for cut_after in [64 * 1024u64, 1024 * 1024] {
            let (cut, through) = hostile::cutting(address, cut_after).await;
            let client = Pool::new(patient()).client(&Host::parse(&cut.to_string()).expect("a host"));
            let repository = name(&format!("cut/after{cut_after}"));
            let (source, transfer) = (BlobSource::Bytes(bytes.clone()), Arc::new(Transfer::default()));
            let what = format!("{}, cut after {cut_after}", server.name);
            let pushed = client.push_blob(&repository, &descriptor, &source, &transfer).await;
            pushed.unwrap_or_else(|error| panic!("{what}: {error}"));
            let has = client.head_blob(&repository, &digest, Lane::Interactive).await;
            assert_eq!(has.expect("an answer"), Some(LENGTH as u64), "{what}");
            let mut reader = client.read_blob(&repository, &descriptor, 0).expect("a reader");
            let mut read = Vec::new();
            while let Some(piece) = reader.next().await.unwrap_or_else(|error| panic!("{what}: {error}")) {
                read.extend_from_slice(&piece);
            }
            assert!(read == bytes, "{what}");
            // How much goes up twice is the server's choice: distribution gives an upload up when a request to it breaks off
            // (handlers/blobupload.go: `upload resumed at wrong offest`). It is bounded where the demo registry is cut.
            let most_down = LENGTH as u64 * 11 / 10;
            let (up, down) = (through.up.load(Ordering::Relaxed), through.down.load(Ordering::Relaxed));
            println!(
                "{what}: {up} bytes up and {down} down for {LENGTH}, {} sent again",
                transfer.resent.load(Ordering::Relaxed)
            );
            assert!(down <= most_down, "{what}: {down} bytes down");
        }
    }
}
