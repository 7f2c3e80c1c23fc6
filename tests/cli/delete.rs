//! `regtui delete` as a shell runs it.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{Demo, DemoSettings, Store};

use crate::support::shell::{Shell, changes, digest, ended, interrupt, open, until_said};

/// `app` with an image under the tags 1, 1.0 and latest, and another one as 2.
async fn aliases(settings: DemoSettings) -> (Demo, String, Shell) {
    let store = Store::new();
    let one = store.image("app").tag("1").label("number", "1").push();
    for alias in ["1.0", "latest"] {
        store.tag("app", alias, one.digest);
    }
    store.image("app").tag("2").label("number", "2").push();
    let demo = open(settings, store).await;
    let repository = format!("{}/app", demo.address());
    (demo, repository, Shell::new())
}

fn no_delete_by_tag() -> DemoSettings {
    DemoSettings { delete_by_tag: false, ..DemoSettings::default() }
}

#[tokio::test]
async fn untagging_one_of_three_aliases_leaves_the_others() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let ended = shell.run(&["delete", &format!("{app}:1"), "--yes"]).await;
    ended.assert_code(0).assert_says("stays      1.0, latest");
    assert_eq!(demo.store().tags("app"), ["1.0", "2", "latest"]);
    assert_eq!(changes(&demo), ["DELETE /v2/app/manifests/1"]);
}

#[tokio::test]
async fn if_the_server_cannot_untag_nothing_is_deleted_and_the_other_methods_are_named() {
    let (demo, app, shell) = aliases(no_delete_by_tag()).await;
    let image = format!("{app}:1");
    let ended = shell.run(&["delete", &image, "--yes"]).await;
    ended.assert_code(1).assert_says("--image").assert_says("--replace");
    assert_eq!(demo.store().tags("app"), ["1", "1.0", "2", "latest"]);
    assert!(changes(&demo).iter().all(|line| line == "DELETE /v2/app/manifests/1"), "{:?}", changes(&demo));
}

#[tokio::test]
async fn deleting_the_image_takes_every_tag_of_it_and_no_other() {
    let (demo, app, shell) = aliases(no_delete_by_tag()).await;
    let image = format!("{app}:1");
    let ended = shell.run(&["delete", &image, "--image", "--yes", "--confirm", "app"]).await;
    ended.assert_code(0).assert_says("also goes  1.0, latest");
    assert_eq!(demo.store().tags("app"), ["2"]);
}

#[tokio::test]
async fn all_tags_of_a_repository_go_in_one_plan_with_its_name_and_undo_restores_them() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let before = demo.store().tags("app");
    let unconfirmed = shell.run(&["delete", &app, "--all-tags", "--yes"]).await;
    unconfirmed.assert_code(2).assert_says("--confirm app");
    assert_eq!(demo.store().tags("app"), before);
    let ended = shell.run(&["delete", &app, "--all-tags", "--yes", "--confirm", "app"]).await;
    ended
        .assert_code(0)
        .assert_says("untag all tags of app (4)")
        .assert_says("keep listing a repository without tags");
    assert!(demo.store().tags("app").is_empty(), "{:?}", demo.store().tags("app"));
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), before);
}

#[tokio::test]
async fn all_tags_means_exactly_one_repository() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let image = format!("{app}:1");
    for (names, said) in [
        (vec![image.as_str()], "leave out `--all-tags`, or the tag"),
        (vec![app.as_str(), app.as_str()], "is for one repository"),
        (vec![demo.address().to_string().as_str()], "a registry cannot be deleted"),
    ] {
        let ended = shell.run(&[&["delete", "--all-tags", "--yes"], names.as_slice()].concat()).await;
        ended.assert_code(2).assert_says(said);
    }
    shell.run(&["delete", &app, "--yes"]).await.assert_code(2).assert_says("or add `--all-tags`");
    assert_eq!(demo.store().tags("app").len(), 4);
}

/// A digest names no tag either.
#[tokio::test]
async fn tags_that_were_not_named_go_only_with_the_repositorys_name() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let before = demo.store().tags("app");
    let [tag, by_digest] = [format!("{app}:1"), format!("{app}@{}", digest(&demo, "app", "1"))];
    for (image, said) in [
        (&tag, "`1.0` and `latest` go too, which were not named"),
        (&by_digest, "`1` and 2 other tags go too, which were not named"),
    ] {
        let ended = shell.run(&["delete", image, "--image", "--yes"]).await;
        ended.assert_code(2).assert_says(said).assert_says("`--confirm app`");
        assert_eq!(demo.store().tags("app"), before);
    }
    assert_eq!(changes(&demo), [""; 0]);
    let all = [tag, format!("{app}:1.0"), format!("{app}:latest")];
    let arguments = ["delete", &all[0], &all[1], &all[2], "--image", "--yes"];
    shell.run(&arguments).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["2"], "where every tag was named, a yes is enough");
}

#[tokio::test]
async fn replace_removes_one_tag_if_the_server_cannot_untag() {
    let (demo, app, shell) = aliases(no_delete_by_tag()).await;
    let before = digest(&demo, "app", "latest");
    shell.run(&["delete", &format!("{app}:1"), "--replace", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["1.0", "2", "latest"]);
    assert_eq!((digest(&demo, "app", "latest"), digest(&demo, "app", "1.0")), (before, before));
}

#[tokio::test]
async fn more_than_one_image_needs_the_repositorys_name() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let (one, two) = (format!("{app}:1"), format!("{app}:2"));
    shell.run(&["delete", &one, &two, "--yes"]).await.assert_code(2).assert_says("--confirm app");
    let wrong = shell.run(&["delete", &one, &two, "--yes", "--confirm", "ap"]).await;
    wrong.assert_code(2).assert_says("another repository");
    assert_eq!(changes(&demo), [""; 0]);
    shell.run(&["delete", &one, &two, "--yes", "--confirm", "app"]).await.assert_code(0);
    assert_eq!(demo.store().tags("app"), ["1.0", "latest"]);
}

#[tokio::test]
async fn impossible_arguments_are_refused_before_any_request() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let digest = digest(&demo, "app", "1");
    let host = demo.address().to_string();
    for (images, said) in [
        (vec![app.clone()], "names a repository"),
        (vec![host.clone()], "is a registry"),
        (vec![format!("{app}:1@{digest}")], "a tag and a digest"),
        (vec![format!("{app}:1"), format!("{host}/other:1")], "two repositories"),
        (vec![], "IMAGE"),
        (vec![format!("{app}:1"), "--image".into(), "--replace".into()], "cannot be used with"),
    ] {
        let arguments: Vec<&str> =
            ["delete", "--yes"].into_iter().chain(images.iter().map(String::as_str)).collect();
        shell.run(&arguments).await.assert_code(2).assert_says(said);
    }
    assert_eq!(demo.requests().len(), 0);
}

#[tokio::test]
async fn one_document_tells_the_plan_and_how_it_ended() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let ended = shell.run(&["delete", &format!("{app}:1"), "--yes", "--json"]).await;
    ended.assert_code(0);
    let document = ended.json();
    assert_eq!(document["plan"]["method"], "untag");
    assert_eq!(document["plan"]["images"][0]["others"], serde_json::json!(["1.0", "latest"]));
    assert!(document["report"]["items"][0]["outcome"]["done"].is_string(), "{document}");
    assert!(ended.stderr.is_empty() && document["report"]["undo"].is_string(), "{ended:?}");
    assert_eq!(demo.store().tags("app").len(), 3);
}

/// The first delete waits, and the program with it.
#[cfg(unix)]
async fn held(arguments: &[&str], shell: &Shell, demo: &Demo) -> (tokio::process::Child, Gate) {
    let gate = Gate::new();
    let hold = gate.clone();
    demo.fault(move |request, _| {
        let is_tag = ["/manifests/1", "/manifests/2"].iter().any(|end| request.path.ends_with(end));
        (request.method == "DELETE" && is_tag).then(|| Fault::Gate(hold.clone()))
    });
    let child = shell.command(arguments).spawn().expect("it runs");
    gate.reached_by(1).await;
    (child, gate)
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_finishes_the_begun_part_and_begins_no_other() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let (one, two) = (format!("{app}:1"), format!("{app}:2"));
    let arguments = ["delete", &one, &two, "--yes", "--confirm", "app", "--json"];
    let (mut child, gate) = held(&arguments, &shell, &demo).await;
    interrupt(&child);
    until_said(&mut child, "Ctrl-C again").await;
    gate.open();
    let ended = ended(child).await;
    ended.assert_code(130);
    let document = ended.json();
    let outcomes: Vec<&serde_json::Value> =
        document["report"]["items"].as_array().expect("items").iter().map(|item| &item["outcome"]).collect();
    assert!(outcomes.iter().any(|outcome| *outcome == "stopped"), "{document}");
    let left = demo.store().tags("app").len();
    let done = outcomes.iter().filter(|outcome| outcome["done"].is_string()).count();
    assert_eq!(left, 4 - done, "the report says what was done: {document}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_interrupt_ends_at_once() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let image = format!("{app}:1");
    let (mut child, _gate) = held(&["delete", &image, "--yes"], &shell, &demo).await;
    interrupt(&child);
    until_said(&mut child, "Ctrl-C again").await;
    interrupt(&child);
    ended(child).await.assert_code(130);
}

#[tokio::test]
async fn a_tag_that_is_left_alone_is_no_success() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = open(DemoSettings::default(), store).await;
    let contents = demo.store().clone();
    // Another client pushes between the plan and the last look.
    demo.fault(move |request, nth| {
        if request.method == "HEAD" && request.path.ends_with("/manifests/1") && nth == 2 {
            contents.image("app").label("who", "somebody else").tag("1").push();
        }
        None
    });
    let shell = Shell::new();
    let ended = shell.run(&["delete", &format!("{}/app:1", demo.address()), "--yes"]).await;
    ended.assert_code(1).assert_says("`1`: skipped: it moved since");
    assert!(ended.stdout.contains("skipped: it moved since"), "{}", ended.stdout);
    assert!(demo.store().tags("app").contains(&"1".to_string()));
}

#[tokio::test]
async fn a_closed_pipe_hides_no_failure() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    // The pipe is closed before the report is printed.
    demo.fault(|request, _| {
        (request.method == "DELETE" && request.path.ends_with("/manifests/1")).then(|| Fault::status(403))
    });
    let mut child = shell.command(&["delete", &format!("{app}:1"), "--yes"]).spawn().expect("it runs");
    drop(child.stdout.take());
    ended(child).await.assert_code(1).assert_says("403");
    demo.clear_faults();
    // The pipe is closed before the plan is printed, so no user can have seen the plan.
    let mut child = shell.command(&["delete", &format!("{app}:1"), "--yes"]).spawn().expect("it runs");
    drop(child.stderr.take());
    ended(child).await.assert_code(1);
    assert_eq!(demo.store().tags("app"), ["1", "1.0", "2", "latest"]);
}

#[tokio::test]
async fn a_plan_that_cannot_be_carried_out_says_so_itself() {
    let (_demo, app, shell) = aliases(no_delete_by_tag()).await;
    let planned = shell.run(&["delete", &format!("{app}:1"), "--dry-run"]).await;
    assert!(
        planned.assert_code(1).stdout.contains("blocked    the server does not delete by tag"),
        "{planned:?}"
    );
    let image = shell.run(&["--read-only", "delete", &format!("{app}:1"), "--dry-run"]).await;
    assert!(image.assert_code(1).stdout.contains("refused    `--read-only`"), "{image:?}");
}

#[tokio::test]
async fn a_tag_that_is_not_there_is_a_failure_and_the_others_are_done() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    let (one, typo) = (format!("{app}:1"), format!("{app}:typo"));
    let ended = shell.run(&["delete", &one, &typo, "--yes"]).await;
    ended.assert_code(1).assert_says("cannot delete app:typo: it is not there");
    assert!(ended.stdout.contains("typo  failed: it is not there"), "{ended:?}");
    assert_eq!(demo.store().tags("app"), ["1.0", "2", "latest"]);
    let other = format!("{app}:1.0");
    let ended = shell.run(&["delete", &other, &typo, "--yes", "--json"]).await;
    let items = &ended.assert_code(1).json()["report"]["items"];
    assert_eq!(items[0]["outcome"]["done"], "untagged");
    assert_eq!(
        (&items[1]["name"], &items[1]["outcome"]["failed"]["kind"]),
        (&"typo".into(), &"not_found".into())
    );
    demo.forget_requests();
    let ended = shell.run(&["delete", &typo, &format!("{app}:typo2"), "--yes"]).await;
    ended.assert_code(1).assert_says("nothing to delete in app: typo, typo2 are not there");
    assert_eq!(changes(&demo), [""; 0]);
}

#[tokio::test]
async fn equal_failures_are_printed_once_with_all_names() {
    let (demo, app, shell) = aliases(DemoSettings::default()).await;
    demo.fault(|request, _| {
        let is_one = ["/1", "/1.0"].iter().any(|end| request.path.ends_with(end));
        (request.method == "DELETE" && is_one).then(|| Fault::answer(403, &[], "no"))
    });
    let images = ["1", "1.0", "latest"].map(|tag| format!("{app}:{tag}"));
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let ended = shell.run(&[&["delete", "--yes"], images.as_slice()].concat()).await;
    ended.assert_code(1).assert_says("cannot untag app:1: 403").assert_says("1 more failed alike: 1.0");
    let rows: Vec<&str> = ended.stdout.lines().collect();
    assert!(rows[1].starts_with("2 items  failed: 403") && rows[2] == "         1, 1.0", "{ended:?}");
    assert_eq!(ended.stdout.matches("403").count(), 1, "{ended:?}");
    let again = [&["delete", "--yes", "--json"], &images[..2]].concat();
    assert_eq!(shell.run(&again).await.json()["report"]["items"].as_array().map(Vec::len), Some(2));
}
