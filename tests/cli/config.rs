//! `regtui config`: the files, their errors, and the values that are in effect.

use regtui::demo::{DemoSettings, Store};

use crate::support::shell::{Ended, Shell, ended, open};

/// The words of the row that begins with this key.
#[track_caller]
fn row<'a>(ended: &'a Ended, key: &str) -> Vec<&'a str> {
    let rows = ended.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.into_iter().find(|words| words.first() == Some(&key));
    row.unwrap_or_else(|| panic!("no row `{key}`: {ended:?}"))
}

#[tokio::test]
async fn print_names_the_origin_of_each_value() {
    let shell = Shell::configured(
        "theme = \"dark\"\ntimeout = 20\nlog_level = \"debug\"\n[keys]\ntags.delete = \"F8\"\n",
    );
    let mut command = shell.command(&["config", "print", "--sources", "--log-level", "warn", "--no-cache"]);
    let child = command.env("REGTUI_TIMEOUT", "10").spawn().expect("it runs");
    let ended = crate::support::shell::ended(child).await;
    ended.assert_code(0);
    let file = shell.home.path().join(".config/regtui/config.toml").display().to_string();
    assert_eq!(row(&ended, "theme"), ["theme", "\"dark\"", &format!("{file}:1")]);
    assert_eq!(row(&ended, "timeout"), ["timeout", "10", "environment", "variable", "REGTUI_TIMEOUT"]);
    assert_eq!(row(&ended, "log_level"), ["log_level", "\"warn\"", "--log-level"]);
    assert_eq!(row(&ended, "cache"), ["cache", "false", "--no-cache"]);
    assert_eq!(row(&ended, "mouse"), ["mouse", "true", "default"]);
    assert_eq!(row(&ended, "ca_file"), ["ca_file", "not", "set", "default"]);
    assert_eq!(row(&ended, "keys.tags.delete"), ["keys.tags.delete", "[\"F8\"]", &format!("{file}:5")]);
}

#[tokio::test]
async fn print_shows_every_setting_of_the_shipped_file() {
    let ended = Shell::new().run(&["config", "print"]).await;
    let shipped = include_str!("../../assets/config.toml");
    let (for_all, _) = shipped.split_once("# [keys]").expect("the keys come after the settings for all");
    let mut count = 0;
    for key in for_all.lines().filter_map(|line| Some(line.strip_prefix("# ")?.split_once(" = ")?.0)) {
        row(&ended, key);
        count += 1;
    }
    assert!(count > 15, "{count}");
}

#[tokio::test]
async fn print_shows_the_settings_that_hold_for_a_registry() {
    let config = "insecure = true\nread_only = true\n[registries.\"http://r.test\"]\nprotect = true\n";
    let shell = Shell::configured(config);
    let ended = shell.run(&["config", "print", "r.test", "--sources"]).await;
    ended.assert_code(0);
    let line = |key| row(&ended, key).last().and_then(|source| source.rsplit_once(':')).map(|(_, line)| line);
    assert_eq!((row(&ended, "plain_http")[1], line("plain_http")), ("true", Some("3")));
    assert_eq!((row(&ended, "insecure")[1], line("insecure")), ("true", Some("1")));
    assert_eq!((row(&ended, "read_only")[1], line("read_only")), ("true", Some("2")));
    assert_eq!((row(&ended, "protect")[1], line("protect")), ("true", Some("4")));
    let flagged = shell.run(&["config", "print", "other.test", "--sources", "--plain-http"]).await;
    assert_eq!(row(&flagged, "plain_http"), ["plain_http", "true", "--plain-http"]);
    assert_eq!(row(&flagged, "protect"), ["protect", "false", "default"]);
}

#[tokio::test]
async fn print_gives_one_json_document_a_line_and_no_secret() {
    let scan = "scan = [\"scanner\", \"--server\", \"https://me:CANARY7@scan.test\", \"{digest}\"]\n";
    let shell = Shell::configured(scan);
    let ended = shell.run(&["config", "print", "--json", "--sources"]).await;
    let rows: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let scan = rows.iter().find(|row| row["key"] == "scan").expect("the setting");
    assert_eq!(scan["value"][0], "scanner");
    assert_eq!(scan["value"][3], "{digest}");
    assert!(scan["source"].as_str().is_some_and(|source| source.ends_with("config.toml:1")));
    assert!(!ended.stdout.contains("CANARY7"), "{ended:?}");
}

#[tokio::test]
async fn check_reports_every_unknown_key_with_file_and_line() {
    let shell = Shell::configured("mose = true\n[registries.\"r.test\"]\nprotekt = true\n");
    let ended = shell.run(&["config", "check"]).await;
    ended.assert_code(1).assert_says("config.toml`: line 1: `mose`");
    ended.assert_says("line 3: `registries.r.test.protekt`");
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn check_reports_wrong_values_and_missing_files() {
    for (config, said) in [
        ("theme = 3\n", "line 1"),
        ("theme = \"pink\"\n", "the themes are"),
        ("theme = \n", "line 1"),
        ("ca_file = \"/nowhere/ca.pem\"\n", "`/nowhere/ca.pem`"),
    ] {
        let ended = Shell::configured(config).run(&["config", "check"]).await;
        ended.assert_code(1).assert_says(said);
    }
    let ended = Shell::configured("theme = \"dark\"\n").run(&["config", "check"]).await;
    ended.assert_code(0);
    assert_eq!(ended.stdout, "no errors in 1 file\n");
    Shell::new().run(&["config", "check"]).await.assert_code(0);
    let missing = Shell::new().run(&["config", "check", "--config", "/nowhere/config.toml"]).await;
    missing.assert_code(1).assert_says("/nowhere/config.toml");
}

#[tokio::test]
async fn path_lists_the_files_and_whether_they_exist() {
    let shell = Shell::configured("log_file = \"/tmp/regtui-never-written.log\"\n");
    let ended = shell.run(&["config", "path", "--json"]).await;
    ended.assert_code(0);
    let rows: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let state = |path: &str| {
        let path = shell.home.path().join(path).display().to_string();
        rows.iter().find(|row| row["path"] == path).map(|row| row["state"].clone())
    };
    assert_eq!(state(".config/regtui/config.toml"), Some("present".into()));
    assert_eq!(state(".docker/config.json"), Some("absent".into()));
    if cfg!(target_os = "linux") {
        assert_eq!(state(".local/state/regtui/state.db"), Some("absent".into()));
        assert_eq!(state(".cache/regtui/cache.db"), Some("absent".into()));
    }
    assert!(rows.iter().any(|row| row["purpose"] == "log" && row["access"] == "write"));
    assert!(shell.files_with("").iter().all(|file| file.ends_with("config.toml")), "nothing is written");
}

#[tokio::test]
async fn path_works_with_a_configuration_that_has_an_error() {
    let shell = Shell::configured("mose = true\n");
    let ended = shell.run(&["config", "path"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("config.toml"), "{ended:?}");
}

/// docs/RELIABILITY.md I13.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_a_fifo_or_a_device_is_named_and_never_waited_for() {
    let demo = open(DemoSettings::default(), Store::new()).await;
    demo.store().image("app").tag("1").push();
    let target = format!("{}/app", demo.address());
    let files = [
        (".docker/config.json", "", true),
        (".config/containers/auth.json", "", true),
        ("auth.json", "REGISTRY_AUTH_FILE", true),
        ("registries.conf", "CONTAINERS_REGISTRIES_CONF", true),
        ("conf.d/a.conf", "CONTAINERS_REGISTRIES_CONF_DIR", true),
        ("daemon.json", "REGTUI_DOCKER_DAEMON", true),
        (".config/regtui/config.toml", "", false),
        ("ca.pem", "REGTUI_CA_FILE", false),
    ];
    for (file, variable, goes_on) in files {
        let shell = Shell::new();
        let path = shell.home.path().join(file);
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
        assert!(made.success());
        let in_env = if variable.ends_with("_DIR") { folder } else { path.as_path() };
        let run = async |arguments: &[&str]| {
            let mut command = shell.command(arguments);
            command.env("REGTUI_SYSTEM_REGISTRIES", "true");
            if !variable.is_empty() {
                command.env(variable, in_env);
            }
            ended(command.spawn().expect("it runs")).await
        };
        let listed = run(&["ls", &target]).await;
        if goes_on {
            assert_eq!(listed.assert_code(0).stdout.trim(), "1", "{file}");
        } else {
            listed.assert_code(2).assert_says("it is not a regular file");
        }
        let paths = run(&["config", "path"]).await;
        let name = path.display().to_string();
        let row = paths.stdout.lines().find(|line| line.ends_with(&name));
        assert!(
            variable.ends_with("_DIR") || row.is_some_and(|row| row.contains("it is not a regular file")),
            "{file}: {paths:?}"
        );
    }
}
