//! `regtui ls` and `regtui inspect` as a shell runs them.

use std::process::{Output, Stdio};

use crate::support::samples;
use regtui::demo::faults::Fault;
use regtui::demo::{self, Demo, Store};
use serde_json::Value;
use tokio::process::Command;

async fn demo() -> Demo {
    Demo::start(demo::DemoSettings::default(), samples::sample()).await.expect("a port")
}

async fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_regtui"))
        .args(arguments)
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn ls_lists_repositories_and_tags_and_nothing_else() {
    let demo = demo().await;
    let host = demo.address().to_string();
    let output = run(&["ls", &host]).await;
    let listed: Vec<String> = text(&output.stdout).lines().map(String::from).collect();
    assert_eq!((listed.len(), listed[0].as_str(), output.stderr.len()), (22, "base/alpine", 0));
    let output = run(&["ls", &format!("{host}/team/app")]).await;
    let tags = text(&output.stdout);
    assert!(tags.starts_with("1.4.2\n1.4.1\n1.4.0\n"), "{tags}");
    let output = run(&["ls", "--sort", "name", &format!("{host}/team/app")]).await;
    assert!(text(&output.stdout).starts_with("1\n1.2\n1.2.10\n"));
}

#[tokio::test]
async fn ls_long_tells_digest_size_date_and_platforms() {
    let demo = demo().await;
    let target = format!("{}/team/app", demo.address());
    let output = run(&["ls", "--long", &target]).await;
    let table = text(&output.stdout);
    let mut rows = table.lines();
    assert!(
        rows.next().is_some_and(|heading| heading.starts_with("TAG") && heading.ends_with("KIND")),
        "{table}"
    );
    assert!(
        rows.next().is_some_and(|row| row.starts_with("1.4.2")
            && row.contains("MB")
            && row.contains("linux/amd64,linux/arm64")),
        "{table}"
    );
    let found = lines(&run(&["ls", "--long", "--json", &target]).await);
    let digest = demo.store().digest_of("team/app", "1.4.2").expect("a sample");
    assert_eq!(found[0]["digest"], digest.to_string());
    assert!(
        found
            .iter()
            .all(|line| line["size"].is_u64() && line["created"].is_string() && line["platforms"].is_array())
    );
}

#[tokio::test]
async fn ls_long_names_the_tags_that_it_leaves_out() {
    let demo = demo().await;
    let list = r#"{"name": "team/app", "tags": ["1.4.2", "-not a tag"]}"#;
    demo.fault(move |request, _| {
        request
            .path
            .ends_with("/tags/list")
            .then(|| Fault::answer(200, &[("content-type", "application/json")], list))
    });
    let output = run(&["ls", "--long", &format!("{}/team/app", demo.address())]).await;
    let (table, said) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && table.lines().count() == 2 && table.contains("1.4.2"), "{table}");
    assert_eq!(said, "regtui: left out `-not a tag`: the rules for tags forbid that name\n");
}

#[tokio::test]
async fn inspect_shows_an_image_in_text_and_json() {
    let demo = demo().await;
    let image = format!("{}/team/app:1.4.2", demo.address());
    let output = run(&["inspect", &image]).await;
    let page = text(&output.stdout);
    for part in ["digest", "linux/arm64", "layers", "COPY --from=build", "ENTRYPOINT"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains('\u{1b}'), "no colours in a pipe");
    let found = lines(&run(&["inspect", "--json", &image]).await);
    assert_eq!(
        (found.len(), &found[0]["kind"], found[0]["platform_images"].as_array().map(Vec::len)),
        (1, &Value::from("index"), Some(3))
    );
}

#[tokio::test]
async fn text_from_a_server_is_printed_without_escapes() {
    let demo = demo().await;
    let host = demo.address().to_string();
    for tag in demo.store().tags("odd/escapes") {
        let image = format!("{host}/odd/escapes:{tag}");
        for arguments in [
            &["inspect", &image][..],
            &["inspect", "--json", &image],
            &["ls", "--long", &image[..image.len() - tag.len() - 1]],
        ] {
            let output = run(arguments).await;
            let printed = text(&output.stdout) + &text(&output.stderr);
            let bad: Vec<char> =
                printed.chars().filter(|c| *c != '\n' && regtui::model::text::is_unsafe(*c)).collect();
            assert!(bad.is_empty(), "{arguments:?}: {bad:?}");
        }
    }
}

#[tokio::test]
async fn failures_print_the_action_the_reason_and_a_hint_and_set_the_exit_code() {
    let demo = demo().await;
    let host = demo.address().to_string();
    let missing = run(&["inspect", &format!("{host}/team/app:none")]).await;
    let said = text(&missing.stderr);
    assert!(
        missing.status.code() == Some(1) && said.contains("MANIFEST_UNKNOWN") && missing.stdout.is_empty(),
        "{said}"
    );
    for (arguments, hint) in [
        (&["ls", "Not A Name"][..], "not a"),
        (&["ls", "--long", &host], "`--long` is for the tags"),
        (&["inspect", &host], "regtui ls"),
        (&["--theme", "pink", &host], "the themes are"),
        (&["ls", "--config", "/nowhere/regtui.toml", &host], "cannot read the configuration"),
        (&[&host], "regtui ls"),
        (&["--nonsense"], "--nonsense"),
    ] {
        let output = run(arguments).await;
        let said = text(&output.stderr);
        assert!(
            output.status.code() == Some(2) && said.contains(hint),
            "{arguments:?}: {:?} {said}",
            output.status
        );
    }
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_error() {
    let store = Store::new();
    (0..5000).for_each(|number| store.create(&format!("r{number}")));
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    let command = format!(
        "{} ls {} | head -n 1; exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_regtui"),
        demo.address()
    );
    let output = Command::new("bash").args(["-c", &command]).output().await.expect("it runs");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_second_run_asks_one_head_a_tag() {
    let store = Store::new();
    for number in 0..50 {
        store.image("app").tag(format!("1.{number}")).label("number", number.to_string()).push();
    }
    let demo = Demo::start(demo::DemoSettings::default(), store).await.expect("a port");
    let cache = tempfile::tempdir().expect("a folder");
    let target = format!("{}/app", demo.address());
    let run = async || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
        let output = command
            .args(["ls", "--long", &target])
            .env("XDG_CACHE_HOME", cache.path())
            .output()
            .await
            .expect("it runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let first = run().await;
    let gets = demo.requests().len();
    demo.forget_requests();
    assert_eq!(run().await, first);
    let second: Vec<String> = demo
        .requests()
        .iter()
        .map(|request| request.line())
        .filter(|line| line.contains("/manifests/") || line.contains("/blobs/"))
        .collect();
    assert!(second.len() == 50 && second.iter().all(|line| line.starts_with("HEAD")), "{gets} {second:?}");
}

#[tokio::test]
async fn the_log_file_holds_requests_and_no_secret() {
    let auth = demo::auth::AuthMode::Basic(demo::auth::Account::new("ann", "CANARY7"));
    let demo = Demo::start(demo::DemoSettings { auth, ..demo::DemoSettings::default() }, samples::sample())
        .await
        .expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let host = demo.address().to_string();
    std::fs::write(
        folder.path().join("config.json"),
        format!(r#"{{"auths":{{"{host}":{{"auth":"YW5uOkNBTkFSWTc="}}}}}}"#),
    )
    .expect("a file");
    let log = folder.path().join("regtui.log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .args(["ls", &host, "--log-level", "trace", "--log-file"])
        .arg(&log)
        .env("DOCKER_CONFIG", folder.path())
        .env("RUST_LOG", "trace");
    let output = command.output().await.expect("it runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let logged = std::fs::read_to_string(log).expect("a log");
    assert!(
        logged.contains("/v2/_catalog") && !logged.contains("CANARY7") && !logged.contains("YW5uOk"),
        "{logged}"
    );
}

#[tokio::test]
async fn the_log_file_does_not_quote_a_helper_that_fails_after_it_told_the_password() {
    use std::os::unix::fs::PermissionsExt;
    let auth = demo::auth::AuthMode::Basic(demo::auth::Account::new("ann", "CANARY7"));
    let demo = Demo::start(demo::DemoSettings { auth, ..demo::DemoSettings::default() }, samples::sample())
        .await
        .expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let helper = folder.path().join("docker-credential-broken");
    let script = "#!/bin/sh\necho '{\"Username\":\"ann\",\"Secret\":\"CANARY7\"}'\nexit 3\n";
    std::fs::write(&helper, script).expect("a file");
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    std::fs::write(folder.path().join("config.json"), r#"{"credsStore":"broken"}"#).expect("a file");
    let log = folder.path().join("regtui.log");
    let host = demo.address().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .args(["ls", &host, "--log-level", "trace", "--log-file"])
        .arg(&log)
        .env("DOCKER_CONFIG", folder.path())
        .env("PATH", folder.path());
    let output = command.output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let logged = std::fs::read_to_string(log).expect("a log");
    assert!(logged.contains("exit status: 3") && !logged.contains("CANARY7"), "{logged}");
    assert!(!text(&output.stderr).contains("CANARY7"));
}

/// docs/RELIABILITY.md F8: the proxy of the environment is used for other hosts, never for loopback, and its password is
/// not shown.
#[tokio::test]
async fn the_proxy_of_the_environment_is_used() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = format!("http://me:CANARY7@{}", listener.local_addr().expect("an address"));
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.expect("a request");
        let body = r#"{"repositories":["from/proxy"]}"#;
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.expect("it listens");
        text(&request[..length])
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .args(["ls", "--plain-http", "registry.test"])
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .env("HOME", "/nonexistent")
        .env("HTTP_PROXY", &proxy);
    let output = command.output().await.expect("it runs");
    assert_eq!(
        (text(&output.stdout).as_str(), output.status.code()),
        ("from/proxy\n", Some(0)),
        "{}",
        text(&output.stderr)
    );
    assert!(answering.await.expect("a request").starts_with("GET http://registry.test/v2/_catalog"));
    let demo = demo().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .args(["ls", &demo.address().to_string()])
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .env("HOME", "/nonexistent")
        .env("HTTP_PROXY", &proxy);
    assert!(command.output().await.expect("it runs").status.success(), "loopback needs no proxy");
}

/// docs/REGISTRIES.md §3.4.
#[tokio::test]
async fn ls_says_that_a_list_may_be_incomplete_also_in_json() {
    let demo = demo().await;
    demo.fault(|request, _| {
        let is_list = request.path.ends_with("/tags/list") || request.path == "/v2/_catalog";
        let link = [("link", "<https://other.test/next>; rel=\"next\"")];
        is_list.then(|| Fault::answer(200, &link, r#"{"tags":["1"],"repositories":["team/app"]}"#))
    });
    let host = demo.address().to_string();
    for arguments in [
        vec!["ls", "--json", &host],
        vec!["ls", "--json", &format!("{host}/team/app")],
        vec!["ls", "--json", "--long", &format!("{host}/team/app")],
        vec!["ls", "--json", "--long", "--sort", "size", &format!("{host}/team/app")],
    ] {
        let output = run(&arguments).await;
        let last = text(&output.stdout).lines().last().map(String::from).expect("a line");
        let last: Value = serde_json::from_str(&last).expect("JSON");
        assert_eq!(last["incomplete"], "the server's next page is at another place", "{arguments:?}");
        assert!(text(&output.stderr).contains("the list may be incomplete"), "{}", text(&output.stderr));
    }
    let complete = self::demo().await;
    let found = lines(&run(&["ls", "--json", &complete.address().to_string()]).await);
    assert!(found.iter().all(|line| line.get("incomplete").is_none()));
}

/// docs/REGISTRIES.md §5.4.
#[tokio::test]
async fn inspect_says_that_the_referrers_may_be_incomplete_also_in_json() {
    let demo = demo().await;
    demo.fault(|request, _| {
        let link = [("link".to_string(), Some("<https://other.test/next>; rel=\"next\"".to_string()))];
        request.path.contains("/referrers/").then(|| Fault::Headers(link.into()))
    });
    let target = format!("{}/team/app:1.4.2", demo.address());
    let found = lines(&run(&["inspect", "--json", &target]).await);
    assert_eq!(found[0]["referrers_incomplete"], "the server's next page is at another place");
    let output = text(&run(&["inspect", &target]).await.stdout);
    assert!(output.contains("may be incomplete: the server's next page is at another place"), "{output}");
}
