//! `regtui undo` and `regtui journal` as a shell runs them.

use regtui::demo::faults::{Fault, Gate, Removes};
use regtui::demo::{Demo, DemoSettings, Store};

use crate::support::shell::{Shell, changes, digest, open};
use crate::support::state;

async fn two_images() -> (Demo, String, Shell) {
    let store = Store::new();
    store.image("app").tag("1").label("number", "1").push();
    store.image("app").tag("2").label("number", "2").push();
    let demo = open(DemoSettings::default(), store).await;
    let app = format!("{}/app", demo.address());
    (demo, app, Shell::new())
}

#[tokio::test]
async fn a_tag_that_went_is_put_back() {
    let (demo, app, shell) = two_images().await;
    let before = digest(&demo, "app", "1");
    shell.run(&["delete", &format!("{app}:1"), "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["2"]);
    shell.run(&["undo", "--yes"]).await.assert_code(0).assert_says("undo: untag app:1");
    assert_eq!(digest(&demo, "app", "1"), before);
}

#[tokio::test]
async fn the_printed_command_takes_back_a_new_tag_if_the_server_deletes_only_by_digest() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = open(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, store).await;
    let (app, shell) = (format!("{}/app", demo.address()), Shell::new());
    for target in ["retagged", "copied"] {
        let ended = match target {
            "copied" => shell.run(&["copy", &format!("{app}:1"), &format!("{app}:copied"), "--yes"]).await,
            _ => shell.run(&["tag", &format!("{app}:1"), target, "--yes"]).await,
        };
        ended.assert_code(0);
        let printed =
            ended.stdout.split('`').find(|text| text.starts_with("regtui undo ")).expect("a command");
        let mut words: Vec<&str> = printed.split(' ').skip(1).collect();
        words.push("--yes");
        shell.run(&words).await.assert_code(0);
        assert_eq!(demo.store().tags("app"), ["1"], "{printed}");
    }
}

/// The next run does not know the `http://` in front of a name, or the options of this run.
#[tokio::test]
async fn the_printed_command_reaches_the_registry_as_this_run_did() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = open(DemoSettings::default(), store).await;
    let (app, shell) = (format!("{}/app", demo.address()), Shell::new());
    for arguments in [
        vec!["copy".to_string(), format!("http://{app}:1"), format!("{app}:new")],
        vec!["copy".into(), format!("{app}:1"), format!("{app}:new"), "--dest-plain-http".into()],
        vec!["tag".into(), "--plain-http".into(), format!("{app}:1"), "new".into()],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--yes"]).collect();
        let ended = shell.run(&arguments).await;
        ended.assert_code(0);
        let printed =
            ended.stdout.split('`').find(|text| text.starts_with("regtui undo ")).expect("a command");
        assert!(printed.starts_with("regtui undo --plain-http "), "{printed}");
        // Without the options the journal knows it.
        let plan = shell.run(&["undo", "--dry-run"]).await;
        assert!(plan.stdout.contains("is reached over plain HTTP, as for the change"), "{plan:?}");
        let words: Vec<&str> = printed.split(' ').skip(1).chain(["--yes"]).collect();
        shell.run(&words).await.assert_code(0);
        assert_eq!(demo.store().tags("app"), ["1"], "{printed}");
    }
    let ended = shell.run(&["tag", &format!("{app}:1"), "new", "--yes"]).await;
    assert!(!ended.stdout.contains("--plain-http"), "{ended:?}");
}

#[tokio::test]
async fn an_impossible_undo_is_not_promised() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let none = DemoSettings { delete_by_tag: false, delete_by_digest: false, ..DemoSettings::default() };
    let demo = open(none, store).await;
    let (app, shell) = (format!("{}/app", demo.address()), Shell::new());
    let ended = shell.run(&["tag", &format!("{app}:1"), "new", "--yes"]).await;
    // The server was not asked which deletes it supports.
    assert!(ended.stdout.contains(", if the server deletes tags or images"), "{ended:?}");
    let refused = shell.run(&["undo", "--yes"]).await;
    refused.assert_code(1).assert_says("does not delete").assert_says("`regtui journal` lists other changes");
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_not_passed_over_for_an_older_one() {
    let (demo, app, shell) = two_images().await;
    for tag in ["a", "b"] {
        shell.run(&["tag", &format!("{app}:1"), tag, "--yes"]).await.assert_code(0);
    }
    let broken = "UPDATE line SET document = substr(document, 2)
        WHERE number = 0 AND entry = (SELECT max(number) FROM entry)";
    assert_eq!(state::execute(&shell.home.path().join(".local/state/regtui"), broken), 1);
    shell.run(&["undo", "--yes"]).await.assert_code(1).assert_says("cannot be read");
    assert_eq!(demo.store().tags("app"), ["1", "2", "a", "b"]);
    assert!(shell.run(&["journal"]).await.stdout.contains("cannot be read"));
}

#[tokio::test]
async fn an_image_that_went_comes_back_with_its_tags() {
    let (demo, app, shell) = two_images().await;
    let before = digest(&demo, "app", "1");
    demo.store().tag("app", "latest", before);
    shell.run(&["delete", &format!("{app}:1"), "--image", "--yes", "--confirm", "app"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["2"]);
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!((digest(&demo, "app", "1"), digest(&demo, "app", "latest")), (before, before));
}

#[tokio::test]
async fn a_tag_that_was_moved_goes_back_and_a_new_one_goes() {
    let (demo, app, shell) = two_images().await;
    let before = digest(&demo, "app", "2");
    shell.run(&["tag", &format!("{app}:1"), "2", "--yes", "--force"]).await.assert_code(0);
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(digest(&demo, "app", "2"), before);
    shell.run(&["tag", &format!("{app}:1"), "new", "--yes"]).await.assert_code(0);
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["1", "2"]);
}

#[tokio::test]
async fn undoing_again_takes_back_the_change_before() {
    let (demo, app, shell) = two_images().await;
    for tag in ["a", "b"] {
        shell.run(&["tag", &format!("{app}:1"), tag, "--yes"]).await.assert_code(0);
    }
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["1", "2", "a"]);
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["1", "2"]);
    shell.run(&["undo", "--yes"]).await.assert_code(1).assert_says("holds no change that could be undone");
}

#[tokio::test]
async fn the_journal_names_entries_and_any_of_them_can_be_taken_back() {
    let (demo, app, shell) = two_images().await;
    shell.run(&["tag", &format!("{app}:1"), "first", "--yes"]).await.assert_code(0);
    shell.run(&["tag", &format!("{app}:2"), "second", "--yes"]).await.assert_code(0);
    let listed = shell.run(&["journal"]).await;
    let rows: Vec<&str> = listed.stdout.lines().collect();
    assert!(
        rows.len() == 3
            && rows[0].starts_with("ENTRY")
            && rows[1].contains("  done   retag app:2 → second · "),
        "{listed:?}"
    );
    let entry = rows[2].split_whitespace().next().expect("an entry");
    shell.run(&["undo", entry, "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["1", "2", "second"]);
    let documents = shell.run(&["journal", "--json"]).await;
    let documents: Vec<serde_json::Value> =
        documents.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let states: Vec<&serde_json::Value> = documents
        .iter()
        .filter(|document| document["id"] == entry)
        .map(|document| &document["state"])
        .collect();
    assert_eq!(states, ["undone"]);
    let kinds: Vec<&serde_json::Value> = documents.iter().map(|document| &document["kind"]).collect();
    assert_eq!(kinds, ["undo", "retag", "retag"]);
    let one = shell.run(&["journal", entry]).await;
    assert!(one.stdout.contains(&format!("{app}:first")) && one.stdout.contains("nothing"), "{one:?}");
}

#[tokio::test]
async fn an_unknown_entry_is_refused() {
    let (demo, _, shell) = two_images().await;
    for entry in ["never", "../../etc/passwd", ""] {
        shell.run(&["undo", entry, "--yes"]).await.assert_code(1).assert_says("journal");
        shell.run(&["journal", entry]).await.assert_code(1).assert_says("journal");
    }
    shell.run(&["undo", "--yes"]).await.assert_code(1).assert_says("no change that could be undone");
    assert_eq!(shell.run(&["journal"]).await.assert_code(0).stdout.lines().count(), 1);
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test]
async fn a_tag_that_another_client_moved_since_is_left_alone() {
    let (demo, app, shell) = two_images().await;
    shell.run(&["tag", &format!("{app}:1"), "stable", "--yes"]).await.assert_code(0);
    let other = demo.store().image("app").label("number", "3").tag("stable").push();
    demo.forget_requests();
    shell.run(&["undo", "--yes"]).await;
    assert_eq!(digest(&demo, "app", "stable"), other.digest);
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test]
async fn the_rest_of_a_change_that_was_cut_off_is_done_later() {
    let (demo, app, shell) = two_images().await;
    let (one, two) = (format!("{app}:1"), format!("{app}:2"));
    let gate = Gate::new();
    let hold = gate.clone();
    demo.fault(move |request, _| {
        (request.method == "DELETE" && request.path.ends_with("/manifests/2"))
            .then(|| Fault::Gate(hold.clone()))
    });
    let mut child =
        shell.command(&["delete", &one, &two, "--yes", "--confirm", "app"]).spawn().expect("it runs");
    gate.reached_by(1).await;
    let listed = shell.run(&["journal"]).await;
    assert!(listed.stdout.contains("  runs  "), "{listed:?}");
    shell.run(&["resume", "--yes"]).await.assert_code(1).assert_says("has ended");
    child.kill().await.expect("it runs");
    demo.clear_faults();
    assert_eq!(demo.store().tags("app"), ["2"]);
    let listed = shell.run(&["journal"]).await;
    assert!(listed.stdout.contains("  cut off  "), "{listed:?}");
    let planned = shell.run(&["resume", "--dry-run"]).await;
    assert!(planned.assert_code(0).stdout.starts_with("untag app:2"), "{planned:?}");
    shell.run(&["resume", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), [""; 0]);
    shell.run(&["resume", "--yes"]).await.assert_code(1).assert_says("has ended");
}

#[tokio::test]
async fn a_tag_that_moved_since_the_crash_is_left_alone_when_the_change_is_resumed() {
    let (demo, app, shell) = two_images().await;
    let gate = Gate::new();
    let hold = gate.clone();
    demo.fault(move |request, _| {
        (request.method == "DELETE" && request.path.ends_with("/manifests/1"))
            .then(|| Fault::Gate(hold.clone()))
    });
    let images = [format!("{app}:1"), format!("{app}:2")];
    let arguments = ["delete", &images[0], &images[1], "--yes", "--confirm", "app"];
    let mut child = shell.command(&arguments).spawn().expect("it runs");
    gate.reached_by(1).await;
    child.kill().await.expect("it runs");
    demo.clear_faults();
    let moved = demo.store().image("app").label("number", "3").tag("2").push().digest;
    let ended = shell.run(&["resume", "--yes"]).await;
    ended.assert_code(1).assert_says("2 is skipped: it moved since the change was confirmed");
    assert_eq!((demo.store().tags("app"), digest(&demo, "app", "2")), (vec!["2".to_string()], moved));
    shell.run(&["resume", "--yes"]).await.assert_code(1).assert_says("has ended");
}

#[tokio::test]
async fn an_undo_that_can_put_nothing_back_is_refused() {
    let (demo, app, shell) = two_images().await;
    shell.run(&["delete", &format!("{app}:1"), "--image", "--yes", "--confirm", "app"]).await.assert_code(0);
    demo.store().change("app", |repository| repository.blobs.clear());
    demo.forget_requests();
    shell.run(&["undo", "--yes"]).await.assert_code(1).assert_says("of its blobs ");
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test]
async fn resuming_a_change_ends_it_if_its_rest_is_gone() {
    let (demo, app, shell) = two_images().await;
    shell.run(&["delete", &format!("{app}:1"), "--yes"]).await.assert_code(0);
    let folder = shell.home.path().join(".local/state/regtui");
    let cut_off = r#"DELETE FROM line WHERE document LIKE '{"done"%' OR document LIKE '{"ended"%'"#;
    assert!(state::execute(&folder, cut_off) > 1, "it is cut off before it knew how it ended");
    assert_eq!(demo.store().tags("app"), ["2"]);
    shell.run(&["resume", "--dry-run"]).await.assert_code(0).assert_says("nothing is left");
    shell.run(&["resume", "--yes"]).await.assert_code(0).assert_says("nothing is left");
    shell.run(&["resume", "--yes"]).await.assert_code(1).assert_says("has ended");
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["1", "2"]);
}

#[tokio::test]
async fn a_new_tag_goes_by_replacement_if_there_is_no_other_method_and_the_plan_says_so() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = open(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, store).await;
    let shell = Shell::new();
    shell.run(&["tag", &format!("{}/app:1", demo.address()), "new", "--yes"]).await.assert_code(0);
    let image = digest(&demo, "app", "1");
    for options in [&["undo"][..], &["undo", "--replace"]] {
        let planned = shell.run(&[options, &["--dry-run"]].concat()).await;
        planned.assert_code(0);
        assert!(
            planned.stdout.contains("method     replace: each tag is put on a manifest of its own"),
            "{planned:?}"
        );
        shell.run(options).await.assert_code(2).assert_says("`--yes`").assert_says("a manifest of its own");
        assert_eq!(demo.store().tags("app"), ["1", "new"]);
    }
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!((demo.store().tags("app"), digest(&demo, "app", "1")), (vec!["1".to_string()], image));
    shell.run(&["undo", "--yes"]).await.assert_code(1).assert_says("no change that could be undone");
}

#[tokio::test]
async fn replaced_tags_get_their_images_back_and_new_tags_go() {
    let store = Store::new();
    store.image("app").tag("1").label("number", "1").push();
    store.image("app").tag("2").label("number", "2").push();
    let demo = open(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, store).await;
    let (shell, app) = (Shell::new(), format!("{}/app", demo.address()));
    let before = digest(&demo, "app", "2");
    shell
        .run(&["tag", "--move", "--replace", &format!("{app}:1"), "2", "--yes", "--force"])
        .await
        .assert_code(0);
    assert_eq!(demo.store().tags("app"), ["2"]);
    // Both were there before, so nothing has to go.
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!((demo.store().tags("app"), digest(&demo, "app", "2")), (vec!["1".into(), "2".into()], before));
    shell.run(&["tag", "--move", "--replace", &format!("{app}:1"), "one", "--yes"]).await.assert_code(0);
    shell
        .run(&["undo", "--yes"])
        .await
        .assert_code(0)
        .assert_says("replace: each tag is put on a manifest of its own");
    assert_eq!(demo.store().tags("app"), ["1", "2"]);
}

/// A registry that removes an image with its last tag, and does not name its product.
async fn removing_at_once() -> (Demo, String, Shell) {
    let store = Store::new();
    for name in ["1", "2"] {
        store.image("app").tag(name).label("number", name).push();
    }
    let settings =
        DemoSettings { removes: Removes::ALL, server: Some("else".into()), ..DemoSettings::default() };
    let demo = open(settings, store).await;
    let app = format!("{}/app", demo.address());
    (demo, app, Shell::new())
}

#[tokio::test]
async fn a_change_that_cannot_be_undone_promises_no_undo() {
    let changes: [&[&str]; 3] = [
        &["delete", "APP:1", "--yes"],
        &["delete", "APP:1", "--image", "--yes"],
        &["tag", "APP:2", "1", "--force", "--yes"],
    ];
    for change in changes {
        let (_demo, app, shell) = removing_at_once().await;
        let change: Vec<String> = change.iter().map(|word| word.replace("APP", &app)).collect();
        let change: Vec<&str> = change.iter().map(String::as_str).collect();
        let ended = shell.run(&change).await;
        ended.assert_code(0).assert_says("undo may be impossible");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains("it cannot be undone"), "{said}");
        assert!(!said.contains("undoes it") && !said.contains("images stay"), "{said}");
    }
}

#[tokio::test]
async fn an_image_that_is_kept_is_listed_until_its_change_is_undone() {
    let (demo, app, shell) = removing_at_once().await;
    let before = digest(&demo, "app", "1");
    let kept = format!("{app}:regtui-kept-{}", before.short());
    let untag = ["delete", &format!("{app}:1"), "--keep", "--yes"];
    let ended = shell.run(&untag).await;
    ended.assert_code(0).assert_says("so a tag of its own keeps it");
    assert!(ended.stdout.contains("undoes it") && ended.stdout.contains("keeps the image"), "{ended:?}");
    let list = shell.run(&["journal", "--kept"]).await;
    list.assert_code(0);
    assert!(list.stdout.contains(&format!("regtui delete {kept}")), "{list:?}");
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!((digest(&demo, "app", "1"), demo.store().tags("app")), (before, vec!["1".into(), "2".into()]));
    let list = shell.run(&["journal", "--kept"]).await;
    assert!(!list.stdout.contains("regtui-kept-"), "{}", list.stdout);
}

#[tokio::test]
async fn keep_is_refused_for_images_that_are_deleted_by_digest() {
    let (demo, app, shell) = removing_at_once().await;
    let before = digest(&demo, "app", "1");
    let ended = shell.run(&["delete", &format!("{app}@{before}"), "--keep", "--yes"]).await;
    ended.assert_code(2).assert_says("deleted by their digests");
    shell.run(&["delete", &format!("{app}:1"), "--image", "--keep", "--yes"]).await.assert_code(2);
    assert_eq!(digest(&demo, "app", "1"), before);
}
