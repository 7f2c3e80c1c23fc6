//! `regtui ls` and `regtui inspect` of images of which a part cannot be read, and of everything that refers to images.

use regtui::demo::faults::Fault;
use regtui::demo::{DemoSettings, Store};
use regtui::model::digest::Digest;
use serde_json::{Value, json};

use crate::support::shell::{Shell, open};

/// Tags `good`, `bad` with a config that is no JSON, and `sparse`, whose index lists an image that is not there.
fn store() -> Store {
    let store = Store::new();
    let good = store.image("app").tag("good").push();
    let config = store.put_blob("app", "no JSON");
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 7},
        "layers": [],
    });
    let bad = store.put_manifest("app", "application/vnd.oci.image.manifest.v1+json", manifest.to_string());
    store.tag("app", "bad", bad);
    let gone = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": Digest::sha256(b"gone"), "size": 7,
        "platform": {"os": "linux", "architecture": "s390x"},
    });
    store.index("app").child(&good).descriptor(gone).tag("sparse").push();
    store
}

#[tokio::test]
async fn parts_that_cannot_be_read_are_named_in_the_list_and_in_the_exit_code() {
    let demo = open(DemoSettings::default(), store()).await;
    let (shell, target) = (Shell::new(), format!("{}/app", demo.address()));
    let ended = shell.run(&["ls", "--long", &target]).await;
    ended.assert_code(1).assert_says("bad: cannot read the config: the config is not a JSON object");
    ended.assert_says(&format!("sparse: cannot read the manifest {}", Digest::sha256(b"gone").short()));
    assert_eq!(ended.stdout.lines().count(), 4, "{ended:?}");
    let ended = shell.run(&["ls", "--long", "--json", &target]).await;
    ended.assert_code(1).assert_says("bad: cannot read the config");
    let rows: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let unreadable = |at: &str| {
        let row = rows.iter().find(|row| row["tag"] == at).expect("a row");
        row["unreadable"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(["good", "bad", "sparse"].map(unreadable), [0, 1, 1]);
}

#[tokio::test]
async fn an_image_of_which_the_registry_lacks_a_part_is_no_failure() {
    let demo = open(DemoSettings::default(), store()).await;
    let shell = Shell::new();
    for (at, code, unreadable) in [("good", 0, 0), ("bad", 1, 1), ("sparse", 0, 1)] {
        let image = format!("{}/app:{at}", demo.address());
        shell.run(&["inspect", &image]).await.assert_code(code);
        let ended = shell.run(&["inspect", "--json", &image]).await;
        let found = ended.assert_code(code).json()["unreadable"].as_array().map_or(0, Vec::len);
        assert_eq!(found, unreadable, "{ended:?}");
    }
    demo.store().untag("app", "bad");
    shell.run(&["ls", "--long", &format!("{}/app", demo.address())]).await.assert_code(0);
    demo.fault(|request, _| request.path.contains("/blobs/").then(|| Fault::status(403)));
    let fresh = Shell::new();
    fresh.run(&["ls", "--long", &format!("{}/app", demo.address())]).await.assert_code(1);
}

#[tokio::test]
async fn ls_hides_digest_tags_unless_all_are_asked_for() {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    let stem = format!("sha256-{}", image.digest.hex());
    let signed =
        store.artifact("app").kind("application/spdx+json").layer("text/spdx", "{}").subject(&image).push();
    store.index("app").child(&signed).tag(&stem).push();
    store.artifact("app").layer("text/plain", "{}").tag(format!("{stem}.sig")).push();
    store.image("app").tag("sha256-abc").push();
    let demo = open(DemoSettings::default(), store).await;
    let (shell, target) = (Shell::new(), format!("{}/app", demo.address()));
    let listed = async |options: &[&str]| {
        let ended = shell.run(&[&["ls", &target], options].concat()).await;
        ended.assert_code(0);
        ended.stdout
    };
    for options in [&[][..], &["--json"], &["--long"], &["--long", "--json"]] {
        let (plain, all) = (listed(options).await, listed(&[options, &["--all"]].concat()).await);
        assert!(!plain.contains(&stem) && plain.contains("sha256-abc"), "{options:?}: {plain}");
        assert_eq!(all.matches(&format!("{stem}.sig")).count(), 1, "{options:?}: {all}");
        assert_eq!(all.lines().count(), plain.lines().count() + 2);
    }
    let table = listed(&["--long", "--all"]).await;
    assert!(table.contains("list of referrers") && table.contains("signature"), "{table}");
}

#[tokio::test]
async fn inspect_as_json_has_everything_that_the_screen_shows() {
    let store = Store::new();
    let amd64 = store.image("app").platform("linux", "amd64").push();
    let inner = store.index("app").child(&amd64).attestation(&amd64).push();
    let index = store.index("app").child(&inner).tag("1").push();
    store.artifact("app").kind("application/spdx+json").layer("text/spdx", "{}").subject(&amd64).push();
    store
        .artifact("app")
        .kind("application/vnd.example.review")
        .layer("text/plain", "{}")
        .annotation("by", "somebody")
        .subject(&index)
        .push();
    let demo = open(DemoSettings::default(), store).await;
    let found = Shell::new().run(&["inspect", "--json", &format!("{}/app:1", demo.address())]).await.json();
    let image = &found["platform_images"][0];
    assert_eq!(image["digest"], amd64.digest.to_string());
    assert_eq!(image["within"], json!([inner.digest.to_string()]));
    assert_eq!(image["manifest"]["schemaVersion"], 2);
    assert_eq!(image["config"]["architecture"], "amd64");
    let kinds = |referrers: &Value| -> Vec<String> {
        referrers.as_array().expect("a list").iter().map(|one| one["kinds"].to_string()).collect()
    };
    assert_eq!(kinds(&image["referrers"]), [r#"["spdx","provenance"]"#, r#"["spdx"]"#]);
    assert_eq!(
        found["referrers"].as_array().map(Vec::len),
        Some(3),
        "those of all platforms and of the index"
    );
    let own = &found["referrers"][0];
    assert_eq!((&own["subject"], &own["found"]), (&json!(index.digest.to_string()), &json!("api")));
    assert_eq!(
        (&own["annotations"]["by"], &own["artifact_type"]),
        (&json!("somebody"), &json!("application/vnd.example.review"))
    );
    assert_eq!(found["referrers"][1]["platform"]["architecture"], "amd64");
    assert_eq!(found["referrers_api"], "yes");
}
