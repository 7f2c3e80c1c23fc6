//! `regtui login` and `regtui logout` as a shell runs them: docs/REGISTRIES.md §4.8 and §4.9.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::Fault;
use regtui::demo::{Demo, DemoSettings, Store};
use tokio::io::AsyncWriteExt;

use crate::support::shell::{Ended, Shell, ended, open};

const PASSWORD: &str = "CANARY7 with spaces:";

async fn private(auth: AuthMode) -> (Demo, String) {
    let demo = open(DemoSettings { auth, ..DemoSettings::default() }, Store::new()).await;
    demo.store().image("team/app").tag("1").push();
    let host = demo.address().to_string();
    (demo, host)
}

fn basic() -> AuthMode {
    AuthMode::Basic(Account::new("ann", PASSWORD))
}

fn bearer() -> AuthMode {
    AuthMode::Bearer(TokenIssuer { anonymous_pull: false, ..TokenIssuer::new(Account::new("ann", PASSWORD)) })
}

/// Runs the program with this text on its standard input.
async fn run_with(shell: &Shell, arguments: &[&str], input: &str) -> Ended {
    let mut command = shell.command(arguments);
    command.stdin(Stdio::piped()).env("PATH", shell.home.path().join("bin"));
    let mut child = command.spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that ends before it reads its input closes the pipe.
    stdin.write_all(input.as_bytes()).await.ok();
    drop(stdin);
    ended(child).await
}

async fn log_in(shell: &Shell, host: &str, password: &str) -> Ended {
    run_with(shell, &["login", host, "--username", "ann", "--password-stdin"], password).await
}

/// Writes a credential helper that keeps one login in a file of the home.
fn install_helper(shell: &Shell, name: &str) {
    let kept = shell.home.path().join("kept");
    let kept = kept.display();
    let script = format!(
        r#"#!/bin/sh
export PATH=/usr/bin:/bin
case "$1" in
store) cat > '{kept}';;
get) read server; if grep -q "\"$server\"" '{kept}' 2>/dev/null; then cat '{kept}'; else echo 'credentials not found in native keychain'; exit 1; fi;;
erase) rm -f '{kept}';;
esac
"#
    );
    shell.write(&format!("bin/docker-credential-{name}"), script);
    let path = shell.home.path().join(format!("bin/docker-credential-{name}"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

#[tokio::test]
async fn a_login_that_the_registry_accepts_is_stored_and_used() {
    for auth in [basic(), bearer()] {
        let (_demo, host) = private(auth).await;
        let shell = Shell::new();
        shell.run(&["ls", &host]).await.assert_code(1);
        let stored = log_in(&shell, &host, &format!("{PASSWORD}\n")).await;
        stored.assert_code(0);
        assert!(stored.stdout.contains(&format!("logged in to {host} as ann\nstored in `")), "{stored:?}");
        assert!(stored.stdout.contains(".docker/config.json`, where it is not encrypted"), "{stored:?}");
        assert_eq!(shell.run(&["ls", &host]).await.assert_code(0).stdout, "team/app\n");
        let file = shell.home.path().join(".docker/config.json");
        assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        let left = run_with(&shell, &["logout", &host], "").await;
        assert!(left.assert_code(0).stdout.starts_with("removed the login"), "{left:?}");
        shell.run(&["ls", &host]).await.assert_code(1);
        assert!(run_with(&shell, &["logout", &host], "").await.stdout.starts_with("there is no login"));
    }
}

/// The paths of all requests that carried user and password.
fn sent_passwords(demo: &Demo) -> Vec<String> {
    let is_sent = |sent: &str| sent.starts_with("Basic");
    let requests = demo.requests();
    let with_login = requests.iter().filter(|request| request.header("authorization").is_some_and(is_sent));
    with_login.map(|request| request.path.clone()).collect()
}

#[tokio::test]
async fn a_password_is_sent_once_for_each_confirmation_whatever_the_answer() {
    for (auth, path) in [(basic(), "/v2/"), (bearer(), "/token")] {
        for fault in [
            || Fault::status(500),
            || Fault::status(502),
            || Fault::status(503),
            || Fault::answer(429, &[("retry-after", "0")], ""),
            || Fault::Close,
            || Fault::answer(401, &[("www-authenticate", "Basic realm=\"other\"")], "no"),
        ] {
            let (demo, host) = private(auth.clone()).await;
            demo.fault(move |request, _| {
                let sent = request.headers.get("authorization")?;
                sent.to_str().is_ok_and(|sent| sent.starts_with("Basic")).then(fault)
            });
            let shell = Shell::new();
            log_in(&shell, &host, PASSWORD).await.assert_code(1);
            assert_eq!(sent_passwords(&demo), [path], "{:?}", fault());
            assert!(!shell.home.path().join(".docker").exists());
        }
    }
}

#[tokio::test]
async fn three_wrong_passwords_are_three_attempts() {
    for (auth, path) in [(basic(), "/v2/"), (bearer(), "/token")] {
        let (demo, host) = private(auth).await;
        let shell = Shell::new();
        for wrong in ["CANARY8", "CANARY9", "CANARY10"] {
            log_in(&shell, &host, wrong).await.assert_code(1);
        }
        assert_eq!(sent_passwords(&demo), [path; 3]);
        log_in(&shell, &host, PASSWORD).await.assert_code(0);
    }
}

#[tokio::test]
async fn a_login_that_the_registry_refuses_is_sent_once_and_not_stored() {
    for (auth, path) in [(basic(), "/v2/"), (bearer(), "/token")] {
        let (demo, host) = private(auth).await;
        let shell = Shell::new();
        demo.forget_requests();
        let refused = log_in(&shell, &host, "CANARY8").await;
        refused.assert_code(1).assert_says("cannot log in to");
        assert_eq!(sent_passwords(&demo), [path], "each further one could lock the user out");
        assert!(!shell.home.path().join(".docker").exists());
        assert!(!refused.stderr.contains("CANARY8"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_logout_that_cannot_read_a_file_does_not_say_that_there_is_no_login() {
    let shell = Shell::new();
    shell.write(".docker/config.json", "{nonsense");
    let left = run_with(&shell, &["logout", "r.test"], "").await;
    left.assert_code(1).assert_says("is not valid JSON");
    assert_eq!(left.stdout, "");
}

/// docs/REGISTRIES.md §4.8: docker's own tokens are no login, and only docker can revoke them.
#[tokio::test]
async fn a_logout_from_docker_hub_says_that_tokens_of_docker_stay() {
    let shell = Shell::new();
    let auths = r#""https://index.docker.io/v1/":{"auth":"YW5uOkNBTkFSWTc="},"https://index.docker.io/v1/refresh-token":{"auth":"YW5uOlQ="}"#;
    shell.write(".docker/config.json", format!(r#"{{"auths":{{{auths}}}}}"#));
    let left = run_with(&shell, &["logout", "docker.io"], "").await;
    left.assert_code(0).assert_says("`docker logout` revokes and removes them");
    assert!(left.stdout.starts_with("removed the login"), "{left:?}");
    let other = run_with(&shell, &["logout", "r.test"], "").await;
    assert!(!other.stderr.contains("docker logout"), "{other:?}");
}

#[tokio::test]
async fn the_helper_that_a_file_names_gets_the_login_and_the_file_does_not() {
    for config in [r#"{"credsStore":"kept"}"#, r#"{"credHelpers":{"HOST":"kept"},"psFormat":"x"}"#] {
        let (_demo, host) = private(bearer()).await;
        let shell = Shell::new();
        install_helper(&shell, "kept");
        shell.write(".docker/config.json", config.replace("HOST", &host));
        let stored = log_in(&shell, &host, PASSWORD).await;
        assert!(stored.assert_code(0).stdout.contains("`docker-credential-kept`, which `cred"), "{stored:?}");
        assert_eq!(shell.files_with("CANARY7"), ["kept"]);
        let listed = run_with(&shell, &["ls", &host], "").await;
        assert_eq!(listed.assert_code(0).stdout, "team/app\n");
        let left = run_with(&shell, &["logout", &host], "").await;
        assert!(left.assert_code(0).stdout.contains("docker-credential-kept"), "{left:?}");
        assert_eq!(shell.files_with("CANARY7"), [""; 0]);
    }
}

#[tokio::test]
async fn a_helper_that_fails_is_reported_and_the_password_goes_nowhere_else() {
    for script in [
        "#!/bin/sh\n/bin/cat; exit 1",
        "#!/bin/sh\n[ $1 = get ] && echo 'credentials not found' && exit 1; exit 0",
    ] {
        let (_demo, host) = private(basic()).await;
        let shell = Shell::new();
        shell.write("bin/docker-credential-broken", script);
        let path = shell.home.path().join("bin/docker-credential-broken");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        shell.write(".docker/config.json", r#"{"credsStore":"broken"}"#);
        let failed = log_in(&shell, &host, PASSWORD).await;
        failed.assert_code(1).assert_says("cannot store the login");
        assert!(!format!("{failed:?}").contains("CANARY7"), "{failed:?}");
        assert_eq!(shell.files_with("CANARY7"), [""; 0]);
    }
}

#[tokio::test]
async fn a_login_stays_where_it_is_and_a_file_that_cannot_be_read_is_left_alone() {
    let (_demo, host) = private(basic()).await;
    let shell = Shell::new();
    let old =
        format!(r#"{{"auths":{{"{host}":{{"auth":"b2xkOm9sZA=="}},"{host}/team":{{"auth":"dDp0"}}}}}}"#);
    shell.write(".config/containers/auth.json", &old);
    shell.write(".docker/config.json", "{}");
    let stored = log_in(&shell, &host, PASSWORD).await;
    assert!(stored.assert_code(0).stdout.contains("containers/auth.json"), "{stored:?}");
    let text =
        std::fs::read_to_string(shell.home.path().join(".config/containers/auth.json")).expect("a file");
    assert!(text.contains("/team") && !text.contains("b2xkOm9sZA"), "{text}");

    let shell = Shell::new();
    shell.write(".docker/config.json", "{\"auths\": {");
    let failed = log_in(&shell, &host, PASSWORD).await;
    failed.assert_code(1).assert_says("is not valid JSON");
    let text = std::fs::read_to_string(shell.home.path().join(".docker/config.json")).expect("a file");
    assert_eq!(text, "{\"auths\": {");
}

#[tokio::test]
async fn a_registry_that_asks_for_no_login_gets_one_only_if_the_user_insists() {
    let (_demo, host) = private(AuthMode::Open).await;
    let shell = Shell::new();
    log_in(&shell, &host, PASSWORD).await.assert_code(1).assert_says("cannot be checked");
    let arguments = ["login", &host, "--username", "ann", "--password-stdin", "--unchecked"];
    let stored = run_with(&shell, &arguments, PASSWORD).await;
    assert!(stored.assert_code(0).stdout.starts_with("not checked"), "{stored:?}");
}

#[tokio::test]
async fn a_login_in_the_environment_comes_first_and_is_named() {
    let (_demo, host) = private(basic()).await;
    let shell = Shell::new();
    let mut command = shell.command(&["login", &host, "--username", "ann", "--password-stdin"]);
    command.env("DOCKER_AUTH_CONFIG", format!(r#"{{"auths":{{"{host}":{{"auth":"YTpi"}}}}}}"#));
    let refused = ended(command.spawn().expect("it runs")).await;
    refused.assert_code(1).assert_says("`DOCKER_AUTH_CONFIG` has a login for this registry");
}

#[tokio::test]
async fn without_a_terminal_the_password_must_be_on_the_standard_input() {
    let (demo, host) = private(basic()).await;
    let shell = Shell::new();
    demo.forget_requests();
    shell.run(&["login", &host]).await.assert_code(2).assert_says("--password-stdin");
    let asks = run_with(&shell, &["login", &host, "--password-stdin"], PASSWORD).await;
    asks.assert_code(2).assert_says("--username");
    let empty = log_in(&shell, &host, "\n").await;
    empty.assert_code(2).assert_says("the password is empty");
    assert!(demo.requests().is_empty());
}

#[tokio::test]
async fn a_password_is_in_no_log_whatever_its_level() {
    let (demo, host) = private(bearer()).await;
    let shell = Shell::new();
    let log = shell.home.path().join("log");
    let log = log.to_str().expect("a path");
    let options = ["--log-file", log, "--log-level", "trace"];
    let login = ["login", &host, "--username", "ann", "--password-stdin"];
    demo.fault(|_, number| (number == 0).then(|| Fault::status(500)));
    run_with(&shell, &[&login[..], &options[..]].concat(), PASSWORD).await.assert_code(0);
    assert_eq!(shell.files_with("CANARY7"), [""; 0], "it is encoded in one file and nowhere else");
    let encoded = "YW5uOkNBTkFSWTcg";
    assert_eq!(shell.files_with(encoded), [".docker/config.json"]);
}
