//! Replacements: the same image with one more annotation, on which a tag is put so that deleting the replacement
//! removes the tag alone. docs/REGISTRIES.md §7.3.

use serde_json::{Map, Value, json};

use super::{Body, Manifest};

/// The annotation that makes a replacement differ from its image and from every other replacement.
const ANNOTATION: &str = "regtui.replacement";

/// Makes the same image under a digest that no other manifest has. Fails with the reason if there can be none.
pub fn make_replacement(image: &Manifest) -> Result<Manifest, String> {
    if !matches!(image.body, Body::Image(_) | Body::Index(_)) {
        return Err("there are no replacements for manifests of this old kind".into());
    }
    if !image.is_whole() {
        return Err("there are no replacements for manifests that list more than can be looked at".into());
    }
    let mut json: Map<String, Value> = serde_json::from_slice(&image.raw).map_err(|bad| bad.to_string())?;
    let annotations = json.entry("annotations").or_insert_with(|| json!({}));
    let annotations = annotations.as_object_mut().ok_or("its annotations are malformed")?;
    annotations.insert(ANNOTATION.into(), random().into());
    let bytes = serde_json::to_vec(&json).map_err(|bad| bad.to_string())?;
    Manifest::parse(bytes.into(), Some(image.media_type.as_str())).map_err(|bad| bad.to_string())
}

/// Returns a random text that is unique.
fn random() -> String {
    use std::hash::{BuildHasher, RandomState};
    let part = || RandomState::new().hash_one("regtui");
    format!("{:016x}{:016x}", part(), part())
}

/// Returns whether one manifest is a replacement of the other. A replacement is left behind if its delete was cut off.
pub fn is_replacement_of(replacement: &Manifest, image: &Manifest) -> bool {
    is_replacement(replacement)
        && replacement.is_whole()
        && image.is_whole()
        && without_annotation(replacement).is_some_and(|json| Some(json) == without_annotation(image))
}

/// Returns whether a manifest is a replacement of any image.
pub fn is_replacement(manifest: &Manifest) -> bool {
    manifest.annotations().is_some_and(|annotations| annotations.contains_key(ANNOTATION))
}

/// Returns the content of a manifest without the annotation of a replacement.
fn without_annotation(manifest: &Manifest) -> Option<Map<String, Value>> {
    let mut json: Map<String, Value> = serde_json::from_slice(&manifest.raw).ok()?;
    if let Some(Value::Object(annotations)) = json.get_mut("annotations") {
        annotations.remove(ANNOTATION);
        if annotations.is_empty() {
            json.remove("annotations");
        }
    }
    Some(json)
}
