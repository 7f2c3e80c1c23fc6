//! Results of scans, kept by the digest of the image, so that a second look runs nothing.
//!
//! They are kept beside the lists of files, under a digest that is derived from that of the image.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::client::Registry;
use crate::model::digest::Digest;
use crate::model::scan::report::{ScanFacts, ScanReport};

/// The version of the form in the cache. Another one is not read.
const VERSION: u8 = 1;
/// Most bytes of one result, unpacked.
const LARGEST: usize = 16 << 20;

/// Returns the last result for an image.
pub(crate) async fn read_kept(registry: &dyn Registry, image: &Digest) -> Option<ScanReport> {
    let kept = registry.kept_file_list(&key(image)).await?;
    tokio::task::spawn_blocking(move || decode(&kept)).await.ok()?
}

/// Returns the facts of the last result for each image that has one.
pub(crate) async fn read_facts(
    registry: &dyn Registry,
    images: &[Digest],
) -> Vec<(Digest, Option<ScanFacts>)> {
    let mut all = Vec::new();
    for image in images {
        all.push((*image, read_kept(registry, image).await.map(|report| report.facts)));
    }
    all
}

/// Keeps a result under these digests, which may be one twice.
pub(super) async fn keep(registry: &dyn Registry, images: &[Digest; 2], report: &ScanReport) {
    let report = report.clone();
    let encoded = tokio::task::spawn_blocking(move || encode(report)).await;
    let Some(encoded) = encoded.ok().flatten() else { return };
    let [first, second] = images;
    registry.keep_file_list(&key(first), encoded.clone()).await;
    if second != first {
        registry.keep_file_list(&key(second), encoded).await;
    }
}

fn key(image: &Digest) -> Digest {
    Digest::sha256(format!("scan of {image}").as_bytes())
}

/// Packs a result. One that is too large loses its last findings, never its counts.
fn encode(mut report: ScanReport) -> Option<Bytes> {
    let text = loop {
        let text = serde_json::to_string(&report).ok()?;
        if text.len() <= LARGEST {
            break text;
        }
        let half = report.findings.len() / 2;
        report = report.with_findings_up_to(half);
    };
    let mut packer = ZlibEncoder::new(vec![VERSION], flate2::Compression::fast());
    packer.write_all(text.as_bytes()).ok()?;
    Some(packer.finish().ok()?.into())
}

fn decode(kept: &[u8]) -> Option<ScanReport> {
    let (&VERSION, packed) = kept.split_first()? else { return None };
    let mut text = String::new();
    ZlibDecoder::new(packed).take(LARGEST as u64).read_to_string(&mut text).ok()?;
    ScanReport::of_kept(&text)
}
