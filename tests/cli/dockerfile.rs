//! `regtui dockerfile` as a shell runs it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regtui::demo::faults::Fault;
use regtui::demo::image::PushedImage;
use regtui::demo::layer::DemoLayer;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::digest::Digest;
use serde_json::{Value, json};

use crate::support::samples;
use crate::support::shell::{Shell, open};

const SOURCE: &str = "# syntax=docker/dockerfile:1\nFROM alpine\nRUN\techo \u{1b}[2J \\\n  && true\n";

fn app(store: &Store) -> PushedImage {
    store
        .image("app")
        .platform("linux", "amd64")
        .layer("/bin/sh -c #(nop) ADD file:ab in / ", DemoLayer::of(&[("a", "1")]))
        .step("/bin/sh -c #(nop)  CMD [\"bash\"]")
        .layer("RUN |1 V=1 /bin/sh -c make $V\u{1b}[31m # buildkit", DemoLayer::of(&[("b", "22")]))
        .label("org.opencontainers.image.base.name", "docker.io/library/alpine:3.22")
        .push()
}

fn statement(predicate: &Value) -> String {
    json!({ "_type": "https://in-toto.io/Statement/v0.1", "predicate": predicate }).to_string()
}

/// An index with an image, and an attestation of it with this predicate.
async fn attested(predicate: &Value) -> (Demo, String) {
    let store = Store::new();
    let image = app(&store);
    let attestation = store
        .artifact("app")
        .layer("application/vnd.in-toto+json", r#"{"predicate":{"files":[]}}"#)
        .layer("application/vnd.in-toto+json", statement(predicate))
        .push();
    let descriptor = json!({
        "mediaType": attestation.media_type,
        "digest": attestation.digest,
        "size": attestation.size,
        "annotations": {
            "vnd.docker.reference.digest": image.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        },
        "platform": { "architecture": "unknown", "os": "unknown" },
    });
    store.index("app").child(&image).descriptor(descriptor).tag("1").push();
    let demo = open(DemoSettings::default(), store).await;
    let name = format!("{}/app:1", demo.address());
    (demo, name)
}

#[tokio::test]
async fn the_provenance_of_another_image_is_left_out() {
    for (subject, source) in [("self", "provenance"), ("other", "history")] {
        let store = Store::new();
        let image = app(&store);
        let digest = if subject == "self" { image.digest.hex() } else { "9".repeat(64) };
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": [{ "name": "x", "digest": { "sha256": digest } }],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": provenance(),
        });
        let kind = "application/vnd.docker.attestation.manifest.v1+json";
        let artifact = store.artifact("app").kind(kind);
        artifact.layer("application/vnd.in-toto+json", statement.to_string()).subject(&image).push();
        let demo = open(DemoSettings::default(), store).await;
        let name = format!("{}/app@{}", demo.address(), image.digest);
        let ended = Shell::new().run(&["dockerfile", &name, "--json"]).await;
        assert_eq!(ended.assert_code(0).json()["source"], source);
    }
}

fn provenance() -> Value {
    let infos =
        json!([{ "filename": "Dockerfile", "language": "Dockerfile", "data": STANDARD.encode(SOURCE) }]);
    json!({ "runDetails": { "metadata": { "buildkit_metadata": { "source": { "infos": infos } } } } })
}

#[tokio::test]
async fn the_dockerfile_of_provenance_is_printed_as_it_is_and_labelled_on_stderr() {
    let (_demo, image) = attested(&provenance()).await;
    let shell = Shell::new();
    let ended = shell.run(&["dockerfile", &image]).await;
    ended.assert_code(0).assert_says("from provenance of sha256:").assert_says(": Dockerfile");
    assert_eq!(ended.stdout, SOURCE.replace('\u{1b}', "␛"));
    let ended = shell.run(&["dockerfile", "--json", &image]).await;
    assert!(!ended.stdout.contains('\u{1b}') && ended.stderr.is_empty(), "{ended:?}");
    let found = ended.assert_code(0).json();
    assert_eq!((&found["source"], &found["text"]), (&json!("provenance"), &json!(SOURCE)));
    assert_eq!(
        (&found["filename"], &found["platform"]["architecture"]),
        (&json!("Dockerfile"), &json!("amd64"))
    );
}

#[tokio::test]
async fn without_it_the_dockerfile_is_reconstructed_from_the_history() {
    let (_demo, image) = attested(&json!({ "metadata": { "buildInvocationID": "x" } })).await;
    let ended = Shell::new().run(&["dockerfile", &image]).await;
    ended.assert_code(0);
    let lines: Vec<&str> = ended.stdout.lines().filter(|line| !line.starts_with("# layer ")).collect();
    assert_eq!(
        lines,
        [
            "# reconstructed from the history: sources of copies, stages and comments are lost",
            "# base image: the first layer looks like it; its steps are comments",
            "FROM docker.io/library/alpine:3.22",
            "# ADD <file> /",
            r#"# CMD ["bash"]"#,
            "RUN make $V␛[31m",
        ]
    );
    let found = Shell::new().run(&["dockerfile", "--json", &image]).await.assert_code(0).json();
    assert_eq!(
        (&found["source"], &found["base"], &found["base_layers"]),
        (&json!("history"), &json!("docker.io/library/alpine:3.22"), &json!(1))
    );
}

#[tokio::test]
async fn provenance_that_cannot_be_read_is_named_and_the_history_is_used() {
    let (demo, image) = attested(&provenance()).await;
    let statement = Digest::sha256(statement(&provenance()).as_bytes()).to_string();
    demo.fault(move |request, _| {
        request
            .path
            .ends_with(&statement)
            .then(|| Fault::answer(403, &[], r#"{"errors":[{"code":"DENIED"}]}"#))
    });
    let ended = Shell::new().run(&["dockerfile", &image]).await;
    ended.assert_code(0).assert_says("cannot read the provenance sha256:").assert_says("DENIED");
    assert!(ended.stdout.starts_with("# reconstructed"), "{ended:?}");
}

#[tokio::test]
async fn a_referring_attestation_of_an_image_named_by_its_digest_is_found() {
    let store = Store::new();
    let image = app(&store);
    store
        .artifact("app")
        .kind("application/vnd.docker.attestation.manifest.v1+json")
        .subject(&image)
        .layer("application/vnd.in-toto+json", statement(&provenance()))
        .push();
    let demo = open(DemoSettings::default(), store).await;
    let name = format!("{}/app@{}", demo.address(), image.digest);
    let found = Shell::new().run(&["dockerfile", "--json", &name]).await.assert_code(0).json();
    assert_eq!(found["source"], "provenance");
}

#[tokio::test]
async fn artifacts_have_no_dockerfile() {
    let demo = open(DemoSettings::default(), samples::sample()).await;
    let host = demo.address();
    let shell = Shell::new();
    let ended = shell.run(&["dockerfile", &format!("{host}/team/app:1.4.2")]).await;
    ended.assert_code(0).assert_says("from provenance");
    let chart = demo.store().repositories().into_iter().find(|name| name.contains("chart"));
    let chart = chart.expect("a sample");
    let tag = demo.store().tags(&chart).first().cloned().expect("a tag");
    shell
        .run(&["dockerfile", &format!("{host}/{chart}:{tag}")])
        .await
        .assert_code(1)
        .assert_says("it is no image");
}

#[tokio::test]
async fn a_base_image_that_only_the_index_names_is_found() {
    let store = Store::new();
    let image = store.image("app").layer("RUN make", DemoLayer::of(&[("a", "1")])).push();
    store
        .index("app")
        .child(&image)
        .annotation("org.opencontainers.image.base.name", "debian:12")
        .tag("1")
        .push();
    let demo = open(DemoSettings::default(), store).await;
    let ended = Shell::new().run(&["dockerfile", &format!("{}/app:1", demo.address())]).await;
    assert!(ended.assert_code(0).stdout.contains("\nFROM debian:12\n"), "{ended:?}");
}
