//! Real registries that require a login or have a certificate of a private authority: docs/REGISTRIES.md §4.

use regtui::model::reference::Host;
use serde_json::{Value, json};

use crate::support::authority::Authority;
use crate::support::servers::token_server::{SERVICE, TokenServer};
use crate::support::servers::{self, LOGIN, Options};
use crate::support::shell::Shell;
use crate::support::tour::{Source, tour};

/// A repository that only another user than that of [`LOGIN`] may use.
const FOREIGN: &str = "bob/app";

/// A shell that may send its login for a registry to token services on this machine.
fn trusting(host: &Host) -> Shell {
    Shell::configured(&format!("[registries.\"{host}\"]\nrealm_allow = [\"127.0.0.1\"]\n"))
}

#[tokio::test]
async fn a_login_of_docker_opens_a_registry_with_passwords() {
    for server in servers::registries_of_distribution(Options::with_login) {
        let shell = Shell::new();
        shell.log_in(&server.host, LOGIN);
        tour(&shell, &server, &server.host, "team/app").await;
    }
}

#[tokio::test]
async fn without_the_right_password_a_registry_shows_nothing_and_says_how_to_log_in() {
    for server in servers::registries_of_distribution(Options::with_login) {
        let (shell, host) = (Shell::new(), format!("{}/", server.host));
        let denied = shell.run(&["ls", &host]).await;
        denied.assert_code(1).assert_says("401").assert_says(&format!("regtui login {}", server.host));
        shell.log_in(&server.host, "ann:wrong");
        let refused = shell.run(&["ls", &host]).await;
        refused.assert_code(1).assert_says("the login is refused").assert_says("log in again");
        assert!(!refused.stderr.contains("wrong"), "{refused:?}");
    }
}

#[tokio::test]
async fn an_authority_in_the_configuration_opens_a_registry_that_nothing_else_opens() {
    let authority = Authority::new();
    let tls = |_: &_| {
        let tls = Some(authority.issue("registry", &["localhost", "127.0.0.1"]));
        Options { tls, ..Options::default() }
    };
    for server in servers::registries_of_distribution(tls) {
        let refused = Shell::new().run(&["ls", &format!("{}/", server.host)]).await;
        refused.assert_code(1).assert_says("TLS failed").assert_says("--ca-file");
        let ca_file = authority.file().display();
        let shell =
            Shell::configured(&format!("[registries.\"{}\"]\nca_file = \"{ca_file}\"\n", server.host));
        tour(&shell, &server, &server.host, "team/app").await;
    }
}

#[tokio::test]
async fn an_authority_in_the_folder_of_certificates_opens_a_registry_with_passwords() {
    let authority = Authority::new();
    let with_both = |folder: &std::path::Path| {
        let tls = Some(authority.issue("registry", &["localhost", "127.0.0.1"]));
        Options { tls, ..Options::with_login(folder) }
    };
    for server in servers::registries_of_distribution(with_both) {
        let shell = Shell::new();
        let certificate = std::fs::read(authority.file()).expect("a file");
        shell.write(&format!(".config/containers/certs.d/{}/ca.crt", server.host), certificate);
        shell.log_in(&server.host, LOGIN);
        tour(&shell, &server, &server.host, "team/app").await;
    }
}

/// Each part of the tour needs another scope: the catalog, to pull, to push, both for a mount, and to delete.
#[tokio::test]
async fn tokens_of_a_token_server_open_what_begins_with_the_name_of_the_user() {
    let Some(tokens) = TokenServer::start() else { return };
    let options = Options { auth: tokens.configuration(), ..Options::default() };
    let Some(server) = servers::distribution2(&options) else { return };
    let shell = trusting(&server.host);
    shell.log_in(&server.host, LOGIN);
    tour(&shell, &server, &server.host, "ann/app").await;
}

#[tokio::test]
async fn a_right_that_a_token_lacks_is_not_taken_for_a_wrong_password() {
    let Some(tokens) = TokenServer::start() else { return };
    let options = Options { auth: tokens.configuration(), ..Options::default() };
    let Some(server) = servers::distribution2(&options) else { return };
    let (shell, source) = (trusting(&server.host), Source::small().await);
    shell.log_in(&server.host, LOGIN);
    let image = format!("{}/{FOREIGN}:1.0", server.host);
    for arguments in [vec!["inspect", &image], vec!["copy", "--yes", &source.image(), &image]] {
        let denied = shell.run(&arguments).await;
        denied.assert_code(1).assert_says("the login is valid and lacks the right for this");
    }
    assert_eq!(server.digest_of(FOREIGN, "1.0"), None);
}

#[tokio::test]
async fn a_token_server_elsewhere_gets_a_login_only_if_the_configuration_allows_it() {
    let Some(tokens) = TokenServer::start() else { return };
    let options = Options { auth: tokens.configuration(), ..Options::default() };
    let Some(server) = servers::distribution2(&options) else { return };
    let shell = Shell::new();
    shell.log_in(&server.host, LOGIN);
    let withheld = shell.run(&["ls", &format!("{}/ann/app", server.host)]).await;
    withheld.assert_code(1).assert_says("the login is not sent").assert_says("realm_allow = [\"127.0.0.1");
}

#[tokio::test]
async fn a_token_server_elsewhere_gets_the_login_that_the_user_enters_for_it() {
    let Some(tokens) = TokenServer::start() else { return };
    let options = Options { auth: tokens.configuration(), ..Options::default() };
    let Some(server) = servers::distribution2(&options) else { return };
    let (shell, host) = (Shell::new(), server.host.as_str());
    let (user, password) = LOGIN.split_once(':').expect("a login");
    let login = ["login", "--username", user, "--password-stdin", host];
    let withheld = shell.run_with(&login, password).await;
    withheld.assert_code(1).assert_says("which is not part of it").assert_says("--token-service 127.0.0.1:");
    assert!(!shell.home.path().join(".docker").exists());
    let service = tokens.realm();
    let service = service.trim_start_matches("http://").trim_end_matches("/token/");
    let allowed = [&login[..], &["--token-service", service]].concat();
    shell.run_with(&allowed, password).await.assert_code(0);
    tour(&shell, &server, &server.host, "ann/app").await;
    shell.run(&["logout", host]).await.assert_code(0);
    shell.log_in(&server.host, LOGIN);
    let forgotten = shell.run(&["ls", &format!("{host}/ann/app")]).await;
    forgotten.assert_code(1).assert_says("the login is not sent");
}

#[tokio::test]
async fn a_wrong_password_is_refused_by_the_token_server_and_never_shown() {
    let Some(tokens) = TokenServer::start() else { return };
    let options = Options { auth: tokens.configuration(), ..Options::default() };
    let Some(server) = servers::distribution2(&options) else { return };
    let shell = trusting(&server.host);
    shell.log_in(&server.host, "ann:wrong");
    let refused = shell.run(&["ls", &format!("{}/ann/app", server.host)]).await;
    refused.assert_code(1).assert_says("the login is refused");
    assert!(!refused.stderr.contains("wrong"), "{refused:?}");
}

/// `docker login` keeps an identity token if the token server hands one out: it stands for the password.
#[tokio::test]
async fn an_identity_token_that_docker_keeps_opens_a_registry_without_a_password() {
    let Some(tokens) = TokenServer::start() else { return };
    let options = Options { auth: tokens.configuration(), ..Options::default() };
    let Some(server) = servers::distribution2(&options) else { return };
    regtui::client::http::tls::install_crypto();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let (user, password) = LOGIN.split_once(':').expect("a login");
    let question = http.get(tokens.realm()).query(&[("service", SERVICE), ("offline_token", "true")]);
    let answer = question.basic_auth(user, Some(password)).send().await.expect("an answer");
    let answer: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    let shell = trusting(&server.host);
    // The user's name and no password, as docker writes it.
    let entry = json!({"auth": "YW5uOg==", "identitytoken": answer["refresh_token"]});
    let config = json!({"auths": {server.host.as_str(): entry}});
    shell.write(".docker/config.json", config.to_string());
    tour(&shell, &server, &server.host, "ann/app").await;
}
