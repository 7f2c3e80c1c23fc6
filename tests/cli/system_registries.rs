//! The files by which the system configures registries: docs/REGISTRIES.md §4.12.

use regtui::demo::auth::{Account, AuthMode};
use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Host;

use crate::support::shell::{Ended, Shell, changes, digest, ended, open};

/// Runs the program with the system's files of the shell's home: `registries.conf`, `conf.d`, `daemon.json`.
async fn run(shell: &Shell, arguments: &[&str]) -> Ended {
    let mut command = shell.command(arguments);
    let home = shell.home.path();
    command.env("REGTUI_SYSTEM_REGISTRIES", "true");
    command.env("CONTAINERS_REGISTRIES_CONF", home.join("registries.conf"));
    command.env("CONTAINERS_REGISTRIES_CONF_DIR", home.join("conf.d"));
    command.env("REGTUI_DOCKER_DAEMON", home.join("daemon.json"));
    ended(command.spawn().expect("it runs")).await
}

fn with_conf(text: &str) -> Shell {
    let shell = Shell::new();
    shell.write("registries.conf", text);
    shell
}

/// A registry with an image `team/app:1` that contains this text.
async fn registry(text: &str) -> Demo {
    let demo = open(DemoSettings::default(), Store::new()).await;
    demo.store().image("team/app").tag("1").label("made", text).push();
    demo
}

fn address(demo: &Demo) -> String {
    demo.address().to_string()
}

fn mirrored(primary: &str, mirrors: &[&str], settings: &str) -> Shell {
    let mirrors: String =
        mirrors.iter().map(|at| format!("[[registry.mirror]]\nlocation = \"{at}\"\n{settings}\n")).collect();
    with_conf(&format!("[[registry]]\nlocation = \"{primary}\"\n{mirrors}"))
}

#[track_caller]
fn assert_untouched(demo: &Demo) {
    let lines: Vec<String> = demo.requests().iter().map(|request| request.line()).collect();
    assert_eq!(lines, Vec::<String>::new());
}

#[tokio::test]
async fn a_location_rewrites_requests_and_keeps_the_name() {
    let demo = registry("there").await;
    let at = address(&demo);
    let shell = with_conf(&format!(
        "[[registry]]\nprefix = \"example.test/foo\"\nlocation = \"{at}/team\"\n[[registry]]\nprefix = \"*.sub.test\"\nlocation = \"{at}\"\n"
    ));
    let ended = run(&shell, &["inspect", "example.test/foo/app:1"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("example.test/foo/app"), "{ended:?}");
    let ended = run(&shell, &["ls", "a.b.sub.test/team/app"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.lines().any(|line| line.trim() == "1"), "{ended:?}");
}

#[tokio::test]
async fn the_repositories_of_a_registry_with_a_location_are_those_below_it() {
    let demo = registry("there").await;
    demo.store().image("other/app").tag("1").push();
    let shell = with_conf(&format!(
        "[[registry]]\nprefix = \"example.test\"\nlocation = \"{}/team\"\n",
        address(&demo)
    ));
    let ended = run(&shell, &["ls", "example.test"]).await;
    ended.assert_code(0);
    assert_eq!(ended.stdout.lines().map(str::trim).collect::<Vec<_>>(), ["app"]);
}

#[tokio::test]
async fn a_blocked_registry_is_refused_with_the_line_of_the_file() {
    let demo = registry("there").await;
    let at = address(&demo);
    let shell = with_conf(&format!("[[registry]]\nlocation = \"{at}\"\nblocked = true\n"));
    for arguments in [
        vec!["ls".into(), format!("{at}/")],
        vec!["ls".into(), format!("{at}/team/app")],
        vec!["inspect".into(), format!("{at}/team/app:1")],
        vec!["tag".into(), format!("{at}/team/app:1"), "2".into(), "--yes".into()],
        vec!["delete".into(), format!("{at}/team/app:1"), "--yes".into()],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = run(&shell, &arguments).await;
        ended.assert_code(1).assert_says("registries.conf:2").assert_says("blocked = true");
    }
    assert_untouched(&demo);
}

#[tokio::test]
async fn content_comes_from_the_first_mirror_that_has_it() {
    let (primary, empty, mirror) = (
        registry("primary").await,
        open(DemoSettings::default(), Store::new()).await,
        registry("mirror").await,
    );
    let shell = mirrored(&address(&primary), &[&address(&empty), &address(&mirror)], "");
    let ended = run(&shell, &["inspect", &format!("{}/team/app:1", address(&primary))]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains(&digest(&mirror, "team/app", "1").to_string()), "{ended:?}");
    assert!(!empty.requests().is_empty());
    let manifests = primary.requests().into_iter().filter(|request| request.path.contains("/manifests/1"));
    assert_eq!(manifests.count(), 0);
}

#[tokio::test]
async fn a_dead_mirror_and_one_without_the_tag_are_passed_over() {
    let (primary, empty) = (registry("primary").await, open(DemoSettings::default(), Store::new()).await);
    let dead = registry("dead").await;
    dead.fault(|_, _| Some(Fault::Close));
    let shell = mirrored(&address(&primary), &[&address(&dead), &address(&empty)], "");
    let ended = run(&shell, &["inspect", &format!("{}/team/app:1", address(&primary))]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains(&digest(&primary, "team/app", "1").to_string()), "{ended:?}");
    assert!(!dead.requests().is_empty() && !empty.requests().is_empty());
}

#[tokio::test]
async fn a_mirror_that_lies_about_a_digest_is_not_believed() {
    let (primary, liar) = (registry("same").await, registry("same").await);
    liar.fault(|request, _| request.path.contains("sha256:").then_some(Fault::WrongBytes));
    let shell = mirrored(&address(&primary), &[&address(&liar)], "");
    let wanted = digest(&primary, "team/app", "1");
    let ended = run(&shell, &["inspect", &format!("{}/team/app@{wanted}", address(&primary))]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("made"), "{ended:?}");
    assert!(liar.requests().iter().any(|request| request.path.contains("sha256:")));
}

#[tokio::test]
async fn mirrors_for_digests_only_are_not_asked_for_tags() {
    let (primary, mirror) = (registry("primary").await, registry("mirror").await);
    let shell = mirrored(&address(&primary), &[&address(&mirror)], "pull-from-mirror = \"digest-only\"");
    let ended = run(&shell, &["inspect", &format!("{}/team/app:1", address(&primary))]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains(&digest(&primary, "team/app", "1").to_string()), "{ended:?}");
    assert!(!mirror.requests().iter().any(|request| request.path.ends_with("/manifests/1")));
}

#[tokio::test]
async fn the_login_of_a_registry_never_goes_to_its_mirror() {
    let login = || AuthMode::Basic(Account::new("ann", "CANARY7"));
    let settings = || DemoSettings { auth: login(), ..DemoSettings::default() };
    let (primary, mirror) = (open(settings(), Store::new()).await, open(settings(), Store::new()).await);
    for demo in [&primary, &mirror] {
        demo.store().image("team/app").tag("1").push();
    }
    let shell = mirrored(&address(&primary), &[&address(&mirror)], "");
    shell.log_in(&Host::parse(&address(&primary)).expect("a host"), "ann:CANARY7");
    let ended = run(&shell, &["inspect", &format!("{}/team/app:1", address(&primary))]).await;
    ended.assert_code(0);
    assert!(!mirror.requests().is_empty());
    assert!(mirror.requests().iter().all(|request| request.header("authorization").is_none()));
    assert!(primary.requests().iter().any(|request| request.header("authorization").is_some()));
}

#[tokio::test]
async fn a_change_is_decided_and_made_at_the_primary_alone() {
    let (primary, stale) = (registry("new").await, registry("stale").await);
    let at = address(&primary);
    let shell = mirrored(&at, &[&address(&stale)], "");
    let before = digest(&primary, "team/app", "1");
    assert_ne!(before, digest(&stale, "team/app", "1"));
    run(&shell, &["tag", &format!("{at}/team/app:1"), "2", "--yes"]).await.assert_code(0);
    assert_eq!(digest(&primary, "team/app", "2"), before);
    run(&shell, &["copy", &format!("{at}/team/app:1"), &format!("{at}/other/app"), "--yes"])
        .await
        .assert_code(0);
    assert_eq!(digest(&primary, "other/app", "1"), before);
    run(&shell, &["delete", &format!("{at}/team/app:1"), "--yes"]).await.assert_code(0);
    assert_eq!(primary.store().tags("team/app"), ["2"]);
    run(&shell, &["undo", "--yes"]).await.assert_code(0);
    assert_eq!(digest(&primary, "team/app", "1"), before);
    assert_untouched(&stale);
}

#[tokio::test]
async fn a_name_whose_content_is_elsewhere_is_not_changed() {
    let demo = registry("there").await;
    let shell = with_conf(&format!(
        "[[registry]]\nprefix = \"example.test/foo\"\nlocation = \"{}/team\"\n",
        address(&demo)
    ));
    for command in [
        &["tag", "example.test/foo/app:1", "2", "--yes"][..],
        &["delete", "example.test/foo/app:1", "--yes"],
        &["copy", "example.test/foo/app:1", "example.test/foo/other:1", "--yes"],
    ] {
        let ended = run(&shell, command).await;
        ended.assert_code(1).assert_says("is at another place").assert_says("/team");
    }
    assert_eq!(demo.store().tags("team/app"), ["1"]);
    assert!(changes(&demo).is_empty());
}

#[tokio::test]
async fn an_alias_decides_what_a_short_name_means() {
    let demo = registry("there").await;
    let at = address(&demo);
    let shell =
        with_conf(&format!("[aliases]\n\"app\" = \"{at}/team/app\"\n\"my/app\" = \"{at}/team/app\"\n"));
    for name in ["app:1", "my/app:1"] {
        let ended = run(&shell, &["inspect", name]).await;
        ended.assert_code(0);
        assert!(ended.stdout.contains(&format!("{at}/team/app")), "{ended:?}");
    }
}

#[tokio::test]
async fn a_short_name_is_refused_if_several_registries_may_have_it() {
    let demo = registry("there").await;
    let at = address(&demo);
    let several = with_conf(&format!("unqualified-search-registries = [\"{at}\", \"docker.io\"]\n"));
    let ended = run(&several, &["inspect", "team/app:1"]).await;
    ended.assert_code(2).assert_says(&format!("`{at}/team/app:1` or `docker.io/team/app:1`"));
    assert_untouched(&demo);
    let one = with_conf(&format!("unqualified-search-registries = [\"{at}\"]\n"));
    run(&one, &["inspect", "team/app:1"]).await.assert_code(0);
}

#[tokio::test]
async fn a_broken_file_is_named_once_and_the_rest_is_used() {
    let demo = registry("there").await;
    let at = address(&demo);
    let shell = with_conf(&format!(
        "[[registry]]\nprefix = \"a b\"\n[[registry]]\nprefix = \"c d\"\n[[registry]]\nprefix = \"example.test\"\nlocation = \"{at}\"\n"
    ));
    let ended = run(&shell, &["ls", "example.test/team/app"]).await;
    ended.assert_code(0).assert_says("line 2");
    assert_eq!(ended.stderr.matches("registries.conf`").count(), 1, "{ended:?}");
    let check = run(&shell, &["config", "check"]).await;
    check.assert_code(1).assert_says("line 2").assert_says("line 4");
}

/// On Linux 0.0.0.0 leads to this machine, and it is no loopback address, for which plain HTTP needs no permission.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_insecure_registry_may_be_plain_and_gets_no_login_in_the_clear() {
    let (open_one, private) = (registry("there").await, {
        let auth = AuthMode::Basic(Account::new("ann", "CANARY7"));
        let demo = open(DemoSettings { auth, ..DemoSettings::default() }, Store::new()).await;
        demo.store().image("team/app").tag("1").push();
        demo
    });
    let name = |demo: &Demo| format!("0.0.0.0:{}", demo.address().port());
    let rule = |demo: &Demo| format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", name(demo));
    let shell = with_conf(&format!("{}{}", rule(&open_one), rule(&private)));
    shell.log_in(&Host::parse(&name(&private)).expect("a host"), "ann:CANARY7");
    run(&shell, &["ls", &format!("{}/team/app", name(&open_one))]).await.assert_code(0);
    run(&shell, &["ls", &format!("{}/team/app", name(&private))]).await.assert_code(1);
    assert!(!private.requests().is_empty());
    assert!(private.requests().iter().all(|request| request.header("authorization").is_none()));
    let allowed = format!("[registries.\"{}\"]\nplain_http = true\n", name(&private));
    shell.write(".config/regtui/config.toml", allowed);
    run(&shell, &["ls", &format!("{}/team/app", name(&private))]).await.assert_code(0);
    let strict = Shell::new();
    run(&strict, &["ls", &format!("{}/team/app", name(&open_one))]).await.assert_code(1);
}

#[tokio::test]
async fn the_own_configuration_turns_the_files_off() {
    let demo = registry("there").await;
    let at = address(&demo);
    let shell = with_conf(&format!("[[registry]]\nlocation = \"{at}\"\nblocked = true\n"));
    shell.write(".config/regtui/config.toml", "system_registries = false\n");
    run(&shell, &["ls", &format!("{at}/team/app")]).await.assert_code(0);
}

#[tokio::test]
async fn print_names_the_file_that_a_rule_comes_from() {
    let shell = mirrored("r.test", &["m.test/cache"], "insecure = true");
    shell.write("daemon.json", "{\"insecure-registries\": [\"vm.test:5000\", \"r.test\"]}");
    shell.write(".config/regtui/config.toml", "[registries.\"own.test\"]\ninsecure = false\n");
    shell.write("conf.d/a.conf", "[[registry]]\nlocation = \"own.test\"\ninsecure = true\n");
    let print =
        async |host| run(&shell, &["config", "print", "--sources", host]).await.assert_code(0).stdout.clone();
    let of_mirror = print("r.test").await;
    assert!(
        of_mirror.contains("m.test/cache (insecure)") && of_mirror.contains("registries.conf:2"),
        "{of_mirror}"
    );
    let line = |text: &str| text.lines().find(|line| line.starts_with("insecure ")).map(str::to_string);
    let insecure = line(&print("vm.test:5000").await).expect("the setting");
    assert!(insecure.contains("true") && insecure.contains("daemon.json:1"), "{insecure}");
    let own = line(&print("own.test").await).expect("the setting");
    assert!(own.contains("false") && own.contains("config.toml:2"), "{own}");
    let path = run(&shell, &["config", "path"]).await;
    assert!(path.stdout.contains("registries.conf") && path.stdout.contains("daemon.json"), "{path:?}");
}

#[tokio::test]
async fn the_helpers_of_registries_conf_give_logins_and_their_origin_is_shown() {
    use std::os::unix::fs::PermissionsExt;
    const SECRET: &str = "CANARY-of-a-helper";
    let auth = AuthMode::Basic(Account::new("ann", SECRET));
    let demo = open(DemoSettings { auth, ..DemoSettings::default() }, Store::new()).await;
    demo.store().image("team/app").tag("1").push();
    let shell = with_conf("credential-helpers = [\"kept\", \"containers-auth.json\"]\n");
    let log = shell.home.path().join("log").display().to_string();
    let script = format!("#!/bin/sh\necho '{{\"Username\":\"ann\",\"Secret\":\"{SECRET}\"}}'\n");
    shell.write("bin/docker-credential-kept", script);
    let helper = shell.home.path().join("bin/docker-credential-kept");
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let home = shell.home.path();
    let mut command = shell.command(&[
        "--log-file",
        &log,
        "--log-level",
        "debug",
        "ls",
        &format!("{}/team/app", address(&demo)),
    ]);
    command.env("REGTUI_SYSTEM_REGISTRIES", "true").env("PATH", home.join("bin"));
    command.env("CONTAINERS_REGISTRIES_CONF", home.join("registries.conf"));
    command.env("CONTAINERS_REGISTRIES_CONF_DIR", home.join("conf.d"));
    let ended = ended(command.spawn().expect("it runs")).await;
    assert_eq!(ended.assert_code(0).stdout.trim(), "1");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("docker-credential-kept of ") && !log.contains(SECRET), "{log}");
    let printed = run(&shell, &["config", "print", "--sources"]).await;
    let line = printed.stdout.lines().find(|line| line.contains("credential-helpers")).expect("a line");
    assert!(
        line.contains(r#"["kept","containers-auth.json"]"#) && line.contains("registries.conf:1"),
        "{line}"
    );
}
