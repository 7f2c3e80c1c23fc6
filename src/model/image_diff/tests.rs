use serde_json::{Value, json};

use super::*;
use crate::model::media_type::OCI_MANIFEST;

struct Image {
    manifest: Manifest,
    config: ImageConfig,
}

impl Image {
    /// An image with these layers: the content that names the blob, the content inside, and the size.
    fn of(layers: &[(&str, &str, u64)], config: Value, annotations: Value) -> Image {
        let digest = |content: &str| Digest::sha256(content.as_bytes()).to_string();
        let mut config = config;
        config["rootfs"] =
            json!({"diff_ids": layers.iter().map(|(_, inner, _)| digest(inner)).collect::<Vec<_>>()});
        let layer = |(blob, _, size): &(&str, &str, u64)| json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(blob), "size": size});
        let raw = config.to_string();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(&raw), "size": 7},
            "layers": layers.iter().map(layer).collect::<Vec<_>>(),
            "annotations": annotations,
        });
        Image {
            manifest: Manifest::parse(manifest.to_string().into(), None).expect("a manifest"),
            config: ImageConfig::parse(raw.into()).expect("a config"),
        }
    }

    fn input(&self) -> DiffInput<'_> {
        DiffInput {
            reference: "r.test/app:1",
            manifest: &self.manifest,
            config: Some(&self.config),
            platform: self.config.platform.as_ref(),
        }
    }
}

fn diff(left: &Image, right: &Image) -> ImageDiff {
    ImageDiff::of(left.input(), right.input())
}

fn changes(diff: &ImageDiff) -> Vec<LayerChange> {
    diff.layers.iter().map(|layer| layer.change).collect()
}

fn config_rows(left: Value, right: Value) -> Vec<(String, Option<String>, Option<String>)> {
    let [left, right] = [left, right].map(|config| Image::of(&[], config, json!({})));
    diff(&left, &right).config.into_iter().map(|row| (row.path, row.left, row.right)).collect()
}

#[test]
fn an_image_and_itself_do_not_differ() {
    let image =
        Image::of(&[("a", "A", 1)], json!({"os": "linux", "architecture": "amd64"}), json!({"k": "v"}));
    let diff = diff(&image, &image);
    assert!(diff.is_same() && diff.config.is_empty() && !diff.is_cut);
    assert_eq!((changes(&diff), diff.new_bytes), (vec![LayerChange::Shared], Some(0)));
}

#[test]
fn layers_are_shared_by_digest_or_by_their_uncompressed_bytes() {
    let left = Image::of(&[("a", "A", 1), ("b", "B", 20), ("c", "C", 300)], json!({}), json!({}));
    let right = Image::of(&[("a", "A", 1), ("zstd b", "B", 15), ("d", "D", 4_000)], json!({}), json!({}));
    let diff = diff(&left, &right);
    use LayerChange::{Added, Removed, Shared};
    assert_eq!(changes(&diff), [Shared, Shared, Removed, Added]);
    assert_eq!((diff.count(Shared), diff.count(Removed), diff.count(Added)), ((2, 16), (1, 300), (1, 4_000)));
    assert_eq!(diff.layers[1].left_digest, Some(Digest::sha256(b"b").to_string()));
    assert_eq!(diff.layers[0].left_digest, None);
    // The config and the recompressed layer have to be downloaded, by a client that knows blobs.
    assert_eq!(diff.new_bytes, Some(7 + 15 + 4_000));
}

#[test]
fn a_new_config_is_part_of_the_download_and_a_missing_size_makes_it_unknown() {
    let left = Image::of(&[("a", "A", 1)], json!({}), json!({}));
    let right = Image::of(&[("a", "A", 1), ("b", "B", 10)], json!({"author": "x"}), json!({}));
    assert_eq!(diff(&left, &right).new_bytes, Some(7 + 10));
    let manifest = String::from_utf8_lossy(&right.manifest.raw).replace("\"size\":10", "\"size\":-1");
    let right = Image { manifest: Manifest::parse(manifest.into(), None).expect("a manifest"), ..right };
    assert_eq!(diff(&left, &right).new_bytes, None);
}

#[test]
fn each_value_of_the_config_that_differs_is_a_row() {
    let left = json!({"os": "linux", "architecture": "amd64", "config": {
        "Env": ["PATH=/bin", "GONE=1", "SAME=x", "TWICE=1", "TWICE=2"], "Cmd": ["a", "b c"], "User": "",
        "ExposedPorts": {"80/tcp": {}}, "Labels": {"v": "1"}, "StopSignal": "SIGTERM"}});
    let right = json!({"os": "linux", "architecture": "arm64", "config": {
        "Env": ["SAME=x", "NEW=", "TWICE=2", "PATH=/usr/bin"], "Cmd": ["a", "b", "c"], "User": "65532",
        "ExposedPorts": {"80/tcp": {}, "443/tcp": {}}, "Labels": {"v": "2"}, "StopSignal": "SIGTERM",
        "Healthcheck": {"Test": ["CMD", "true"]}, "Volumes": {"/data": {}}}});
    let rows = config_rows(left, right);
    let rows: Vec<_> =
        rows.iter().map(|(path, left, right)| (path.as_str(), left.as_deref(), right.as_deref())).collect();
    assert_eq!(
        rows,
        [
            ("platform", Some("linux/amd64"), Some("linux/arm64")),
            ("user", None, Some("65532")),
            ("cmd", Some(r#"["a","b c"]"#), Some(r#"["a","b","c"]"#)),
            ("healthcheck", None, Some(r#"["CMD","true"]"#)),
            ("env.GONE", Some("1"), None),
            ("env.NEW", None, Some("")),
            ("env.PATH", Some("/bin"), Some("/usr/bin")),
            ("exposed_ports.443/tcp", None, Some("")),
            ("volumes./data", None, Some("")),
            ("labels.v", Some("1"), Some("2")),
        ]
    );
}

#[test]
fn a_replaced_step_of_the_history_shares_its_row() {
    let steps = |steps: &[&str]| {
        let steps: Vec<_> =
            steps.iter().map(|step| json!({"created_by": step, "empty_layer": true})).collect();
        json!({"history": steps})
    };
    let rows = config_rows(steps(&["a", "b", "c", "d"]), steps(&["a", "x", "y", "c"]));
    let text = |text: &str| Some(text.to_string());
    let rows: Vec<_> = rows.into_iter().map(|(path, left, right)| (path, (left, right))).collect();
    assert!(rows.iter().all(|(path, _)| path == "history"), "{rows:?}");
    let rows: Vec<_> = rows.into_iter().map(|(_, sides)| sides).collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows[0].0.is_some() && rows[0].1.is_some() && rows[1].0.is_none() && rows[2].1.is_none());
    assert!(rows[2].0 != text("c"), "{rows:?}");
}

#[test]
fn annotations_come_last_and_name_the_base() {
    let base = |digest: &str| json!({"org.opencontainers.image.base.name": "debian:12", "org.opencontainers.image.base.digest": digest});
    let left = Image::of(&[], json!({"config": {"User": "a"}}), base("sha256:1"));
    let right = Image::of(&[], json!({"config": {"User": "b"}}), base("sha256:2"));
    let diff = diff(&left, &right);
    let paths: Vec<&str> = diff.config.iter().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["user", "annotations.org.opencontainers.image.base.digest"]);
    assert_eq!(diff.left.base.as_deref(), Some("debian:12@sha256:1"));
}

#[test]
fn blank_annotations_name_no_base_and_labels_may() {
    // buildah writes these for an image that has no base.
    let blank =
        || json!({"org.opencontainers.image.base.name": "", "org.opencontainers.image.base.digest": ""});
    let left = Image::of(&[], json!({}), blank());
    let labels = json!({"config": {"Labels": {"org.opencontainers.image.base.name": "alpine"}}});
    let right = Image::of(&[], labels, blank());
    let diff = diff(&left, &right);
    assert_eq!((diff.left.base.as_deref(), diff.right.base.as_deref()), (None, Some("alpine")));
}

#[test]
fn lists_that_are_too_long_are_reported() {
    let many: Vec<String> = (0..20_000).map(|number| format!("K{number}=1")).collect();
    let long = Image::of(&[], json!({"config": {"Env": many}}), json!({}));
    let short = Image::of(&[], json!({}), json!({}));
    assert!(diff(&long, &short).is_cut && diff(&short, &long).is_cut && !diff(&short, &short).is_cut);
}

#[test]
fn two_layers_of_an_image_stand_alone_on_their_sides() {
    let image = Image::of(&[("a", "A", 1), ("b", "B", 20), ("c", "A", 3)], json!({}), json!({}));
    let layers = |left, right| ImageDiff::of_layers((image.input(), left), (image.input(), right));
    let diff = layers(1, 2).expect("two layers");
    assert_eq!(changes(&diff), [LayerChange::Removed, LayerChange::Added]);
    assert_eq!((diff.layers[0].left, diff.layers[1].right), (Some(0), Some(0)));
    assert_eq!((diff.right.name().as_str(), diff.is_of_layers()), ("r.test/app:1 layer 2", true));
    assert_eq!((diff.right.size, diff.new_bytes), (Some(20), Some(20)));
    // The same content in another compression.
    let same = layers(1, 3).expect("two layers");
    assert_eq!(changes(&same), [LayerChange::Shared]);
    assert_eq!(same.layers[0].left_digest, Some(Digest::sha256(b"a").to_string()));
    assert_eq!((layers(1, 4), layers(0, 1)), (None, None));
}

#[test]
fn layers_of_two_images_have_the_steps_of_their_own_image() {
    let config = |step: &str| json!({"history": [{"created_by": "ADD"}, {"created_by": step}]});
    let left = Image::of(&[("a", "A", 1), ("b", "B", 20)], config("RUN left"), json!({}));
    let right = Image::of(&[("a", "A", 1), ("c", "C", 300)], config("RUN right"), json!({}));
    let diff = ImageDiff::of_layers((left.input(), 2), (right.input(), 2)).expect("two layers");
    let steps: Vec<_> = diff.layers.iter().map(|layer| layer.instruction.as_deref()).collect();
    assert_eq!(steps, [Some("RUN left"), Some("RUN right")]);
    assert_eq!((diff.left.size, diff.right.size, diff.new_bytes), (Some(20), Some(300), Some(300)));
}

#[test]
fn shared_layers_are_those_of_the_right_image_that_the_left_one_has() {
    let left = Image::of(&[("a", "A", 10), ("b", "B", 20)], json!({}), json!({}));
    let right = Image::of(&[("a", "A", 10), ("c", "C", 300)], json!({}), json!({}));
    let shared = SharedLayers::of(&left.manifest, &right.manifest);
    assert_eq!((shared.shared, shared.all, shared.new_bytes, shared.is_same), (1, 2, Some(307), false));
    assert!(SharedLayers::of(&left.manifest, &left.manifest).is_same);
}
