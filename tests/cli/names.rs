//! The meaning of arguments, and how the registries that they name are reached.

use regtui::demo::{Demo, DemoSettings, Store};

use crate::support::shell::{Ended, Shell, changes, ended, open};

/// A registry with `team/app:1`, that answers for every name without TLS as the proxy of the environment.
async fn network() -> Demo {
    let store = Store::new();
    store.image("team/app").tag("1").push();
    open(DemoSettings::default(), store).await
}

async fn run(shell: &Shell, network: &Demo, arguments: &[&str]) -> Ended {
    let mut command = shell.command(arguments);
    command.env("HTTP_PROXY", format!("http://{}", network.address()));
    ended(command.spawn().expect("it runs")).await
}

fn logged_in(shell: &Shell, host: &str) {
    let folder = shell.home.path().join(".docker");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = format!(r#"{{"auths":{{"{host}":{{"auth":"dTpw"}}}}}}"#);
    std::fs::write(folder.join("config.json"), text).expect("a file");
}

#[tokio::test]
async fn an_ambiguous_name_is_refused_by_every_command_with_both_spellings() {
    let (shell, network) = (Shell::new(), network().await);
    let image = format!("{}/team/app:1", network.address());
    for arguments in [
        &["ls", "vm:6101"][..],
        &["inspect", "vm:6101"],
        &["tag", "vm:6101", "new", "--yes"],
        &["tag", &image, "vm:6101", "--yes"],
        &["copy", "vm:6101", &image, "--yes"],
        &["copy", &image, "vm:6101", "--yes"],
        &["copy", &image, "vm:6101", "--dry-run", "--json"],
        &["delete", "vm:6101", "--yes"],
        &["delete", &image, "vm:6101", "--yes"],
    ] {
        let ended = run(&shell, &network, arguments).await;
        ended.assert_code(2).assert_says("`vm:6101/`").assert_says("`docker.io/library/vm:6101`");
    }
    assert!(network.requests().is_empty(), "nothing is guessed: {:?}", network.requests());
}

#[tokio::test]
async fn a_scheme_makes_a_registry_of_any_name_and_says_how_it_is_reached() {
    let (shell, network) = (Shell::new(), network().await);
    for (name, listed) in [
        ("http://vm:6101", "team/app\n"),
        ("http://vm", "team/app\n"),
        ("HTTP://vm:6101/", "team/app\n"),
        ("http://vm:6101/team/app", "1\n"),
    ] {
        let ended = run(&shell, &network, &["ls", name]).await;
        assert_eq!((ended.stdout.as_str(), ended.code), (listed, Some(0)), "{name}: {ended:?}");
    }
    let ended = run(&shell, &network, &["inspect", "http://vm:6101/"]).await;
    ended.assert_code(2).assert_says("`regtui ls vm:6101/` lists");
    run(&shell, &network, &["ls", "ftp://vm:6101"]).await.assert_code(2).assert_says("not a scheme");
}

#[tokio::test]
async fn a_name_that_is_configured_or_has_a_login_is_a_registry() {
    let network = network().await;
    let configured = Shell::configured("[registries.\"vm:6101\"]\nplain_http = true\n");
    let by_scheme = Shell::configured("[registries.\"http://vm:6101/\"]\n");
    let with_login = Shell::new();
    logged_in(&with_login, "vm:6101");
    for (shell, arguments) in [
        (configured, &["ls", "vm:6101"][..]),
        (by_scheme, &["ls", "vm:6101"]),
        (with_login, &["ls", "--plain-http", "vm:6101"]),
    ] {
        let ended = run(&shell, &network, arguments).await;
        assert_eq!((ended.stdout.as_str(), ended.code), ("team/app\n", Some(0)), "{arguments:?}: {ended:?}");
        run(&shell, &network, &["ls", "vm:6102"]).await.assert_code(2);
    }
}

#[tokio::test]
async fn in_a_copy_an_option_for_every_registry_is_refused_and_names_the_one_for_a_side() {
    let (shell, network) = (Shell::new(), network().await);
    let image = format!("{}/team/app:1", network.address());
    for option in ["plain-http", "insecure"] {
        let ended =
            run(&shell, &network, &["copy", &format!("--{option}"), &image, "vm:6103/", "--yes"]).await;
        ended
            .assert_code(2)
            .assert_says(&format!("`--src-{option}`"))
            .assert_says(&format!("`--dest-{option}`"));
    }
    let same = format!("{}/team/other:2", network.address());
    run(&shell, &network, &["copy", "--plain-http", &image, &same, "--dry-run"]).await.assert_code(0);
    let ended =
        run(&shell, &network, &["copy", "--src-plain-http", "https://vm:1/a:1", "vm:2/", "--yes"]).await;
    ended.assert_code(2).assert_says("choose one");
    assert_eq!(changes(&network), [""; 0]);
}

#[tokio::test]
async fn each_side_of_a_copy_is_reached_in_its_own_way() {
    let network = network().await;
    let image = format!("{}/team/app:1", network.address());
    let configured = Shell::configured("[registries.\"vm:6103\"]\nplain_http = true\n");
    for (shell, arguments) in [
        (Shell::new(), &["copy", &image, "http://vm:6103/", "--dry-run"][..]),
        (Shell::new(), &["copy", "--dest-plain-http", &image, "vm:6103/", "--dry-run"]),
        (Shell::new(), &["copy", "http://vm:6103/team/app:1", "http://vm:6104/", "--dry-run"]),
        (Shell::new(), &["copy", "--src-plain-http", "vm:6103/team/app:1", &image, "--dry-run"]),
        (configured, &["copy", &image, "vm:6103", "--dry-run"]),
    ] {
        run(&shell, &network, arguments).await.assert_code(0);
    }
    let shell = Shell::new();
    let ended =
        run(&shell, &network, &["copy", "--src-plain-http", &image, "vm.invalid:6103", "--dry-run"]).await;
    ended.assert_code(1);
    let ended = run(&shell, &network, &["ls", &format!("https://{}", network.address())]).await;
    ended.assert_code(1).assert_says("plain HTTP");
}

#[tokio::test]
async fn the_plan_says_on_which_side_a_password_is_sent_unencrypted() {
    let (shell, network) = (Shell::new(), network().await);
    let image = format!("{}/team/app:1", network.address());
    logged_in(&shell, "vm:6103");
    let arguments = ["copy", &image, "http://vm:6103/", "--dry-run"];
    let told =
        "a password is sent unencrypted to `vm:6103`, the destination (plain HTTP), if it asks for a login";
    let plan = run(&shell, &network, &arguments).await;
    assert!(plan.assert_code(0).stdout.contains(told), "{plan:?}");
    let plan = run(&shell, &network, &[&arguments[..], &["--json"]].concat()).await.json();
    let sides = plan["plan"]["sides"].as_array().expect("two sides").clone();
    let told: Vec<_> = sides
        .iter()
        .map(|side| (side["role"].as_str(), side["transport"].as_str(), side["sends"].as_str()))
        .collect();
    assert_eq!(
        told,
        [(Some("source"), Some("plain"), None), (Some("destination"), Some("plain"), Some("password"))]
    );
    let without = run(&Shell::new(), &network, &arguments).await;
    assert!(!without.stdout.contains("unencrypted"), "{without:?}");
}
