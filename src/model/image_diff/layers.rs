//! The layers of two images side by side.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::DiffInput;
use super::align::{Aligned, align};
use crate::model::digest::Digest;
use crate::model::image::LayerTable;
use crate::model::manifest::{Descriptor, Manifest};

/// A layer of one image or of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffedLayer {
    /// Whether both have it.
    pub change: LayerChange,
    /// The digest as the right manifest writes it, or the left one if only that has the layer. Untrusted text.
    pub digest: String,
    /// The digest on the left, if both have the same files in different compressions. Untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_digest: Option<String>,
    /// Compressed bytes.
    pub size: Option<u64>,
    /// The step of the build that made it. Untrusted text.
    pub instruction: Option<String>,
    /// The index in the left image, from 0.
    #[serde(skip)]
    pub left: Option<usize>,
    /// The index in the right image, from 0.
    #[serde(skip)]
    pub right: Option<usize>,
}

/// The images that have a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerChange {
    /// Both images.
    Shared,
    /// The left image alone.
    Removed,
    /// The right image alone.
    Added,
}

/// The layers that two images share, by their manifests alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedLayers {
    /// The layers of the right image that the left one has too.
    pub shared: usize,
    /// All layers of the right image.
    pub all: usize,
    /// The bytes that a client with the left image downloads. `None` if a size is missing.
    pub new_bytes: Option<u64>,
    /// Whether both are the same image.
    pub is_same: bool,
}

impl SharedLayers {
    /// Counts the layers.
    pub fn of(left: &Manifest, right: &Manifest) -> SharedLayers {
        let known: HashSet<&str> = left.layers().iter().map(|layer| layer.digest_text.as_str()).collect();
        let layers = right.layers();
        SharedLayers {
            shared: layers.iter().filter(|layer| known.contains(layer.digest_text.as_str())).count(),
            all: layers.len(),
            new_bytes: super::new_bytes(left, right),
            is_same: left.digest == right.digest,
        }
    }
}

/// A layer with its facts.
struct Known<'a> {
    descriptor: &'a Descriptor,
    diff_id: Option<Digest>,
    instruction: Option<String>,
}

/// Aligns the layers of two images. A layer is shared if both name the same digest, or the same one for the uncompressed
/// bytes.
pub(super) fn diff(left: &DiffInput<'_>, right: &DiffInput<'_>) -> Vec<DiffedLayer> {
    let (left, right) = (known(left), known(right));
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut number = |layer: &Known<'_>| {
        let names =
            [Some(layer.descriptor.digest_text.clone()), layer.diff_id.map(|id| format!("diff {id}"))];
        let next = numbers.len() as u32;
        let known = names.iter().flatten().find_map(|name| numbers.get(name)).copied().unwrap_or(next);
        for name in names.into_iter().flatten() {
            numbers.entry(name).or_insert(known);
        }
        known
    };
    let left_numbers: Vec<u32> = left.iter().map(&mut number).collect();
    let right_numbers: Vec<u32> = right.iter().map(&mut number).collect();
    let row = |change, layer: &Known<'_>, left, right| DiffedLayer {
        change,
        digest: layer.descriptor.digest_text.clone(),
        left_digest: None,
        size: layer.descriptor.size,
        instruction: layer.instruction.clone(),
        left,
        right,
    };
    let rows = align(&left_numbers, &right_numbers).into_iter().map(|place| match place {
        Aligned::Left(at) => row(LayerChange::Removed, &left[at], Some(at), None),
        Aligned::Right(at) => row(LayerChange::Added, &right[at], None, Some(at)),
        Aligned::Same(at, other) => {
            let left_digest = Some(&left[at].descriptor.digest_text);
            DiffedLayer {
                left_digest: left_digest.filter(|it| **it != right[other].descriptor.digest_text).cloned(),
                ..row(LayerChange::Shared, &right[other], Some(at), Some(other))
            }
        }
    });
    rows.collect()
}

/// Returns the rows for two layers by their numbers from 1: each counts as the only layer of its side. Returns `None` if
/// there is no such layer.
pub(super) fn diff_pair(
    (left, one): &(DiffInput<'_>, usize),
    (right, other): &(DiffInput<'_>, usize),
) -> Option<Vec<DiffedLayer>> {
    let (left, right) = (known(left), known(right));
    let (one, other) = (left.get(one.checked_sub(1)?)?, right.get(other.checked_sub(1)?)?);
    let row = |change, layer: &Known<'_>, left, right| DiffedLayer {
        change,
        digest: layer.descriptor.digest_text.clone(),
        left_digest: None,
        size: layer.descriptor.size,
        instruction: layer.instruction.clone(),
        left,
        right,
    };
    let is_same = one.descriptor.digest_text == other.descriptor.digest_text
        || (one.diff_id.is_some() && one.diff_id == other.diff_id);
    Some(if is_same {
        let left_digest = Some(&one.descriptor.digest_text);
        vec![DiffedLayer {
            left_digest: left_digest.filter(|digest| **digest != other.descriptor.digest_text).cloned(),
            ..row(LayerChange::Shared, other, Some(0), Some(0))
        }]
    } else {
        vec![row(LayerChange::Removed, one, Some(0), None), row(LayerChange::Added, other, None, Some(0))]
    })
}

fn known<'a>(input: &DiffInput<'a>) -> Vec<Known<'a>> {
    let layers = input.manifest.layers();
    let table = LayerTable::join(input.manifest, input.config);
    let diff_ids = input.config.map_or(&[][..], |config| &config.diff_ids);
    let diff_ids = if diff_ids.len() == layers.len() { diff_ids } else { &[] };
    let rows = table.rows.iter().filter(|row| row.layer.is_some());
    let mut instructions = rows.map(|row| row.instruction.clone().filter(|_| !table.approximate));
    let known = |(index, descriptor)| Known {
        descriptor,
        diff_id: diff_ids.get(index).copied(),
        instruction: instructions.next().flatten(),
    };
    layers.iter().enumerate().map(known).collect()
}
