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
pub(crate) enum Narrowed {
    /// All of it: it has no other platforms, or is no index.
    Whole,
    /// The plain manifest of the one platform.
    Child(Digest, Split),
    /// A shorter index.
    Index(Arc<Manifest>, Split),
}

/// The platforms of an index that are copied, and those that are not.
#[derive(Default)]
pub(crate) struct Split {
    /// The platforms that are copied.
    pub(crate) takes: Vec<Platform>,
    /// The platforms that are not copied.
    pub(crate) leaves: Vec<Platform>,
}

/// Reduces an index to the requested platforms. Attestations of the images that stay are included. Adds the omitted
/// parts to `left_out`. Fails with a text if the index has none of the platforms.
pub(crate) fn narrow(
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
    if names.is_empty() { "children without a platform".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;
    use crate::model::capped::Capped;
    use crate::model::media_type::{DOCKER_LIST, OCI_INDEX, OCI_MANIFEST};

    fn digest(name: &str) -> String {
        Digest::sha256(name.as_bytes()).to_string()
    }

    fn child(name: &str, platform: &str) -> Value {
        let (os, architecture) = platform.split_once('/').expect("two words");
        let platform = json!({"os": os, "architecture": architecture});
        json!({"mediaType": OCI_MANIFEST, "digest": digest(name), "size": 7, "platform": platform})
    }

    fn attestation(name: &str, about: &str) -> Value {
        let mut child = child(name, "unknown/unknown");
        child["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": digest(about),
        });
        child
    }

    fn index(children: &[Value]) -> Manifest {
        let document = json!({"mediaType": DOCKER_LIST, "manifests": children, "odd": {"b": 1, "a": [null]}});
        Manifest::parse(document.to_string().into(), None).expect("an index")
    }

    fn usual() -> Manifest {
        index(&[
            child("amd", "linux/amd64"),
            child("arm", "linux/arm64"),
            attestation("sbom", "amd"),
            child("win", "windows/amd64"),
        ])
    }

    /// Narrows to platforms, `os/architecture` with `,` between them. Returns the rest and the omitted parts in words.
    fn narrowed(manifest: &Manifest, requested: &str) -> (String, Vec<String>) {
        let requested: Vec<Platform> =
            requested.split(',').filter_map(|text| Platform::parse(text.trim())).collect();
        let names: HashMap<String, &str> =
            ["amd", "arm", "win", "sbom", "old"].into_iter().map(|name| (digest(name), name)).collect();
        let name = |text: &String| names.get(text).map_or(text.clone(), ToString::to_string);
        let words = |split: &Split| {
            format!("takes {}; leaves {}", join_platforms(&split.takes), join_platforms(&split.leaves))
        };
        let mut left_out = Vec::new();
        let rest = match narrow(manifest, &requested, &mut left_out) {
            Ok(Narrowed::Whole) => "whole".into(),
            Ok(Narrowed::Child(child, split)) => format!("{}: {}", name(&child.to_string()), words(&split)),
            Ok(Narrowed::Index(index, split)) => {
                let children: Vec<String> =
                    index.children().iter().map(|child| name(&child.digest_text)).collect();
                format!("[{}]: {}", children.join(" "), words(&split))
            }
            Err(why) => why,
        };
        (rest, left_out.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_index_is_reduced_to_the_platforms_that_are_requested() {
        let attestations = "the attestations of the platform: they belong to the index, which is not copied";
        let table: [(&str, &str, &[&str]); 9] = [
            ("", "whole", &[]),
            ("linux/amd64", "amd: takes linux/amd64; leaves linux/arm64, windows/amd64", &[attestations]),
            ("linux/arm64", "arm: takes linux/arm64; leaves linux/amd64, windows/amd64", &[]),
            ("linux/aarch64", "arm: takes linux/arm64; leaves linux/amd64, windows/amd64", &[]),
            (
                "linux/arm64, linux/amd64",
                "[amd arm sbom]: takes linux/amd64, linux/arm64; leaves windows/amd64",
                &[],
            ),
            (
                "linux/arm64, windows/amd64",
                "[arm win]: takes linux/arm64, windows/amd64; leaves linux/amd64",
                &[],
            ),
            ("linux/amd64, linux/arm64, windows/amd64", "whole", &[]),
            (
                "linux/arm64, linux/s390x",
                "[arm]: takes linux/arm64; leaves linux/amd64, windows/amd64",
                &["no linux/s390x: it is not there"],
            ),
            ("linux/s390x", "it has no linux/s390x: only linux/amd64, linux/arm64, windows/amd64", &[]),
        ];
        for (requested, rest, left_out) in table {
            let left_out = left_out.iter().map(ToString::to_string).collect();
            assert_eq!(narrowed(&usual(), requested), (rest.to_string(), left_out), "{requested}");
        }
    }

    #[test]
    fn odd_indexes_are_reduced_or_refused() {
        let unknown = json!({"digest": "sha256:xx", "platform": {"os": "linux", "architecture": "arm64"}});
        let amd = || child("amd", "linux/amd64");
        let table = [
            (
                "no platforms",
                index(&[json!({"digest": digest("amd")})]),
                "it has no linux/arm64: only children without a platform",
            ),
            ("no children", index(&[]), "it has no linux/arm64: only children without a platform"),
            (
                "unknown digest",
                index(&[unknown, amd()]),
                "[sha256:xx]: takes linux/arm64; leaves linux/amd64",
            ),
            (
                "two builds for one machine",
                index(&[child("arm", "linux/arm64"), amd(), child("old", "linux/arm64")]),
                "[arm old]: takes linux/arm64, linux/arm64; leaves linux/amd64",
            ),
            (
                "listed twice",
                index(&[child("arm", "linux/arm64"), amd(), child("arm", "linux/arm64")]),
                "[arm arm]: takes linux/arm64, linux/arm64; leaves linux/amd64",
            ),
            (
                "only that and its attestation",
                index(&[child("arm", "linux/arm64"), attestation("sbom", "arm")]),
                "whole",
            ),
        ];
        for (case, index, rest) in table {
            assert_eq!(narrowed(&index, "linux/arm64").0, rest, "{case}");
        }
    }

    #[test]
    fn manifests_that_are_no_index_stay_whole() {
        for text in
            [r#"{"layers":[]}"#, r#"{"blobs":[]}"#, r#"{"schemaVersion":1,"fsLayers":[]}"#, r#"{"a":1}"#]
        {
            let manifest = Manifest::parse(text.into(), None).expect("a manifest");
            assert_eq!(narrowed(&manifest, "linux/amd64").0, "whole", "{text}");
        }
    }

    #[test]
    fn an_index_that_was_not_read_completely_is_not_reduced() {
        let mut index = usual();
        let Body::Index(body) = &mut index.body else { panic!("an index") };
        body.manifests = Capped::new(body.manifests.to_vec(), 1);
        assert_eq!(narrowed(&index, "linux/amd64").0, "it lists too many images to be looked at");
        assert_eq!(narrowed(&index, "").0, "whole", "as it is, it can be copied");
    }

    #[test]
    fn a_shorter_index_is_otherwise_the_same() {
        let requested = ["linux/amd64", "linux/arm64"].map(|text| Platform::parse(text).expect("a platform"));
        let Ok(Narrowed::Index(shorter, _)) = narrow(&usual(), &requested, &mut Vec::new()) else {
            panic!("a shorter index")
        };
        let mut before: Value = serde_json::from_slice(&usual().raw).expect("JSON");
        before["manifests"].as_array_mut().expect("children").pop();
        let after: Value = serde_json::from_slice(&shorter.raw).expect("JSON");
        assert_eq!((after, shorter.media_type.as_str()), (before, DOCKER_LIST));
        assert!(shorter.digest != usual().digest && shorter.media_type.as_str() != OCI_INDEX);
    }
}
