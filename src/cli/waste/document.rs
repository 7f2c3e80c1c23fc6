//! The JSON document about an image.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::layer::{Hidden, ImageFinding, ImageFindingKind, ImageFindings};
use crate::model::platform::Platform;
use crate::model::reference::Reference;
use crate::model::text::SafeText;
use crate::ops::files::image::ImageSource;

/// What is known of an image.
#[derive(Serialize)]
pub(super) struct WasteDocument<'a> {
    reference: String,
    digest: String,
    platform: Option<&'a Platform>,
    /// Whether the lists of all layers are proved.
    is_proved: bool,
    files: u64,
    file_bytes: u64,
    hidden_files: u64,
    hidden_bytes: u64,
    /// An estimate.
    hidden_compressed_bytes: Option<u64>,
    efficiency: f64,
    layers: Vec<LayerRecord<'a>>,
    paths: Vec<HiddenRecord>,
    /// The number of paths that are left out.
    paths_left_out: u64,
    findings: Vec<FindingRecord<'a>>,
    /// The number of findings of each kind, those left out among them, and their bytes.
    sums: Vec<SumRecord>,
}

#[derive(Serialize)]
struct LayerRecord<'a> {
    /// From 1, the lowest.
    layer: usize,
    digest: &'a str,
    size: Option<u64>,
    instruction: Option<&'a str>,
    files: u64,
    file_bytes: u64,
    hidden_bytes: u64,
    /// The bytes of this layer and lower ones that it hides.
    hides_bytes: u64,
}

#[derive(Serialize)]
struct HiddenRecord {
    #[serde(flatten)]
    path: PathRecord,
    bytes: u64,
    files: u64,
    from_layer: u16,
    hidden_by: Option<u16>,
    how: Option<&'static str>,
}

#[derive(Serialize)]
struct PathRecord {
    /// The path. Bytes that are not UTF-8 are replaced.
    path: String,
    /// The bytes of the path in base64, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

#[derive(Serialize)]
struct FindingRecord<'a> {
    kind: &'static str,
    #[serde(flatten)]
    path: PathRecord,
    bytes: u64,
    files: u64,
    layer: u16,
    instruction: Option<&'a str>,
    hidden_by: Option<u16>,
    how: Option<&'static str>,
    mode: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<String>,
    text: SafeText,
}

#[derive(Serialize)]
struct SumRecord {
    kind: &'static str,
    count: u64,
    files: u64,
    bytes: u64,
}

fn instruction_of(source: &ImageSource, layer: u16) -> Option<&str> {
    source.layers.get(usize::from(layer).checked_sub(1)?)?.instruction.as_deref()
}

fn how_of(finding: &ImageFinding) -> Option<&'static str> {
    finding.hidden.map(|(_, how)| match how {
        Hidden::Replaced => "replaced",
        Hidden::Whiteout => "whiteout",
        Hidden::Opaque => "opaque",
        Hidden::Shadowed => "shadowed",
    })
}

fn path_record(path: &[u8]) -> PathRecord {
    PathRecord {
        path: String::from_utf8_lossy(path).into_owned(),
        path_bytes: std::str::from_utf8(path).is_err().then(|| STANDARD.encode(path)),
    }
}

/// Returns the document about an image.
pub(super) fn document<'a>(
    reference: &Reference,
    source: &'a ImageSource,
    findings: &ImageFindings,
    is_proved: bool,
) -> WasteDocument<'a> {
    let waste = &findings.waste;
    let layers = source.layers.iter().zip(&waste.layers).enumerate();
    let layers = layers.map(|(index, (source, sums))| LayerRecord {
        layer: index + 1,
        digest: &source.descriptor.digest_text,
        size: source.descriptor.size,
        instruction: source.instruction.as_deref(),
        files: sums.files,
        file_bytes: sums.file_bytes,
        hidden_bytes: sums.hidden_bytes,
        hides_bytes: sums.hides_bytes,
    });
    let paths = waste.paths.rows.iter().map(|finding| HiddenRecord {
        path: path_record(&finding.path),
        bytes: finding.bytes,
        files: finding.files,
        from_layer: finding.layer,
        hidden_by: finding.hidden.map(|(by, _)| by),
        how: how_of(finding),
    });
    let others = findings.lists().into_iter().filter(|list| list.kind != ImageFindingKind::Hidden);
    let rows = others.flat_map(|list| &list.rows).map(|finding| FindingRecord {
        kind: finding.kind.name(),
        path: path_record(&finding.path),
        bytes: finding.bytes,
        files: finding.files,
        layer: finding.layer,
        instruction: instruction_of(source, finding.layer),
        hidden_by: finding.hidden.map(|(by, _)| by),
        how: how_of(finding),
        mode: finding.attributes.map(|attributes| attributes.mode),
        others: finding.others.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect(),
        text: finding.text(),
    });
    let sums = findings.lists().into_iter().map(|list| SumRecord {
        kind: list.kind.name(),
        count: list.count,
        files: list.files,
        bytes: list.bytes,
    });
    WasteDocument {
        reference: reference.to_string(),
        digest: source.manifest.digest.to_string(),
        platform: source.platform.as_ref(),
        is_proved,
        files: waste.files,
        file_bytes: waste.file_bytes,
        hidden_files: waste.hidden_files,
        hidden_bytes: waste.hidden_bytes,
        hidden_compressed_bytes: waste.compressed_hidden,
        efficiency: waste.efficiency(),
        layers: layers.collect(),
        paths: paths.collect(),
        paths_left_out: waste.paths.count.saturating_sub(waste.paths.rows.len() as u64),
        findings: rows.collect(),
        sums: sums.collect(),
    }
}
