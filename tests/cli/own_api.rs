//! Tags removed by the own API of a registry's vendor, as a shell runs it.

use hyper::Method;
use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Host;

use crate::support::shell::{Shell, open};

const SECRET: &str = "CANARY-own-cli";

/// Harbor as its source shows it: its registry API deletes no tag, and its own API does.
async fn harbor(status: u16) -> (Demo, String, Shell) {
    let store = Store::new();
    let image = store.image("team/app").tag("1").label("number", "1").push();
    store.tag("team/app", "latest", image.digest);
    store.image("team/app").tag("2").label("number", "2").push();
    let played = store.clone();
    let demo = open(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, store).await;
    demo.fault(move |request, _| {
        let path = request.path.strip_prefix("/api/v2.0/projects/team/repositories/app/artifacts/")?;
        if status == 200 && request.method == Method::DELETE {
            let (digest, tag) = path.split_once("/tags/")?;
            let is_right = played.digest_of("team/app", tag).is_some_and(|of| of.to_string() == digest);
            is_right.then(|| played.untag("team/app", tag))?;
        }
        Some(Fault::answer(status, &[], r#"{"errors":[{"code":"FORBIDDEN","message":"no right"}]}"#))
    });
    let host = Host::parse(&demo.address().to_string()).expect("a host");
    let shell = Shell::configured(&format!("[registries.\"{host}\"]\nvendor = \"harbor\"\n"));
    shell.log_in(&host, &format!("ann:{SECRET}"));
    let app = format!("{host}/team/app");
    (demo, app, shell)
}

#[tokio::test]
async fn the_plan_names_the_vendors_own_api_and_undo_puts_the_tag_back() {
    let (demo, app, shell) = harbor(200).await;
    let ended = shell.run(&["delete", &format!("{app}:1"), "--yes"]).await;
    ended.assert_code(0).assert_says("by Harbor's own API").assert_says("Harbor keeps the image");
    assert_eq!(demo.store().tags("team/app"), ["2", "latest"]);
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(demo.store().tags("team/app"), ["1", "2", "latest"]);
    let ended = shell.run(&["tag", &format!("{app}:2"), "3", "--move", "--yes"]).await;
    ended.assert_code(0).assert_says("by Harbor's own API");
    assert_eq!(demo.store().tags("team/app"), ["1", "3", "latest"]);
    assert_eq!(shell.files_with(SECRET), Vec::<String>::new(), "the file of logins holds it in base64");
}

#[tokio::test]
async fn a_refusal_and_a_rule_change_nothing() {
    let (demo, app, shell) = harbor(403).await;
    let image = format!("{app}:1");
    let ended = shell.run(&["delete", &image, "--own-api", "--yes"]).await;
    ended.assert_code(1).assert_says("403").assert_says("a token with that right");
    let ended = shell.run(&["--read-only", "delete", &image, "--own-api", "--yes"]).await;
    ended.assert_code(1).assert_says("--read-only");
    assert_eq!(demo.store().tags("team/app"), ["1", "2", "latest"]);
}

#[tokio::test]
async fn a_registry_of_no_known_vendor_has_no_own_api_to_delete_by() {
    let store = Store::new();
    store.image("app").tag("1").push();
    let demo = open(DemoSettings::default(), store).await;
    let shell = Shell::new();
    let image = format!("{}/app:1", demo.address());
    let ended = shell.run(&["delete", &image, "--own-api", "--yes"]).await;
    ended.assert_code(1).assert_says("no own API");
    assert_eq!(demo.store().tags("app"), ["1"]);
}
