//! `regtui tag` as a shell runs it.

use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};

use crate::support::shell::{Shell, changes, digest, open};

/// `app` with the tags 1 and 2 of two images.
async fn two_images() -> (Demo, String, Shell) {
    let store = Store::new();
    store.image("app").tag("1").label("number", "1").push();
    store.image("app").tag("2").label("number", "2").push();
    let demo = open(DemoSettings::default(), store).await;
    let host = demo.address().to_string();
    (demo, host, Shell::new())
}

#[tokio::test]
async fn a_new_tag_names_the_same_image() {
    let (demo, host, shell) = two_images().await;
    let ended = shell.run(&["tag", &format!("{host}/app:1"), "stable", "--yes"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("regtui undo "), "{ended:?}");
    assert_eq!(digest(&demo, "app", "stable"), digest(&demo, "app", "1"));
    assert_eq!(changes(&demo), ["PUT /v2/app/manifests/stable"]);
}

#[tokio::test]
async fn without_a_terminal_nothing_is_moved_or_removed_unless_yes_is_given() {
    let (demo, host, shell) = two_images().await;
    let image = format!("{host}/app:1");
    for arguments in [&["tag", "--move", &image, "stable"][..], &["delete", &image]] {
        let ended = shell.run(arguments).await;
        ended.assert_code(2).assert_says("`--yes`").assert_says("RESULT");
        assert!(ended.stdout.is_empty(), "{ended:?}");
    }
    shell.run(&["tag", &image, "2"]).await.assert_code(2).assert_says("`--yes --force`");
    shell.run(&["tag", &image, "stable", "--ask"]).await.assert_code(2).assert_says("`--ask`");
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test]
async fn a_new_tag_needs_no_confirmation() {
    let (demo, host, shell) = two_images().await;
    shell.run(&["tag", &format!("{host}/app:1"), "stable"]).await.assert_code(0);
    assert_eq!(changes(&demo), ["PUT /v2/app/manifests/stable"]);
}

#[tokio::test]
async fn a_dry_run_prints_the_plan_and_sends_no_change() {
    let (demo, host, shell) = two_images().await;
    let image = format!("{host}/app:1");
    let ended = shell.run(&["tag", &image, "2", "--dry-run"]).await;
    ended.assert_code(0);
    let old = digest(&demo, "app", "2").short();
    assert!(ended.stdout.contains(&format!("replaces {old} → ")) && ended.stderr.is_empty(), "{ended:?}");
    let plan = shell.run(&["tag", &image, "2", "--dry-run", "--json"]).await.json();
    assert_eq!(plan["plan"]["change"], "retag");
    assert_eq!(plan["plan"]["steps"][0]["replaces"], digest(&demo, "app", "2").to_string());
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test]
async fn a_tag_that_exists_is_moved_only_by_force() {
    let (demo, host, shell) = two_images().await;
    let (image, before) = (format!("{host}/app:1"), digest(&demo, "app", "2"));
    shell.run(&["tag", &image, "2", "--yes"]).await.assert_code(2).assert_says("--force");
    assert_eq!((changes(&demo).len(), digest(&demo, "app", "2")), (0, before));
    shell.run(&["tag", &image, "2", "--yes", "--force"]).await.assert_code(0);
    assert_eq!(digest(&demo, "app", "2"), digest(&demo, "app", "1"));
}

#[tokio::test]
async fn a_tag_is_renamed() {
    let (demo, host, shell) = two_images().await;
    let before = digest(&demo, "app", "1");
    shell.run(&["tag", &format!("{host}/app:1"), "one", "--move", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["2", "one"]);
    assert_eq!(digest(&demo, "app", "one"), before);
}

#[tokio::test]
async fn if_the_server_cannot_untag_a_rename_changes_nothing_and_names_the_other_method() {
    let store = Store::new();
    let image = store.image("app").tag("1").push();
    store.tag("app", "latest", image.digest);
    let demo = open(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, store).await;
    let (image, shell) = (format!("{}/app:1", demo.address()), Shell::new());
    let before = digest(&demo, "app", "1");
    let refused = shell.run(&["tag", "--move", &image, "one", "--yes"]).await;
    refused.assert_code(1).assert_says("would stay").assert_says("`--replace`");
    assert_eq!(demo.store().tags("app"), ["1", "latest"]);
    shell.run(&["tag", "--replace", &image, "one", "--yes"]).await.assert_code(2).assert_says("--move");
    let renamed = shell.run(&["tag", "--move", "--replace", &image, "one", "--yes"]).await;
    renamed.assert_code(0).assert_says("method     replace: each tag is put on a manifest of its own");
    assert_eq!(demo.store().tags("app"), ["latest", "one"]);
    assert_eq!((digest(&demo, "app", "latest"), digest(&demo, "app", "one")), (before, before));
}

#[tokio::test]
async fn a_tag_in_another_repository_of_the_registry_moves_no_bytes() {
    let (demo, host, shell) = two_images().await;
    let image = format!("{host}/app:1");
    shell.run(&["tag", &image, &format!("{host}/team/other:1"), "--yes"]).await.assert_code(0);
    assert_eq!(digest(&demo, "team/other", "1"), digest(&demo, "app", "1"));
    let sent = changes(&demo);
    assert!(
        sent.iter().all(|line| line.contains("mount=") || line.starts_with("PUT /v2/team/other/manifests/")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn impossible_arguments_are_refused_before_any_request() {
    let (demo, host, shell) = two_images().await;
    let image = format!("{host}/app:1");
    for (new, said) in [
        ("elsewhere.example/app:1", "regtui copy"),
        ("Bad Tag!", "`Bad Tag!`: not a tag"),
        (&format!("{host}/app"), "neither a tag nor an image with a tag"),
        (&host, "neither a tag nor an image with a tag"),
        ("-x", "unexpected argument"),
    ] {
        shell.run(&["tag", &image, new, "--yes"]).await.assert_code(2).assert_says(said);
    }
    let by_digest = format!("{host}/app@{}", digest(&demo, "app", "1"));
    shell.run(&["tag", &by_digest, "x", "--move", "--yes"]).await.assert_code(2).assert_says("by its tag");
    shell.run(&["tag", &image, "x", "--confirm", "app"]).await.assert_code(2).assert_says("--yes");
    assert_eq!(demo.requests().len(), 0);
}

#[tokio::test]
async fn rules_refuse_and_are_named() {
    let (demo, host, shell) = two_images().await;
    let image = format!("{host}/app:1");
    for arguments in
        [&["tag", &image, "x", "--yes", "--read-only"][..], &["--read-only", "tag", &image, "x", "--dry-run"]]
    {
        shell.run(arguments).await.assert_code(1).assert_says("`--read-only` refuses every change");
    }
    let rule = format!("[registries.{host:?}]\n[[registries.{host:?}.repositories]]\npattern = \"a?p\"\n");
    let shell = Shell::configured(&format!("{rule}read_only = true\n"));
    shell.run(&["tag", &image, "x", "--yes"]).await.assert_code(1).assert_says("a?p");
    let shell = Shell::configured(&format!("{rule}protect = true\n"));
    shell.run(&["tag", &image, "x", "--yes"]).await.assert_code(2).assert_says("--confirm app");
    assert_eq!(changes(&demo), [""; 0]);
    shell.run(&["tag", &image, "x", "--yes", "--confirm", "app"]).await.assert_code(0);
    assert_eq!(changes(&demo).len(), 1);
}

#[tokio::test]
async fn a_refusal_of_the_server_is_printed_and_sets_the_exit_code() {
    let (demo, host, shell) = two_images().await;
    demo.fault(|request, _| {
        let body = r#"{"errors":[{"code":"DENIED","message":"tags of this repository are immutable"}]}"#;
        (request.method == "PUT").then(|| Fault::answer(403, &[("content-type", "application/json")], body))
    });
    let ended = shell.run(&["tag", &format!("{host}/app:1"), "stable", "--yes"]).await;
    ended.assert_code(1).assert_says("immutable");
    assert_eq!(changes(&demo).len(), 1, "it is tried once");
    let document = shell.run(&["tag", &format!("{host}/app:1"), "stable", "--yes", "--json"]).await.json();
    assert!(document["report"]["items"][0]["outcome"]["failed"]["why"].is_string(), "{document}");
}
