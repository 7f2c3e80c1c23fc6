//! Reduces an index to some of its platforms.
//!
//! One platform of an index is copied as the plain manifest of that platform, under its own digest. Users expect that
//! if they name one platform, and a signature of that manifest stays valid. Several platforms become a shorter index
//! with a new digest.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::{Body, Descriptor, Index, Manifest};
use crate::model::digest::Digest;
use crate::model::platform::Platform;
use crate::model::text::SafeText;

/// The rest of a manifest if only some platforms are requested.
pub enum Narrowed {
    /// All of it: it has no other platforms, or is no index.
    Whole,
    /// The plain manifest of the one platform.
    Child(Digest, Split),
    /// A shorter index.
    Index(Arc<Manifest>, Split),
}

/// The platforms of an index that are copied, and those that are not.
#[derive(Default)]
pub struct Split {
    /// The platforms that are copied.
    pub takes: Vec<Platform>,
    /// The platforms that are not copied.
    pub leaves: Vec<Platform>,
}

/// Reduces an index to the requested platforms. Attestations of the images that stay are included. Adds the omitted
/// parts to `left_out`. Fails with a text if the index has none of the platforms.
pub fn narrow(
    manifest: &Manifest,
    requested: &[Platform],
    left_out: &mut Vec<SafeText>,
) -> Result<Narrowed, String> {
    let Body::Index(index) = &manifest.body else { return Ok(Narrowed::Whole) };
    if requested.is_empty() {
        return Ok(Narrowed::Whole);
    }
    if !manifest.is_whole() {
        return Err("it lists too many images to be looked at".into());
    }
    let is_requested = |child: &&Descriptor| {
        let fits =
            |platform: &Platform| requested.iter().any(|requested| requested.is_same_machine(platform));
        !child.is_attestation() && child.platform.as_ref().is_some_and(fits)
    };
    let kept: Vec<&Descriptor> = index.manifests.iter().filter(is_requested).collect();
    if kept.is_empty() {
        return Err(format!(
            "it has no {}: only {}",
            join_platforms(requested),
            join_platforms(&platforms(index))
        ));
    }
    let is_missing = |requested: &&Platform| {
        !kept
            .iter()
            .any(|child| child.platform.as_ref().is_some_and(|platform| requested.is_same_machine(platform)))
    };
    left_out.extend(
        requested
            .iter()
            .filter(is_missing)
            .map(|platform| SafeText::from(format!("no {platform}: it is not there"))),
    );
    let images: HashSet<Digest> = kept.iter().filter_map(|child| child.digest).collect();
    let attests = |child: &&Descriptor| child.attests().is_some_and(|about| images.contains(&about));
    let attestations: Vec<&Descriptor> = index.manifests.iter().filter(attests).collect();
    if kept.len() + attestations.len() == index.manifests.len() {
        return Ok(Narrowed::Whole);
    }
    let is_requested =
        |platform: &Platform| requested.iter().any(|requested| requested.is_same_machine(platform));
    let (takes, leaves) = platforms(index).into_iter().partition(is_requested);
    let split = Split { takes, leaves };
    if let ([_], [Descriptor { digest: Some(child), .. }]) = (requested, kept.as_slice()) {
        if !attestations.is_empty() {
            left_out.push(
                "the attestations of the platform: they belong to the index, which is not copied".into(),
            );
        }
        return Ok(Narrowed::Child(*child, split));
    }
    let names: HashSet<&str> =
        kept.iter().chain(&attestations).map(|child| child.digest_text.as_str()).collect();
    shorten_index(manifest, &names)
        .map(|index| Narrowed::Index(Arc::new(index), split))
        .ok_or_else(|| "it cannot be shortened".into())
}

/// Returns the index with only these children, and everything else as it was.
fn shorten_index(index: &Manifest, kept: &HashSet<&str>) -> Option<Manifest> {
    let mut document: Value = serde_json::from_slice(&index.raw).ok()?;
    let children = document.get_mut("manifests")?.as_array_mut()?;
    children.retain(|child| {
        child.get("digest").and_then(Value::as_str).is_some_and(|digest| kept.contains(digest))
    });
    let bytes = serde_json::to_vec(&document).ok()?;
    Manifest::parse(bytes.into(), Some(index.media_type.as_str())).ok()
}

fn platforms(index: &Index) -> Vec<Platform> {
    let named = index.manifests.iter().filter_map(|child| child.platform.clone());
    named.filter(|platform| !platform.is_unknown()).collect()
}

fn join_platforms(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(Platform::to_string).collect();
    match names.is_empty() {
        true => "children without a platform".into(),
        false => names.join(", "),
    }
}
