//! The Dockerfile of an image: as the provenance of its build holds it, or reconstructed from its history.
//!
//! BuildKit puts the Dockerfile into the provenance with `mode=max`:
//! <https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md>. Nothing proves that an image was
//! built from it, unless the attestation is signed.

mod lines;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Serialize;

use super::annotations;
use super::attached::buildkit::{self, BuildSource};
use super::base_image::{BASE_DIGEST, BASE_NAME};
use super::digest::Digest;
use super::image::{ImageConfig, LayerRow, LayerTable};
use super::lenient::{self, Members};
use super::plural::counted;
use lines::Lines;

/// The most bytes of the name of a base image. Names of images are shorter.
const LONGEST_BASE: usize = 512;
/// The source of a Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DockerfileSource {
    /// The provenance of the build holds it.
    Provenance,
    /// It was reconstructed from the history in the config.
    History,
}

/// The Dockerfile of an image. All text in it is untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dockerfile {
    /// Its source.
    pub source: DockerfileSource,
    /// The name of the file, if the provenance tells it.
    pub filename: Option<String>,
    /// The base image, if annotations or labels name it.
    pub base: Option<String>,
    /// The number of layers at the bottom that look like those of the base image.
    pub base_layers: Option<usize>,
    /// The lines. Of provenance: the exact text.
    pub text: String,
}

impl Dockerfile {
    /// Reads the Dockerfile in the statement of a provenance, of SLSA v0.2 or v1, bare or in a DSSE envelope. Returns
    /// `None` if it holds none.
    pub fn of_provenance(statement: &[u8]) -> Option<Dockerfile> {
        let text = lenient::decode(statement);
        let text = payload_of(&text).map_or(text, Cow::Owned);
        let predicate = Members::of(&text, &["predicate"])?.object("predicate", &["metadata", "rundetails"]);
        let older = predicate.object("metadata", &buildkit::METADATA);
        let newer = predicate.object("rundetails", &["metadata"]).object("metadata", &buildkit::METADATA);
        let source = [older, newer].iter().find_map(BuildSource::of_metadata)?;
        Some(Dockerfile {
            source: DockerfileSource::Provenance,
            filename: source.filename,
            base: None,
            base_layers: None,
            text: source.text,
        })
    }

    /// Reconstructs the Dockerfile of an image from its layers with their steps. Sources of copies, stages and comments
    /// are lost. `annotations` are those of the manifest, then those of the index for it; labels come last.
    pub fn reconstruct(
        table: &LayerTable,
        config: Option<&ImageConfig>,
        annotations: &[&BTreeMap<String, String>],
    ) -> Dockerfile {
        let labels = config.map(|config| &*config.labels);
        let named = |name: &str| {
            annotations.iter().copied().chain(labels).find_map(|texts| annotations::value(texts, name))
        };
        let is_name = |name: &&str| name.len() <= LONGEST_BASE && !name.contains(char::is_whitespace);
        let base = named(BASE_NAME).filter(is_name);
        let base_digest: Option<Digest> = named(BASE_DIGEST).and_then(|digest| digest.parse().ok());
        let base_rows = find_base(&table.rows);
        let base_layers = base_rows.map(|end| count_layers(&table.rows[..end]));
        let mut out = Lines::default();
        out.comment("reconstructed from the history: sources of copies, stages and comments are lost");
        if table.approximate {
            out.comment("history and layers do not line up, so a layer may stand at the wrong step");
        }
        let layers = base_layers.map(|count| match count {
            1 => "the first layer looks like it".to_string(),
            count => format!("the first {count} layers look like it"),
        });
        match (base, &layers) {
            (Some(base), layers) => {
                out.comment(match layers {
                    Some(layers) => format!("base image: {layers}; its steps are comments"),
                    None => {
                        "base image: its layers are not known, so its steps may be among these".to_string()
                    }
                });
                if let Some(digest) = base_digest {
                    out.comment(format!("base image: {digest}"));
                }
                out.line(&format!("FROM {base}"));
            }
            (None, Some(layers)) => out.comment(format!("base image: not known; {layers}")),
            (None, None) => {
                let layers = counted(count_layers(&table.rows), "layer", "layers");
                out.comment(format!("base image: not known; the image has {layers}"));
            }
        }
        for (index, row) in table.rows.iter().enumerate() {
            out.row(row, base.is_some() && base_rows.is_some_and(|end| index < end));
        }
        if table.left_out > 0 {
            out.comment(format!("and {} more", counted(table.left_out, "step or layer", "steps or layers")));
        }
        if table.rows.iter().all(|row| row.created_by.is_none())
            && let Some(config) = config
        {
            out.config(config);
        }
        Dockerfile {
            source: DockerfileSource::History,
            filename: None,
            base: base.map(str::to_owned),
            base_layers,
            text: out.0,
        }
    }
}

/// Returns the statement in a DSSE envelope:
/// <https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>.
fn payload_of(text: &str) -> Option<String> {
    let payload = Members::of(text, &["payload"])?.read("payload", lenient::text)?;
    let bytes = STANDARD.decode(&payload).or_else(|_| URL_SAFE.decode(&payload)).ok()?;
    Some(lenient::decode(&bytes).into_owned())
}

/// Returns the number of rows that look like those of the base image: up to a `CMD` or `ENTRYPOINT` before further
/// layers, because the Dockerfile of a single image has it at its end.
fn find_base(rows: &[LayerRow]) -> Option<usize> {
    let starts_program = |row: &LayerRow| {
        let step = row.instruction.as_deref().unwrap_or_default();
        row.layer.is_none() && (step.starts_with("CMD ") || step.starts_with("ENTRYPOINT "))
    };
    let last_layer = rows.iter().rposition(|row| row.layer.is_some())?;
    let end = rows[..last_layer].iter().rposition(starts_program)? + 1;
    Some(end).filter(|end| count_layers(&rows[..*end]) > 0)
}

fn count_layers(rows: &[LayerRow]) -> usize {
    rows.iter().filter(|row| row.layer.is_some()).count()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::image::HistoryEntry;
    use crate::model::manifest::Manifest;

    fn statement(predicate: &Value) -> Vec<u8> {
        json!({ "_type": "https://in-toto.io/Statement/v0.1", "predicate": predicate }).to_string().into()
    }

    /// Provenance with these source files: name, language and content. The older form of v1, and v1 in an envelope, come
    /// last.
    fn all_forms(files: &[(&str, &str, &str)]) -> [Vec<u8>; 4] {
        let info = |(name, language, content): &(&str, &str, &str)| json!({ "filename": name, "language": language, "data": STANDARD.encode(content) });
        let source = json!({ "source": { "infos": files.iter().map(info).collect::<Vec<_>>() } });
        let key = "https://mobyproject.org/buildkit@v1#metadata";
        let newer = statement(&json!({ "runDetails": { "metadata": { "buildkit_metadata": source } } }));
        [
            statement(&json!({ "metadata": { key: source } })),
            newer.clone(),
            statement(&json!({ "runDetails": { "metadata": { key: source } } })),
            json!({ "payload": STANDARD.encode(newer), "signatures": [] }).to_string().into(),
        ]
    }

    #[test]
    fn the_dockerfile_of_provenance_is_exact_in_each_version_of_slsa() {
        let content = "# syntax=docker/dockerfile:1\r\nFROM alpine AS build\n\tRUN \\\n  true\n";
        for bytes in all_forms(&[("x.hcl", "HCL", "x"), ("Dockerfile", "Dockerfile", content)]) {
            let found = Dockerfile::of_provenance(&bytes).expect("a Dockerfile");
            assert_eq!(found.text, content);
            assert_eq!(found.filename.as_deref(), Some("Dockerfile"));
        }
        for bytes in all_forms(&[("build.yaml", "", "x")]) {
            assert_eq!(Dockerfile::of_provenance(&bytes).map(|found| found.text).as_deref(), Some("x"));
        }
    }

    #[test]
    fn provenance_without_a_dockerfile_or_with_nonsense_has_none() {
        let [older, newer, ..] = all_forms(&[]);
        let infos = |infos: Value| {
            statement(
                &json!({ "runDetails": { "metadata": { "buildkit_metadata": { "source": { "infos": infos }}}}}),
            )
        };
        for bytes in [
            older,
            newer,
            infos(json!([{ "filename": "Dockerfile" }, 7, null])),
            infos(json!([{ "data": "%%%" }])),
            infos(json!({ "data": "eA==" })),
            b"[]".to_vec(),
            b"\xff".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(Dockerfile::of_provenance(&bytes), None, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    fn reconstruct(steps: &[(&str, bool)], mut config: ImageConfig, base: Option<&str>) -> Dockerfile {
        let count = steps.iter().filter(|(_, is_empty)| !is_empty).count();
        let layer = |number: usize| json!({ "digest": Digest::sha256(&[number as u8]), "size": 1_000_000 * (number + 1) });
        let mut manifest = json!({ "layers": (0..count).map(layer).collect::<Vec<_>>() });
        if let Some(base) = base {
            manifest["annotations"] = json!({ BASE_NAME: base });
        }
        let manifest = Manifest::parse(manifest.to_string().into(), None).expect("a manifest");
        let step = |(by, empty): &(&str, bool)| HistoryEntry {
            created_by: Some((*by).into()),
            empty_layer: *empty,
            ..HistoryEntry::default()
        };
        config.history = steps.iter().map(step).collect();
        let table = LayerTable::join(&manifest, Some(&config));
        Dockerfile::reconstruct(&table, Some(&config), manifest.annotations().as_slice())
    }

    fn config_with(change: impl FnOnce(&mut ImageConfig)) -> ImageConfig {
        let mut config = ImageConfig::default();
        change(&mut config);
        config
    }

    /// The lines without those about layers.
    fn lines(dockerfile: &Dockerfile) -> Vec<&str> {
        dockerfile.text.lines().skip(1).filter(|line| !line.starts_with("# layer ")).collect()
    }

    const STEPS: [(&str, bool); 6] = [
        ("/bin/sh -c #(nop) ADD file:ab in / ", false),
        (r#"/bin/sh -c #(nop)  CMD ["bash"]"#, true),
        ("ARG V=1", true),
        ("RUN |1 V=1 /bin/sh -c make $V # buildkit", false),
        ("bazel build ...", false),
        (r#"CMD ["app"]"#, true),
    ];

    #[test]
    fn steps_become_instructions_with_the_layer_above_them() {
        let found = reconstruct(&STEPS, ImageConfig::default(), None);
        assert_eq!(
            lines(&found),
            [
                "# base image: not known; the first layer looks like it",
                "ADD <file> /",
                r#"CMD ["bash"]"#,
                "ARG V=1",
                "RUN make $V",
                "# bazel build ...",
                r#"CMD ["app"]"#,
            ]
        );
        let layer = format!("# layer {} 2 MB\nRUN make", Digest::sha256(&[1]));
        assert!(found.text.starts_with("# reconstructed") && found.text.contains(&layer), "{}", found.text);
        assert_eq!((found.source, found.base_layers), (DockerfileSource::History, Some(1)));
    }

    #[test]
    fn a_base_image_is_named_only_if_the_image_names_it() {
        let found = reconstruct(&STEPS, ImageConfig::default(), Some("debian:12"));
        assert_eq!(
            lines(&found)[..4],
            [
                "# base image: the first layer looks like it; its steps are comments",
                "FROM debian:12",
                "# ADD <file> /",
                r#"# CMD ["bash"]"#,
            ]
        );
        let labels = BTreeMap::from([(BASE_NAME.to_string(), "alpine".to_string())]);
        let config = config_with(|config| config.labels = labels.into());
        let found = reconstruct(&STEPS[2..], config, None);
        assert_eq!((found.base.as_deref(), found.base_layers), (Some("alpine"), None));
        let forged = reconstruct(&STEPS, ImageConfig::default(), Some("debian\nRUN rm -rf /"));
        assert_eq!(forged.base, None);
        assert!(!forged.text.contains("rm -rf"), "{}", forged.text);
        let forged = reconstruct(&[("FROM evil", true), ("RUN a", false)], ImageConfig::default(), None);
        assert_eq!(
            lines(&forged),
            ["# base image: not known; the image has 1 layer", "# FROM evil", "RUN a"]
        );
    }

    #[test]
    fn an_image_without_a_history_has_the_instructions_of_its_config() {
        let config = config_with(|config| {
            config.env = vec!["A=b  \"c\"".to_string(), "B".into()].into();
            config.entrypoint = vec!["/app".to_string(), "x\ny".into()].into();
            config.user = Some("1000".into());
        });
        let found = reconstruct(&[], config, None);
        assert_eq!(
            lines(&found)[2..],
            [r#"ENV A="b  \"c\"""#, "ENV B=\"\"", "USER 1000", r#"ENTRYPOINT ["/app", "x\ny"]"#]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_each_step_takes_at_most_two_lines(
            steps in proptest::collection::vec(("\\PC*|(.|\n)*", proptest::bool::ANY), 0..6)
        ) {
            let steps: Vec<(&str, bool)> = steps.iter().map(|(by, empty)| (by.as_str(), *empty)).collect();
            let found = reconstruct(&steps, ImageConfig::default(), None);
            proptest::prop_assert!(found.text.lines().count() <= 4 + 2 * steps.len());
        }

        #[test]
        fn no_statement_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            Dockerfile::of_provenance(&bytes);
        }
    }
}
