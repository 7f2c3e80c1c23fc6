//! Replacements: the same image with one more annotation, on which a tag is put so that deleting the replacement
//! removes the tag alone. docs/REGISTRIES.md §7.3.

use serde_json::{Map, Value, json};

use super::{Body, Manifest};

/// The annotation that makes a replacement differ from its image and from every other replacement.
const ANNOTATION: &str = "regtui.replacement";

/// Makes the same image under a digest that no other manifest has. Fails with the reason if there can be none.
pub(crate) fn make_replacement(image: &Manifest) -> Result<Manifest, String> {
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
pub(crate) fn is_replacement_of(replacement: &Manifest, image: &Manifest) -> bool {
    is_replacement(replacement)
        && replacement.is_whole()
        && image.is_whole()
        && without_annotation(replacement).is_some_and(|json| Some(json) == without_annotation(image))
}

/// Returns whether a manifest is a replacement of any image.
pub(crate) fn is_replacement(manifest: &Manifest) -> bool {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::capped::Capped;
    use crate::model::media_type::{DOCKER_LIST, DOCKER_MANIFEST};

    fn parse(document: &Value) -> Manifest {
        Manifest::parse(document.to_string().into(), None).expect("a manifest")
    }

    fn images() -> [Manifest; 4] {
        let docker = json!({"layers": [], "config": {"size": 7}}).to_string();
        [
            parse(&json!({"layers": [null, {"digest": "sha256:xx"}], "odd": [1, null]})),
            parse(&json!({"layers": [], "annotations": {"a": "b", "c": null}})),
            parse(&json!({"mediaType": DOCKER_LIST, "manifests": [{"digest": "sha256:xx"}]})),
            Manifest::parse(docker.into(), Some(DOCKER_MANIFEST)).expect("a manifest"),
        ]
    }

    #[test]
    fn no_two_replacements_share_a_digest_and_each_is_one_of_its_image() {
        for image in images() {
            let replacements: Vec<Manifest> =
                (0..50).map(|_| make_replacement(&image).expect("a replacement")).collect();
            let mut digests: HashSet<_> = replacements.iter().map(|replacement| replacement.digest).collect();
            digests.insert(image.digest);
            assert_eq!(digests.len(), 51);
            for replacement in &replacements {
                assert!(is_replacement(replacement) && is_replacement_of(replacement, &image));
                assert_eq!(replacement.media_type, image.media_type);
                assert!(!is_replacement_of(&image, replacement), "the image itself is none");
            }
            let again = make_replacement(&replacements[0]).expect("a replacement");
            assert!(again.digest != replacements[0].digest && is_replacement_of(&again, &image));
            assert!(!is_replacement(&image));
        }
    }

    #[test]
    fn a_replacement_belongs_to_no_other_image() {
        let images = images();
        for (number, image) in images.iter().enumerate() {
            let replacement = make_replacement(image).expect("a replacement");
            for (other_number, other) in images.iter().enumerate() {
                assert_eq!(is_replacement_of(&replacement, other), number == other_number);
            }
        }
    }

    #[test]
    fn a_manifest_that_was_not_read_completely_has_no_replacement_and_is_none() {
        let too_long = |manifest: &Manifest| {
            let mut manifest = manifest.clone();
            let Body::Image(body) = &mut manifest.body else { panic!("an image") };
            body.layers = Capped::new(body.layers.to_vec(), 1);
            manifest
        };
        let [image, ..] = images();
        let replacement = make_replacement(&image).expect("a replacement");
        assert!(
            make_replacement(&too_long(&image)).is_err_and(|why| why.contains("more than can be looked at"))
        );
        assert!(!is_replacement_of(&too_long(&replacement), &image));
        assert!(!is_replacement_of(&replacement, &too_long(&image)));
    }

    #[test]
    fn manifests_without_annotations_have_no_replacement() {
        let table = [
            (json!({"schemaVersion": 1, "fsLayers": []}), "this old kind"),
            (json!({"blobs": []}), "this old kind"),
            (json!({"a": 1}), "this old kind"),
            (json!({"layers": [], "annotations": 7}), "its annotations are malformed"),
            (json!({"layers": [], "annotations": null}), "its annotations are malformed"),
        ];
        for (document, reason) in table {
            let outcome = make_replacement(&parse(&document));
            assert!(outcome.is_err_and(|why| why.contains(reason)), "{document}");
        }
    }
}
