//! Blobs into and out of real registries, over connections that break.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use regtui::client::{BlobSource, ClientSettings, Pool, Timeouts, Transfer};
use regtui::demo::Store;
use regtui::demo::faults::Fault;
use regtui::model::reference::Host;

use crate::support::blob::{content, descriptor};
use crate::support::hostile;
use crate::support::registry::{Registry, name, settings, timeouts};
use crate::support::servers;

/// Connections are cut after so many bytes; the size of the blob. The first try must lose less than a tenth.
const CUTS: [(u64, usize); 2] = [(64 * 1024, 6_000_000), (1024 * 1024, 24_000_000)];

/// Real servers need a moment to notice that a connection broke; until then they count the bytes before the break.
fn patient() -> ClientSettings {
    ClientSettings { timeouts: Timeouts { tries: 10, ..timeouts() }, ..settings() }
}

/// The rule of issue 3: at most a tenth of the bytes moves twice, also if a break costs the server all that it
/// had, as on distribution (handlers/blobupload.go: `upload resumed at wrong offest`).
#[tokio::test(flavor = "multi_thread")]
async fn a_blob_goes_in_and_out_although_every_connection_is_cut() {
    for server in servers::all() {
        let address = server.host.as_str().parse().expect("an address");
        for (cut_after, length) in CUTS {
            let bytes = content(length);
            let descriptor = descriptor(&bytes);
            let (cut, through) = hostile::cutting(address, cut_after).await;
            let client = Pool::new(patient()).client(&Host::parse(&cut.to_string()).expect("a host"));
            let repository = name(&format!("cut/after{cut_after}"));
            let (source, transfer) = (BlobSource::Bytes(bytes.clone()), Arc::new(Transfer::default()));
            let what = format!("{}, cut after {cut_after}", server.name);
            let pushed = client.push_blob(&repository, &descriptor, &source, &transfer).await;
            pushed.unwrap_or_else(|error| panic!("{what}: {error}"));
            let mut reader = client.read_blob(&repository, &descriptor, 0).expect("a reader");
            let mut read = Vec::new();
            while let Some(piece) = reader.next().await.unwrap_or_else(|error| panic!("{what}: {error}")) {
                read.extend_from_slice(&piece);
            }
            assert!(read == bytes, "{what}");
            let most = length as u64 * 11 / 10;
            let (up, down) = (through.up.load(Ordering::Relaxed), through.down.load(Ordering::Relaxed));
            let resent = transfer.resent.load(Ordering::Relaxed);
            println!("{what}: {up} bytes up and {down} down for {length}, {resent} sent again");
            assert!(up <= most && down <= most, "{what}: {up} bytes up and {down} down for {length}");
        }
    }
}

/// A source stops in the middle of a blob, and the push is stopped. Only distribution 2 cannot close it then.
#[tokio::test]
async fn an_upload_that_is_stopped_in_the_middle_is_gone_or_said_to_be_left() {
    let from = Registry::open(Store::new()).await;
    let bytes = content(5_000_000);
    let descriptor = descriptor(&bytes);
    from.demo.store().put_blob("app", bytes);
    from.demo.fault(|_, _| Some(Fault::HangAfter(3_000_000)));
    for server in servers::all() {
        let client = Pool::new(settings()).client(&server.host);
        let source = BlobSource::registry(Arc::new(from.client.clone()), &name("app"), &descriptor);
        let (transfer, repository) = (Arc::new(Transfer::default()), name("stopped"));
        let stop = async {
            while transfer.sent.load(Ordering::Relaxed) < 2_000_000 {
                tokio::task::yield_now().await;
            }
            transfer.stop.cancel();
        };
        let push = client.push_blob(&repository, &descriptor, &source, &transfer);
        let (pushed, ()) = futures_util::join!(push, stop);
        assert!(pushed.is_err_and(|error| error.is_stopped()), "{}", server.name);
        let (open, left) =
            (server.open_uploads("stopped"), transfer.unclosed_uploads.load(Ordering::Relaxed));
        assert_eq!(open, left, "{}", server.name);
        assert!(open == 0 || server.name == "distribution2", "{}: {open} uploads are open", server.name);
    }
}
