//! `regtui copy` as a shell runs it.

use std::sync::atomic::{AtomicBool, Ordering};

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::layer::DemoLayer;
use regtui::demo::{Demo, DemoSettings, Store};

use crate::support::shell::{Shell, changes, digest, ended, interrupt, open, until_said};

struct Two {
    from: Demo,
    to: Demo,
    source: String,
    target: String,
    shell: Shell,
}

/// A registry with `team/app`: 1 for two platforms, 2 for one; and an empty one.
async fn two() -> Two {
    let store = Store::new();
    let mut index = store.index("team/app").tag("1");
    for architecture in ["amd64", "arm64"] {
        let image = store.image("team/app").platform("linux", architecture);
        index = index.child(&image.layer("COPY app /", DemoLayer::of(&[("app", architecture)])).push());
    }
    index.push();
    store.image("team/app").tag("2").label("number", "2").push();
    let (from, to) =
        (open(DemoSettings::default(), store).await, open(DemoSettings::default(), Store::new()).await);
    let (source, target) = (from.address().to_string(), to.address().to_string());
    Two { from, to, source, target, shell: Shell::new() }
}

#[tokio::test]
async fn an_image_is_the_same_in_the_other_registry() {
    let two = two().await;
    let image = format!("{}/team/app:1", two.source);
    let ended = two.shell.run(&["copy", &image, &two.target, "--yes", "--json"]).await;
    ended.assert_code(0);
    assert_eq!(digest(&two.to, "team/app", "1"), digest(&two.from, "team/app", "1"));
    assert!(ended.json()["report"]["moved"].as_u64().is_some_and(|moved| moved > 0), "{ended:?}");
    assert_eq!(two.to.store().open_uploads(), 0);
    let sent = changes(&two.to);
    assert_eq!(
        sent.last().map(String::as_str),
        Some("PUT /v2/team/app/manifests/1"),
        "the tag comes last: {sent:?}"
    );
    assert_eq!(changes(&two.from), [""; 0]);
}

#[tokio::test]
async fn a_registry_that_is_waited_for_is_named_without_a_terminal_too() {
    let two = two().await;
    let was_busy = AtomicBool::new(false);
    two.to.fault(move |request, _| {
        (request.method == "PUT"
            && request.path.contains("/manifests/")
            && !was_busy.swap(true, Ordering::Relaxed))
        .then(|| Fault::answer(429, &[("retry-after", "1")], ""))
    });
    let image = format!("{}/team/app:2", two.source);
    let ended = two.shell.run(&["copy", &image, &two.target, "--yes"]).await;
    ended.assert_code(0);
    let said = format!("regtui: waits for {}: 429, asked to wait 1 s", two.target);
    assert!(ended.stderr.contains(&said), "{ended:?}");
}

#[tokio::test]
async fn a_copy_can_have_another_name() {
    let two = two().await;
    let image = format!("{}/team/app:2", two.source);
    two.shell.run(&["copy", &image, &format!("{}/prod/app:stable", two.target)]).await.assert_code(0);
    assert_eq!(digest(&two.to, "prod/app", "stable"), digest(&two.from, "team/app", "2"));
    two.shell.run(&["copy", &image, &format!("{}/prod/app", two.target), "--yes"]).await.assert_code(0);
    assert_eq!(two.to.store().tags("prod/app"), ["2", "stable"]);
}

#[tokio::test]
async fn a_whole_repository_is_copied() {
    let two = two().await;
    let repository = format!("{}/team/app", two.source);
    two.shell
        .run(&["copy", &repository, &two.target, "--yes"])
        .await
        .assert_code(2)
        .assert_says("--all-tags");
    two.shell.run(&["copy", &repository, &two.target, "--all-tags", "--yes"]).await.assert_code(0);
    for tag in ["1", "2"] {
        assert_eq!(digest(&two.to, "team/app", tag), digest(&two.from, "team/app", tag));
    }
}

#[tokio::test]
async fn tags_that_exist_are_replaced_only_by_force() {
    let two = two().await;
    let other = two.to.store().image("team/app").tag("1").label("other", "yes").push();
    let image = format!("{}/team/app:1", two.source);
    two.shell.run(&["copy", &image, &two.target]).await.assert_code(2).assert_says("--yes --force");
    let refused = two.shell.run(&["copy", &image, &two.target, "--yes"]).await;
    refused.assert_code(2).assert_says("--force").assert_says(&other.digest.short());
    assert_eq!((changes(&two.to).len(), digest(&two.to, "team/app", "1")), (0, other.digest));
    two.shell.run(&["copy", &image, &two.target, "--yes", "--force"]).await.assert_code(0);
    assert_eq!(digest(&two.to, "team/app", "1"), digest(&two.from, "team/app", "1"));
}

#[tokio::test]
async fn one_platform_has_another_digest_and_the_plan_says_so() {
    let two = two().await;
    let image = format!("{}/team/app:1", two.source);
    let arguments = ["copy", &image, &two.target, "--platform", "linux/arm64", "--yes"];
    two.shell.run(&arguments).await.assert_code(0).assert_says("changes    only some platforms are copied");
    assert_ne!(digest(&two.to, "team/app", "1"), digest(&two.from, "team/app", "1"));
    let wrong = two.shell.run(&["copy", &image, &two.target, "--platform", "linux/", "--yes"]).await;
    wrong.assert_code(2).assert_says("os/architecture");
    let short = two.shell.run(&["copy", &image, &two.target, "--platform", "arm64", "--dry-run"]).await;
    short.assert_code(0);
    assert!(short.stdout.contains("platforms  takes linux/arm64; leaves linux/amd64"), "{short:?}");
}

#[tokio::test]
async fn a_dry_run_prints_the_blobs_to_move_and_changes_nothing() {
    let two = two().await;
    let image = format!("{}/team/app:1", two.source);
    let ended = two.shell.run(&["copy", &image, &two.target, "--dry-run"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("moves     ") && ended.stdout.contains("blobs"), "{ended:?}");
    assert_eq!((changes(&two.to), changes(&two.from)), (vec![], vec![]));
}

#[tokio::test]
async fn promote_refuses_other_places_and_is_named() {
    let two = two().await;
    let config = format!("[registries.{:?}]\npromote = [\"{}/prod\"]\n", two.source, two.target);
    let shell = Shell::configured(&config);
    let image = format!("{}/team/app:2", two.source);
    let refused = shell.run(&["copy", &image, &two.target, "--yes"]).await;
    refused.assert_code(1).assert_says("must not be copied").assert_says("`promote` of [registries.");
    assert_eq!(changes(&two.to), [""; 0]);
    shell.run(&["copy", &image, &format!("{}/prod/app", two.target), "--yes"]).await.assert_code(0);
}

#[tokio::test]
async fn impossible_arguments_are_refused_before_any_request() {
    let two = two().await;
    let image = format!("{}/team/app:1", two.source);
    let digest = digest(&two.from, "team/app", "1");
    for (arguments, said) in [
        (vec![two.source.clone(), two.target.clone()], "is a registry"),
        (vec![image.clone(), two.target.clone(), "--all-tags".into()], "names one image"),
        (vec![image.clone(), format!("{}/x@{digest}", two.target)], "keeps its own"),
        (
            vec![format!("{}/team/app", two.source), format!("{}/x:1", two.target), "--all-tags".into()],
            "leave out the tag",
        ),
    ] {
        let arguments: Vec<&str> =
            ["copy", "--yes"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        two.shell.run(&arguments).await.assert_code(2).assert_says(said);
    }
    assert_eq!((two.from.requests().len(), two.to.requests().len()), (0, 0));
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_in_the_middle_of_an_upload_leaves_no_tag_and_no_upload() {
    let two = two().await;
    let gate = Gate::new();
    let hold = gate.clone();
    two.to.fault(move |request, _| {
        (request.method == "PUT" && request.path.contains("/uploads/")).then(|| Fault::Gate(hold.clone()))
    });
    let image = format!("{}/team/app:1", two.source);
    let mut child =
        two.shell.command(&["copy", &image, &two.target, "--yes", "--json"]).spawn().expect("it runs");
    gate.reached_by(1).await;
    interrupt(&child);
    until_said(&mut child, "Ctrl-C again").await;
    let ended = ended(child).await;
    ended.assert_code(130);
    assert_eq!(ended.json()["report"]["items"][0]["outcome"], "stopped", "{ended:?}");
    assert_eq!((two.to.store().tags("team/app").len(), two.to.store().open_uploads()), (0, 0));
}

#[tokio::test]
async fn a_registry_without_docker_manifests_leads_to_the_option_that_converts_them() {
    let store = Store::new();
    let child = store.image("team/app").docker().platform("linux", "amd64").push();
    let list = store.index("team/app").docker().child(&child).tag("1").push();
    let from = open(DemoSettings::default(), store).await;
    let to = open(DemoSettings::default(), Store::new()).await;
    to.fault(|request, _| Fault::refused_docker_manifest(request));
    let (image, target) = (format!("{}/team/app:1", from.address()), to.address().to_string());
    let shell = Shell::new();
    shell.run(&["copy", &image, &target]).await.assert_code(1).assert_says("`copy --format oci`");
    shell.run(&["copy", &image, &target, "--format", "v2s2"]).await.assert_code(2).assert_says("oci");
    let plan = shell.run(&["copy", &image, &target, "--format", "oci", "--dry-run"]).await;
    plan.assert_code(0);
    for part in [
        "convert    [x] Docker's manifests to OCI: digests change, layers stay (`--format oci`)",
        "changes    2 manifests are converted to OCI: digests change, layers stay",
        &format!("(was {})", list.digest.short()),
        &format!("\n{}  → ", child.digest.short()),
        "loses      signatures and attestations name the old digests",
    ] {
        assert!(plan.stdout.contains(part), "{part}: {}", plan.stdout);
    }
    let ended = shell.run(&["copy", &image, &target, "--format", "oci", "--json"]).await;
    ended.assert_code(0);
    let converted = &ended.json()["plan"]["converted"];
    assert_eq!(converted[0]["source"], child.digest.to_string());
    assert_eq!(converted[1]["digest"], digest(&to, "team/app", "1").to_string());
    let again = shell.run(&["copy", &image, &target, "--format", "oci"]).await;
    again.assert_code(0).assert_says("is that already");
}

#[tokio::test]
async fn a_copy_tells_how_many_counted_requests_it_needs_before_it_sends_them() {
    let two = two().await;
    let shell = Shell::configured(&format!("[registries.\"{}\"]\nvendor = \"Docker Hub\"\n", two.source));
    two.from.fault(|request, _| {
        let left = ("ratelimit-remaining".to_string(), Some("1;w=21600".to_string()));
        request.path.contains("/manifests/").then(|| Fault::Headers(vec![left]))
    });
    let repository = format!("{}/team/app", two.source);
    let ended = shell.run(&["copy", &repository, &two.target, "--all-tags", "--yes"]).await;
    let need = format!("needs about 2 of 1 request left at {}: too few", two.source);
    ended.assert_code(0).assert_says(&need);
    assert_eq!(digest(&two.to, "team/app", "2"), digest(&two.from, "team/app", "2"));
}
