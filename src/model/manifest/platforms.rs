//! Reduces an index to some of its platforms.
//!
//! One platform of an index is copied as the plain manifest of that platform, under its own digest. Users expect that
//! if they name one platform, and a signature of that manifest stays valid. Several platforms become a shorter index
//! with a new digest.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::{Body, Descriptor, Manifest};
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

impl Split {
    /// Replaces the platforms that are copied by those of an inner index.
    pub(crate) fn narrow(&mut self, inner: Split) {
        self.takes = inner.takes;
        self.leaves.extend(inner.leaves);
    }
}

/// The platforms of the images in the inner indexes of an index, by the digests of these inner indexes. Needed for those
/// that are listed without a platform.
pub(crate) type InnerPlatforms = HashMap<Digest, Vec<Platform>>;

/// Reduces an index to the requested platforms. Attestations of the images that stay are included. Adds the omitted
/// parts to `left_out`. Fails with a text if the index has none of the platforms.
pub(crate) fn narrow(
    manifest: &Manifest,
    requested: &[Platform],
    inner: &InnerPlatforms,
    left_out: &mut Vec<SafeText>,
) -> Result<Narrowed, String> {
    let Body::Index(index) = &manifest.body else { return Ok(Narrowed::Whole) };
    if requested.is_empty() {
        return Ok(Narrowed::Whole);
    }
    if !manifest.is_whole() {
        return Err("it lists too many images to be looked at".into());
    }
    let fits = |platform: &Platform| requested.iter().any(|requested| requested.is_same_machine(platform));
    let is_requested = |child: &Descriptor| platforms_of(child, inner).iter().any(fits);
    let images = || index.manifests.iter().filter(|child| !child.is_attestation());
    let kept: Vec<&Descriptor> = images().filter(|child| is_requested(child)).collect();
    if kept.is_empty() {
        let all: Vec<Platform> =
            images().flat_map(|child| platforms_of(child, inner)).filter(is_known).cloned().collect();
        return Err(format!("it has no {}: only {}", join_platforms(requested), join_platforms(&all)));
    }
    let is_missing = |requested: &&Platform| {
        let of_kept = kept.iter().flat_map(|child| platforms_of(child, inner));
        !of_kept.into_iter().any(|platform| requested.is_same_machine(platform))
    };
    left_out.extend(
        requested
            .iter()
            .filter(is_missing)
            .map(|platform| SafeText::from(format!("no {platform}: it is not there"))),
    );
    let kept_images: HashSet<Digest> = kept.iter().filter_map(|child| child.digest).collect();
    let attests = |child: &&Descriptor| child.attests().is_some_and(|about| kept_images.contains(&about));
    let attestations: Vec<&Descriptor> = index.manifests.iter().filter(attests).collect();
    if kept.len() + attestations.len() == index.manifests.len() {
        return Ok(match (requested, kept.as_slice()) {
            // The only child may be an index that has more platforms than the requested one.
            ([_], [child]) if platforms_of(child, inner).iter().any(|platform| !fits(platform)) => {
                child.digest.map_or(Narrowed::Whole, |child| Narrowed::Child(child, Split::default()))
            }
            _ => Narrowed::Whole,
        });
    }
    let mut split = Split::default();
    for child in images() {
        let side = if is_requested(child) { &mut split.takes } else { &mut split.leaves };
        side.extend(platforms_of(child, inner).iter().filter(is_known).cloned());
    }
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

/// Returns the platforms of a child: the one that the index names, else those of the images within the child.
fn platforms_of<'a>(child: &'a Descriptor, inner: &'a InnerPlatforms) -> &'a [Platform] {
    match &child.platform {
        Some(platform) => std::slice::from_ref(platform),
        None => child.digest.and_then(|digest| inner.get(&digest)).map_or(&[], Vec::as_slice),
    }
}

fn is_known(platform: &&Platform) -> bool {
    !platform.is_unknown()
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

fn join_platforms(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(Platform::to_string).collect();
    if names.is_empty() { "children without a platform".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
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

    /// The platforms of inner indexes: `release` has two, `preview` has one.
    fn inner() -> InnerPlatforms {
        let platforms = |names: &[&str]| names.iter().filter_map(|name| Platform::parse(name)).collect();
        let digest = |name: &str| Digest::sha256(name.as_bytes());
        HashMap::from([
            (digest("release"), platforms(&["linux/amd64", "linux/arm64"])),
            (digest("preview"), platforms(&["linux/s390x"])),
        ])
    }

    fn inner_index(name: &str) -> Value {
        json!({"mediaType": OCI_INDEX, "digest": digest(name), "size": 7})
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
        let names: HashMap<String, &str> = ["amd", "arm", "win", "sbom", "old", "release", "preview"]
            .into_iter()
            .map(|name| (digest(name), name))
            .collect();
        let name = |text: &String| names.get(text).map_or(text.clone(), ToString::to_string);
        let words = |split: &Split| {
            format!("takes {}; leaves {}", join_platforms(&split.takes), join_platforms(&split.leaves))
        };
        let mut left_out = Vec::new();
        let rest = match narrow(manifest, &requested, &inner(), &mut left_out) {
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
    fn the_images_of_inner_indexes_count_as_platforms() {
        let release = || inner_index("release");
        let both = index(&[release(), inner_index("preview")]);
        let table = [
            (&both, "linux/s390x", "preview: takes linux/s390x; leaves linux/amd64, linux/arm64"),
            (&both, "linux/arm64", "release: takes linux/amd64, linux/arm64; leaves linux/s390x"),
            (&both, "linux/arm64, linux/s390x", "whole"),
            (&both, "windows/amd64", "it has no windows/amd64: only linux/amd64, linux/arm64, linux/s390x"),
            (
                &index(&[release(), child("win", "windows/amd64")]),
                "linux/amd64, linux/arm64",
                "[release]: takes linux/amd64, linux/arm64; leaves windows/amd64",
            ),
            (&index(&[release()]), "linux/arm64", "release: takes ; leaves "),
        ];
        for (manifest, requested, rest) in table {
            let rest = rest.replace(
                "takes ; leaves ",
                "takes children without a platform; leaves children without a platform",
            );
            assert_eq!(narrowed(manifest, requested).0, rest, "{requested}");
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
        let Ok(Narrowed::Index(shorter, _)) = narrow(&usual(), &requested, &inner(), &mut Vec::new()) else {
            panic!("a shorter index")
        };
        let mut before: Value = serde_json::from_slice(&usual().raw).expect("JSON");
        before["manifests"].as_array_mut().expect("children").pop();
        let after: Value = serde_json::from_slice(&shorter.raw).expect("JSON");
        assert_eq!((after, shorter.media_type.as_str()), (before, DOCKER_LIST));
        assert!(shorter.digest != usual().digest && shorter.media_type.as_str() != OCI_INDEX);
    }
}
