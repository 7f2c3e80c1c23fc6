//! `regtui waste` as a shell runs it.

use regtui::demo::files::DemoFiles;
use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::{Value, json};

use crate::support::samples;
use crate::support::shell::{Shell, open};

/// An image of three layers: the second replaces a file and adds a key, the third removes the key and a directory.
async fn image() -> (Demo, String) {
    let store = Store::new();
    let low = DemoFiles::new().file("docs/a/x", "12345").file("docs/b\u{1b}[2J", "123").file("etc/c", "old");
    let middle = DemoFiles::new().file("etc/c", "newer").file("root/.ssh/id_rsa", "0123456789");
    let high = DemoFiles::new().whiteout("docs").whiteout("root/.ssh");
    store
        .image("app")
        .platform("linux", "amd64")
        .layer("ADD base /", low.into())
        .layer("RUN make\u{1b}[31m", middle.into())
        .layer("RUN rm -r /docs /root/.ssh", high.into())
        .tag("1")
        .push();
    let demo = open(DemoSettings::default(), store).await;
    let image = format!("{}/app:1", demo.address());
    (demo, image)
}

#[tokio::test]
async fn waste_names_path_layer_and_reason_of_hidden_bytes_and_secrets() {
    let (_demo, image) = image().await;
    let ended = Shell::new().run(&["waste", &image]).await;
    ended.assert_code(0);
    let page = &ended.stdout;
    assert!(page.contains("hidden      21 B (80.8 %)") && page.contains("efficiency  19.2 %"), "{page}");
    for line in [
        "    1     11 B    11 B      -  ADD base /",
        "    3        -       -   18 B  RUN rm -r /docs /root/.ssh",
        "hidden bytes: 3, 21 B",
        " 8 B      1  docs       removed by layer 3, 2 files",
        " 3 B      1  etc/c      replaced by layer 2",
        "likely secrets: 1, 10 B",
        "10 B      2  root/.ssh/id_rsa  removed by layer 3, and can still be read",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(!page.contains('\u{1b}'), "{page}");
}

#[tokio::test]
async fn waste_prints_one_document_with_exact_sums() {
    let (_demo, image) = image().await;
    let ended = Shell::new().run(&["waste", "--json", &image]).await;
    assert!(!ended.stdout.contains('\u{1b}'), "{ended:?}");
    let found = ended.assert_code(0).json();
    assert_eq!(found["reference"], image.as_str());
    assert_eq!((&found["file_bytes"], &found["hidden_bytes"]), (&json!(26), &json!(21)));
    assert_eq!(
        (&found["files"], &found["hidden_files"], &found["is_proved"]),
        (&json!(5), &json!(4), &json!(true))
    );
    let efficiency = found["efficiency"].as_f64().expect("a number");
    assert!((efficiency - 5.0 / 26.0).abs() < 1e-9, "{efficiency}");
    assert_eq!(
        found["paths"][1],
        json!({ "path": "docs", "bytes": 8, "files": 2, "from_layer": 1, "hidden_by": 3, "how": "whiteout" })
    );
    let secret = &found["findings"][0];
    assert_eq!(
        (&secret["kind"], &secret["path"], &secret["layer"], &secret["instruction"], &secret["hidden_by"]),
        (&json!("secret"), &json!("root/.ssh/id_rsa"), &json!(2), &json!("RUN make\u{1b}[31m"), &json!(3))
    );
    let sums = found["sums"].as_array().expect("a list");
    assert!(sums.contains(&json!({ "kind": "hidden", "count": 3, "files": 4, "bytes": 21 })), "{sums:?}");
    let layers: Vec<&Value> = found["layers"].as_array().expect("a list").iter().collect();
    assert_eq!((layers.len(), &layers[2]["hides_bytes"]), (3, &json!(18)));
    assert!(layers[0]["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));
}

#[tokio::test]
async fn waste_fails_if_more_is_hidden_than_allowed() {
    let (_demo, image) = image().await;
    let shell = Shell::new();
    for (limit, code) in [("21B", 0), ("20B", 3), ("80.9%", 0), ("80%", 3), ("0", 3), ("100%", 0)] {
        let ended = shell.run(&["waste", "--max-hidden", limit, &image]).await;
        assert!(ended.assert_code(code).stdout.contains("likely secrets"), "{ended:?}");
        assert_eq!(ended.stderr.contains("21 B (80.8 %) are hidden, more than"), code == 3, "{ended:?}");
    }
    for limit in ["5 apples", "-5%", ""] {
        let limit = format!("--max-hidden={limit}");
        shell.run(&["waste", &limit, &image]).await.assert_code(2).assert_says("5% or 50MB");
    }
}

#[tokio::test]
async fn waste_reads_the_image_of_a_platform_and_names_the_others() {
    let demo = open(DemoSettings::default(), samples::sample()).await;
    let image = format!("{}/team/app:1.4.2", demo.address());
    let shell = Shell::new();
    let ended = shell.run(&["waste", "--json", "--platform", "arm64", &image]).await;
    let found = ended.assert_code(0).json();
    assert_eq!(found["platform"]["architecture"], "arm64");
    assert!(found["hidden_bytes"].as_u64() < found["file_bytes"].as_u64(), "{found}");
    shell.run(&["waste", "--platform", "s390x", &image]).await.assert_code(1).assert_says("linux/amd64");
    shell.run(&["waste", &format!("{}/team/app:none", demo.address())]).await.assert_code(1);
}
