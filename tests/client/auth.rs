//! Logins, and the servers that get them: docs/REGISTRIES.md §4 and §10 rows 7 to 13; docs/RELIABILITY.md B1 to B13.

use regtui::client::credentials::Credentials;
use regtui::client::{Cause, ClientSettings, HostSettings};
use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::Fault;
use regtui::demo::{self, Store};
use regtui::model::reference::Selector;
use regtui::model::server::Identity;

use crate::support::registry::{Registry, from_config, host, logins, name, settings, tag};

const LOGIN: &str = "ann:CANARY7";

fn account() -> Account {
    Account::new("ann", "CANARY7")
}

fn demo_with(auth: AuthMode) -> demo::DemoSettings {
    demo::DemoSettings { auth, ..demo::DemoSettings::default() }
}

fn store() -> Store {
    let store = Store::new();
    store.image("team/app").tag("1").push();
    store
}

/// A registry, and a client with this login for it.
async fn registry(auth: AuthMode, login: Option<&str>) -> Registry {
    let mut registry = Registry::new(demo_with(auth), store(), settings()).await;
    if let Some(login) = login {
        let settings =
            ClientSettings { credentials: logins(&[(&host(&registry.demo), login)]), ..settings() };
        registry.pool = regtui::client::Pool::new(settings);
        registry.client = registry.pool.client(&host(&registry.demo));
    }
    registry
}

fn private() -> AuthMode {
    AuthMode::Bearer(TokenIssuer { anonymous_pull: false, ..TokenIssuer::new(account()) })
}

#[tokio::test]
async fn a_login_of_docker_opens_a_registry_behind_basic_auth() {
    let registry = registry(AuthMode::Basic(account()), Some(LOGIN)).await;
    let server = registry.client.ping().await.expect("a server");
    assert_eq!(server.identity, Identity::User("ann".into()));
    assert_eq!(registry.client.catalog(None).await.expect("a page").items.len(), 1);
}

#[tokio::test]
async fn a_login_of_docker_opens_a_registry_behind_tokens() {
    let registry = registry(private(), Some(LOGIN)).await;
    let manifest = registry
        .client
        .latest_manifest(&name("team/app"), &tag("1"), regtui::client::Priority::Interactive)
        .await;
    assert!(manifest.is_ok(), "{manifest:?}");
    let requests = registry.demo.requests();
    let with_password = requests
        .iter()
        .filter(|request| request.header("authorization").is_some_and(|h| h.starts_with("Basic")));
    assert!(
        with_password.clone().count() == 1 && with_password.clone().all(|request| request.path == "/token")
    );
}

#[tokio::test]
async fn without_a_login_public_repositories_are_read_by_an_anonymous_token() {
    let registry = registry(AuthMode::Bearer(TokenIssuer::new(account())), None).await;
    assert_eq!(registry.client.tags(&name("team/app"), None).await.expect("a page").items.len(), 1);
    assert_eq!(registry.client.ping().await.expect("a server").identity, Identity::Anonymous);
}

/// docs/REGISTRIES.md §10 row 12.
#[tokio::test]
async fn a_denied_request_fails_at_once_and_says_how_to_log_in() {
    let registry = registry(private(), None).await;
    let error = registry.client.tags(&name("team/app"), None).await.expect_err("it is private");
    let failure = error.failure("cannot list the tags of team/app");
    assert!(failure.hint.as_ref().is_some_and(|hint| hint.as_str().contains("regtui login")), "{failure}");
    assert!(registry.requests().len() <= 4, "{:?}", registry.requests());
}

/// As Gitea answers, behind tokens as behind passwords.
#[tokio::test]
async fn a_login_that_lacks_the_right_is_not_said_to_be_wrong_or_missing() {
    let open = AuthMode::Bearer(TokenIssuer::new(account()));
    for auth in [AuthMode::Basic(account()), private(), open] {
        let registry = registry(auth.clone(), Some(LOGIN)).await;
        registry.demo.fault(|request, _| {
            let is_asked =
                request.path.ends_with("/tags/list") && request.headers.contains_key("authorization");
            is_asked.then(Fault::insufficient_rights)
        });
        for round in 1..=2 {
            let error = registry.client.tags(&name("team/app"), None).await.expect_err("no right");
            let failure = error.failure("cannot list the tags of team/app");
            assert!(failure.why.as_str().contains("lacks the right"), "{auth:?} {round}: {failure}");
            assert!(!failure.to_string().contains("regtui login"), "{failure}");
            assert_eq!(failure.kind, regtui::model::failure::FailureKind::Denied);
        }
        let selector = Selector::Tag(tag("1"));
        let manifest = registry
            .client
            .manifest(&name("team/app"), &selector, regtui::client::Priority::Interactive)
            .await;
        assert!(manifest.is_ok(), "what the login may do goes on: {manifest:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_reported_even_if_the_refusal_looks_the_same() {
    let registry = registry(AuthMode::Basic(account()), Some("ann:wrong")).await;
    let error = registry.client.tags(&name("team/app"), None).await.expect_err("refused");
    assert!(matches!(error.cause, Cause::LoginRefused(_)), "{error}");
}

/// A registry that answers every client shows nothing of a login, so nothing is claimed of it.
#[tokio::test]
async fn a_login_refused_by_an_open_registry_may_be_wrong_or_lack_the_right() {
    let registry = registry(AuthMode::Open, Some(LOGIN)).await;
    registry.demo.fault(|request, _| request.path.ends_with("/tags/list").then(Fault::insufficient_rights));
    let error = registry.client.tags(&name("team/app"), None).await.expect_err("refused");
    let failure = error.failure("x");
    assert_eq!(error.cause.status(), Some(401));
    assert!(
        failure.hint.as_ref().is_some_and(|hint| hint.as_str().contains("check the rights of that login")),
        "{failure}"
    );
    assert!(!failure.why.as_str().contains("lacks"), "{failure}");
}

/// A registry with a public part: it answers every client, and says that it takes logins.
async fn partly_public(login: Option<&str>) -> Registry {
    let registry = registry(AuthMode::Open, login).await;
    registry.demo.fault(|request, _| {
        let wrong = request.headers.get("authorization").is_some_and(|sent| sent != "Basic YW5uOkNBTkFSWTc=");
        match (wrong, request.path == "/v2/") {
            (true, _) => Some(Fault::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], "")),
            (false, true) => Some(Fault::challenged("Basic realm=\"x\"")),
            (false, false) => None,
        }
    });
    registry
}

/// As zot answers: docs/REGISTRIES.md §4.5.
#[tokio::test]
async fn a_stored_login_is_used_for_the_catalog_of_a_registry_with_a_public_part() {
    for pings_first in [false, true] {
        let registry = partly_public(Some(LOGIN)).await;
        if pings_first {
            assert_eq!(
                registry.client.ping().await.expect("a server").identity,
                Identity::User("ann".into())
            );
        }
        assert_eq!(registry.client.catalog(None).await.expect("a page").items.len(), 1);
        let requests = registry.demo.requests();
        let catalog =
            requests.iter().find(|request| request.path == "/v2/_catalog").expect("it was asked for");
        assert_eq!(catalog.header("authorization"), Some("Basic YW5uOkNBTkFSWTc="), "{pings_first}");
        assert!(requests.len() <= 3, "{:?}", registry.requests());
    }
}

#[tokio::test]
async fn a_wrong_login_for_a_registry_with_a_public_part_hides_nothing() {
    let registry = partly_public(Some("ann:wrong")).await;
    assert_eq!(registry.client.catalog(None).await.expect("a page").items.len(), 1);
    assert_eq!(registry.client.ping().await.expect("a server").identity, Identity::Anonymous);
    assert_eq!(registry.client.tags(&name("team/app"), None).await.expect("a page").items.len(), 1);
}

#[tokio::test]
async fn a_challenge_beside_a_success_asks_for_nothing_without_a_login() {
    let registry = partly_public(None).await;
    assert_eq!(registry.client.ping().await.expect("a server").identity, Identity::Anonymous);
    assert_eq!(registry.client.catalog(None).await.expect("a page").items.len(), 1);
    assert_eq!(registry.requests().len(), 2, "{:?}", registry.requests());
}

/// A client whose logins come from a `config.json` in this folder.
fn client_with_config(registry: &Registry, folder: &std::path::Path) -> regtui::client::Client {
    client_with_variables(registry, &[("DOCKER_CONFIG", folder), ("PATH", "/nowhere".as_ref())])
}

/// A client that finds logins by these environment variables.
fn client_with_variables(
    registry: &Registry,
    variables: &[(&str, &std::path::Path)],
) -> regtui::client::Client {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
    let credentials = Credentials::from_env(variable, std::time::Duration::from_secs(5));
    let settings = ClientSettings { credentials, ..settings() };
    regtui::client::Pool::new(settings).client(&host(&registry.demo))
}

#[tokio::test]
async fn a_source_of_logins_that_fails_is_the_reason_that_is_given() {
    for auth in [AuthMode::Basic(account()), private()] {
        let registry = registry(auth, None).await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        let here = host(&registry.demo);
        for (text, reason) in [
            (
                r#"{"auths":{"HOST":{}},"credsStore":"desktop.exe"}"#,
                format!(
                    "`docker-credential-desktop.exe`, which `credsStore` in `{}` names, is not in PATH",
                    path.display()
                ),
            ),
            (
                "{\n \"auths\": {\"HOST\": {\"auth\": \"CANARY7\"},}\n}",
                format!("`{}` is not valid JSON: line 2, column ", path.display()),
            ),
            (
                r#"{"auths":{"HOST":{"auth":"CANARY7"}}}"#,
                format!("`auths.\"{here}\".auth` in `{}` is not `user:password` in base64", path.display()),
            ),
        ] {
            std::fs::write(&path, text.replace("HOST", here.as_str())).expect("a file");
            let client = client_with_config(&registry, folder.path());
            let failure = client.tags(&name("team/app"), None).await.expect_err("denied").failure("x");
            let said = failure.to_string();
            assert_eq!(said.matches(&reason).count(), 1, "once: {said}");
            assert!(said.contains("regtui login") && !said.contains("CANARY7"), "{said}");
        }
    }
}

/// docs/REGISTRIES.md §4.9, containers-auth.json(5).
#[tokio::test]
async fn the_file_that_registry_auth_file_names_is_read_in_place_of_podman_s_others() {
    let registry = registry(AuthMode::Basic(account()), None).await;
    let folder = tempfile::tempdir().expect("a folder");
    let here = host(&registry.demo);
    let write = |path: &std::path::Path, key: &str, user: &str, password: &str| {
        let text = format!(r#"{{"auths":{{"{key}":{{"username":"{user}","password":"{password}"}}}}}}"#);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let (named, usual) = (folder.path().join("ci.json"), folder.path().join("containers/auth.json"));
    write(&named, &format!("{here}/team"), "ann", "CANARY7");
    write(&usual, here.as_str(), "ann", "wrong");
    let open = |file: &std::path::Path| {
        client_with_variables(&registry, &[("REGISTRY_AUTH_FILE", file), ("XDG_RUNTIME_DIR", folder.path())])
    };
    open(&named).tags(&name("team/app"), None).await.expect("the login of its namespace");
    let denied = open(&named).tags(&name("other/app"), None).await.expect_err("a login of another namespace");
    assert!(matches!(denied.cause, Cause::Status { status: 401, .. }), "{denied}");

    let missing = folder.path().join("missing.json");
    let failure = open(&missing).tags(&name("team/app"), None).await.expect_err("no login").failure("x");
    let reason = format!("`{}` cannot be read: it does not exist", missing.display());
    assert!(failure.hint.as_ref().is_some_and(|hint| hint.as_str().contains(&reason)), "{failure}");
    open("".as_ref()).tags(&name("team/app"), None).await.expect_err("an empty name counts as none");
}

#[tokio::test]
async fn a_login_made_elsewhere_counts_once_the_sources_are_read_again() {
    for auth in [AuthMode::Basic(account()), private()] {
        let registry = registry(auth, None).await;
        let folder = tempfile::tempdir().expect("a folder");
        let client = client_with_config(&registry, folder.path());
        let app = name("team/app");
        let log_in = |login: &str| {
            use base64::Engine;
            let auth = base64::engine::general_purpose::STANDARD.encode(login);
            let text = format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, host(&registry.demo));
            std::fs::write(folder.path().join("config.json"), text).expect("a file");
            client.reread_logins();
        };
        client.tags(&app, None).await.expect_err("no login");
        log_in("ann:wrong");
        let error = client.tags(&app, None).await.expect_err("a wrong login");
        assert!(matches!(error.cause, Cause::LoginRefused(_)), "{error}");
        log_in(LOGIN);
        client.tags(&app, None).await.expect("a login");
        assert_eq!(client.ping().await.expect("a server").identity, Identity::User("ann".into()));
        registry.demo.forget_requests();
        client.reread_logins();
        client.tags(&app, None).await.expect("the same login");
        assert_eq!(registry.requests().len(), 1, "what is known stays: {:?}", registry.requests());
        log_in("ann:wrong");
        client.tags(&app, None).await.expect_err("the login has changed");
    }
}

/// docs/REGISTRIES.md §4.6.
#[tokio::test]
async fn a_right_that_is_missing_is_not_called_a_wrong_login() {
    let gitea = Fault::answer(
        401,
        &[("www-authenticate", "Basic realm=\"Gitea Package API\"")],
        "reqPackageAccess\n",
    );
    let scope = "Bearer realm=\"http://HOST/token\",service=\"demo\",error=\"insufficient_scope\"";
    for (auth, challenge, status) in [
        (AuthMode::Basic(account()), None, 401),
        (private(), None, 401),
        (private(), Some(scope), 401),
        (private(), Some(scope), 403),
    ] {
        let registry = registry(auth.clone(), Some(LOGIN)).await;
        let challenge = challenge.map(|text| text.replace("HOST", host(&registry.demo).as_str()));
        let gitea = gitea.clone();
        registry.demo.fault(move |request, _| {
            let is_asked = request.headers.contains_key("authorization") && request.path != "/token";
            is_asked.then(|| match &challenge {
                None => gitea.clone(),
                Some(text) => Fault::answer(status, &[("www-authenticate", text)], ""),
            })
        });
        let error = registry.client.tags(&name("team/app"), None).await.expect_err("no right");
        assert!(matches!(error.cause, Cause::InsufficientRights { .. }), "{auth:?} {status}: {error}");
        assert_eq!(error.cause.status(), Some(status));
    }
}

#[tokio::test]
async fn a_token_service_that_refuses_is_named_with_its_words() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"access forbidden"}]}"#;
    for (status, body, why) in [
        (403, denied, "the login is refused: 403 DENIED: access forbidden"),
        (401, r#"{"error":"insufficient_scope"}"#, "lacks the right for this (401: insufficient_scope)"),
        (401, r#"{"details":"incorrect username or password"}"#, "the login is refused: incorrect username"),
    ] {
        let registry = registry(private(), Some(LOGIN)).await;
        registry.demo.fault(move |request, _| {
            let is_login = request.path == "/token" && request.headers.contains_key("authorization");
            is_login.then(|| Fault::answer(status, &[], body))
        });
        let failure = registry.client.tags(&name("team/app"), None).await.expect_err("refused").failure("x");
        let named = format!("its token service `{}`: ", host(&registry.demo));
        assert!(failure.why.as_str().starts_with(&named) && failure.why.as_str().contains(why), "{failure}");
    }
}

/// docs/REGISTRIES.md §4.5: the answer to the request without a login is not the reason.
#[tokio::test]
async fn a_refused_login_is_the_reason_even_if_the_token_service_then_denies_everybody() {
    for (with_login, without) in [(401, 403), (401, 401), (403, 403), (403, 401)] {
        let registry = registry(private(), Some(LOGIN)).await;
        registry.demo.fault(move |request, _| {
            let status = if request.headers.contains_key("authorization") { with_login } else { without };
            (request.path == "/token").then(|| Fault::answer(status, &[], r#"{"details":"no"}"#))
        });
        let app = name("team/app");
        let read = registry.client.tags(&app, None).await.expect_err("refused");
        let pushed = registry.demo.store().image("team/app").tag("2").push();
        let change = registry.client.untag(&app, &tag("2"), pushed.digest).await.expect_err("refused");
        for error in [read, change] {
            let failure = error.failure("x");
            let named = format!("its token service `{}`: the login is refused: ", host(&registry.demo));
            assert!(failure.why.as_str().starts_with(&named), "{with_login} {without}: {failure}");
            assert!(
                failure.hint.as_ref().is_some_and(|hint| hint.as_str().starts_with("log in again with")),
                "{failure}"
            );
        }
    }
}

/// docs/REGISTRIES.md §10 row 8, docs/RELIABILITY.md B13.
#[tokio::test]
async fn a_registry_that_takes_no_token_ever_is_asked_three_times_at_most() {
    let registry = registry(private(), Some(LOGIN)).await;
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"demo\"", registry.demo.address());
    registry.demo.fault(move |request, _| {
        request.path.starts_with("/v2/").then(|| Fault::answer(401, &[("www-authenticate", &realm)], ""))
    });
    let error = registry.client.tags(&name("team/app"), None).await.expect_err("never");
    assert_eq!(error.failure("x").kind, regtui::model::failure::FailureKind::Denied);
    let asked = registry.requests().iter().filter(|line| line.contains("/v2/")).count();
    assert!(asked <= 3, "{:?}", registry.requests());
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_all_requests() {
    let registry = registry(private(), Some(LOGIN)).await;
    registry.client.tags(&name("team/app"), None).await.expect("a page");
    registry.demo.expire_tokens();
    registry.demo.forget_requests();
    let app = name("team/app");
    let asked = (0..20).map(|_| registry.client.tags(&app, None));
    assert!(futures_util::future::join_all(asked).await.iter().all(Result::is_ok));
    let tokens = registry.requests().iter().filter(|line| line.contains("/token")).count();
    assert_eq!(tokens, 1, "{:?}", registry.requests());
    let again = registry.client.tags(&app, None).await;
    assert!(again.is_ok());
    assert_eq!(registry.requests().iter().filter(|line| line.contains("/token")).count(), tokens);
}

#[tokio::test]
async fn a_token_service_that_says_when_to_come_back_is_believed() {
    let registry = registry(private(), Some(LOGIN)).await;
    registry.demo.fault(|request, _| {
        (request.path == "/token").then(|| Fault::answer(429, &[("retry-after", "9")], ""))
    });
    let error = registry.client.tags(&name("team/app"), None).await.expect_err("longer than a person waits");
    assert!(matches!(error.cause, Cause::Status { status: 429, wait: Some(_), .. }), "{error:?}");
    assert_eq!(registry.requests().iter().filter(|line| line.contains("/token")).count(), 1);
}

/// GitLab's token service answers 403 if a good login lacks the right that it asks for.
#[tokio::test]
async fn a_login_that_is_denied_one_repository_still_opens_the_others() {
    let registry = registry(private(), Some(LOGIN)).await;
    registry.demo.store().image("team/other").tag("1").push();
    registry.demo.fault(|request, _| {
        (request.path == "/token" && request.query.contains("secret")).then(|| Fault::status(403))
    });
    registry.client.tags(&name("team/app"), None).await.expect("a page");
    let error = registry.client.tags(&name("team/secret"), None).await.expect_err("it is denied");
    assert_eq!(error.failure("x").kind, regtui::model::failure::FailureKind::Denied);
    registry.client.tags(&name("team/other"), None).await.expect("the login is as good as before");
    assert_eq!(registry.client.ping().await.expect("a server").identity, Identity::User("ann".into()));
}

#[tokio::test]
async fn many_requests_at_once_share_one_token() {
    let registry = registry(private(), Some(LOGIN)).await;
    let app = name("team/app");
    registry.client.tags(&app, None).await.expect("the scheme is known now");
    registry.demo.forget_requests();
    let asked = (0..20).map(|_| registry.client.tags(&app, None));
    assert!(futures_util::future::join_all(asked).await.iter().all(Result::is_ok));
    assert!(!registry.requests().iter().any(|line| line.contains("/token")));
}

/// docs/REGISTRIES.md §10 row 9, docs/RELIABILITY.md B1: the registry names the token service, so it is not believed.
#[tokio::test]
async fn a_password_is_not_sent_to_a_token_service_elsewhere() {
    let evil = registry(AuthMode::Open, None).await;
    evil.demo.fault(|_, _| Some(Fault::answer(200, &[], r#"{"token":"x"}"#)));
    let registry = registry(private(), Some(LOGIN)).await;
    let realm =
        format!("Bearer realm=\"http://localhost:{}/token\",service=\"demo\"", evil.demo.address().port());
    registry.demo.fault(move |request, _| {
        let is_denied = request.headers.get("authorization").is_none();
        is_denied.then(|| Fault::answer(401, &[("www-authenticate", &realm)], ""))
    });
    registry.client.tags(&name("team/app"), None).await.ok();
    for request in evil.demo.requests() {
        assert_eq!(request.header("authorization"), None, "{}", request.line());
        assert!(!request.line().contains("CANARY7") && !request.line().contains("ann"), "{}", request.line());
    }
}

#[tokio::test]
async fn a_password_is_sent_elsewhere_once_the_user_allows_it() {
    let sso = registry(AuthMode::Open, None).await;
    sso.demo.fault(|_, _| Some(Fault::answer(200, &[], r#"{"token":"x"}"#)));
    let registry = Registry::new(demo_with(private()), store(), settings()).await;
    let here = host(&registry.demo);
    let host_settings = HostSettings { realm_allow: vec!["localhost".into()], ..HostSettings::default() };
    let settings = ClientSettings {
        credentials: logins(&[(&here, LOGIN)]),
        hosts: [(here.clone(), host_settings)].into(),
        ..settings()
    };
    let realm =
        format!("Bearer realm=\"http://localhost:{}/token\",service=\"demo\"", sso.demo.address().port());
    registry.demo.fault(move |_, _| Some(Fault::answer(401, &[("www-authenticate", &realm)], "")));
    regtui::client::Pool::new(settings).client(&here).tags(&name("team/app"), None).await.ok();
    assert!(sso.demo.requests().iter().any(|request| request.header("authorization").is_some()));
}

/// docs/RELIABILITY.md B2.
#[tokio::test]
async fn a_token_service_inside_this_network_link_is_not_even_asked() {
    for realm in [
        "http://169.254.169.254/token",
        "file:///etc/passwd",
        "http://user@127.0.0.1/token",
        "http://0.0.0.0/token",
    ] {
        let registry = registry(private(), Some(LOGIN)).await;
        let challenge = format!("Bearer realm=\"{realm}\",service=\"demo\"");
        registry.demo.fault(move |_, _| Some(Fault::answer(401, &[("www-authenticate", &challenge)], "")));
        let error = registry.client.tags(&name("team/app"), None).await.expect_err(realm);
        assert!(matches!(error.cause, Cause::UntrustedRealm(_)), "{realm}: {error}");
    }
}

/// docs/REGISTRIES.md §10 row 13, docs/RELIABILITY.md B3.
#[tokio::test]
async fn a_redirect_takes_no_login_along() {
    let storage = registry(AuthMode::Open, None).await;
    let registry = registry(AuthMode::Basic(account()), Some(LOGIN)).await;
    let blob = {
        let manifest = registry
            .client
            .latest_manifest(&name("team/app"), &tag("1"), regtui::client::Priority::Interactive)
            .await;
        let regtui::model::manifest::Body::Image(image) = &manifest.expect("a manifest").body else {
            panic!("an image")
        };
        image.config.clone().expect("a config")
    };
    let target = format!("http://{}/v2/team/app/blobs/{}", storage.demo.address(), blob.digest_text);
    registry.demo.fault(move |request, _| {
        (request.path.contains("/blobs/")).then(|| Fault::answer(307, &[("location", &target)], ""))
    });
    let config =
        registry.client.config(&name("team/app"), &blob, regtui::client::Priority::Interactive).await;
    assert!(config.is_ok(), "{config:?}");
    let there = storage.demo.requests();
    assert!(!there.is_empty() && there.iter().all(|request| request.header("authorization").is_none()));
    assert!(there.iter().all(|request| request.header("referer").is_none()));
}

/// docs/RELIABILITY.md B8.
#[tokio::test]
async fn two_registries_never_see_each_other_s_login() {
    let one =
        Registry::new(demo_with(AuthMode::Basic(Account::new("one", "CANARY1"))), store(), settings()).await;
    let two =
        Registry::new(demo_with(AuthMode::Basic(Account::new("two", "CANARY2"))), store(), settings()).await;
    let (here, there) = (host(&one.demo), host(&two.demo));
    let credentials = logins(&[(&here, "one:CANARY1"), (&there, "two:CANARY2")]);
    let pool = regtui::client::Pool::new(ClientSettings { credentials, ..settings() });
    assert!(
        pool.client(&here).catalog(None).await.is_ok() && pool.client(&there).catalog(None).await.is_ok()
    );
    let seen = |demo: &demo::Demo| {
        let requests = demo.requests();
        let all: Vec<String> =
            requests.iter().filter_map(|request| request.header("authorization").map(String::from)).collect();
        all
    };
    assert!(seen(&one.demo).iter().all(|header| !seen(&two.demo).contains(header)));
}

/// docs/REGISTRIES.md §4.8: an identity token is exchanged by POST, a registry token sent as it is.
#[tokio::test]
async fn identity_tokens_are_exchanged_and_registry_tokens_sent() {
    let registry = Registry::new(demo_with(private()), store(), settings()).await;
    let here = host(&registry.demo);
    let config = format!(r#"{{"auths":{{"{here}":{{"registrytoken":"CANARY8"}}}}}}"#);
    let pool = regtui::client::Pool::new(ClientSettings { credentials: from_config(&config), ..settings() });
    pool.client(&here).tags(&name("team/app"), None).await.ok();
    let bearer = "Bearer CANARY8";
    assert!(registry.demo.requests().iter().any(|request| request.header("authorization") == Some(bearer)));
    assert!(!registry.requests().iter().any(|line| line.contains("/token")), "{:?}", registry.requests());
    registry.demo.forget_requests();
    let config = format!(r#"{{"auths":{{"{here}":{{"identitytoken":"CANARY9"}}}}}}"#);
    let pool = regtui::client::Pool::new(ClientSettings { credentials: from_config(&config), ..settings() });
    pool.client(&here).tags(&name("team/app"), None).await.ok();
    assert!(registry.requests().iter().any(|line| line == "POST /token"), "{:?}", registry.requests());
}

/// docs/REGISTRIES.md §10 row 10.
#[tokio::test]
async fn token_answers_are_read_in_every_form() {
    let table = [
        (r#"{"token":"t"}"#, true),
        (r#"{"access_token":"t","expires_in":"300","issued_at":"1970-01-01T00:00:00Z"}"#, true),
        (r#"{"token":null,"access_token":"t","expires_in":0}"#, true),
        // The clock of the token service is a day off.
        (r#"{"token":"t","expires_in":300,"issued_at":"2000-01-01T00:00:00Z"}"#, true),
        (r#"{"token":"t","expires_in":300,"issued_at":"2999-01-01T00:00:00Z"}"#, true),
        (r#"{"token":""}"#, false),
        (r#"{"token":null}"#, false),
        ("<html>", false),
        ("{\"token\":\"a\\r\\nb\"}", false),
    ];
    for (body, works) in table {
        let registry = registry(private(), None).await;
        registry.demo.fault(move |request, _| match request.headers.get("authorization") {
            _ if request.path == "/token" => Some(Fault::answer(200, &[], body)),
            Some(_) => Some(Fault::answer(200, &[], r#"{"tags":["1"]}"#)),
            None => None,
        });
        let answer = registry.client.tags(&name("team/app"), None).await;
        assert_eq!(answer.is_ok(), works, "{body}: {answer:?}");
    }
}

/// docs/REGISTRIES.md §10 row 7.
#[tokio::test]
async fn a_401_without_a_challenge_is_asked_about_at_the_ping() {
    let registry = registry(AuthMode::Basic(account()), Some(LOGIN)).await;
    registry.demo.fault(|request, _| {
        let bare = request.path != "/v2/" && request.headers.get("authorization").is_none();
        bare.then(|| Fault::status(401))
    });
    assert!(registry.client.catalog(None).await.is_ok());
}

#[tokio::test]
async fn garbled_challenges_end_in_a_plain_refusal() {
    for challenge in [
        "",
        "Bearer",
        "Bearer realm",
        "Digest realm=\"x\"",
        "Bearer realm=\"\u{7f}\"",
        "Basic, Basic, ,,,=",
        "Negotiate abc==",
    ] {
        let registry = registry(AuthMode::Open, None).await;
        let header: &'static str = challenge;
        registry.demo.fault(move |_, _| Some(Fault::answer(401, &[("www-authenticate", header)], "")));
        assert!(registry.client.catalog(None).await.is_err(), "{challenge}");
        assert!(registry.requests().len() <= 4, "{challenge}: {:?}", registry.requests());
    }
}

/// docs/RELIABILITY.md B10.
#[tokio::test]
async fn nothing_that_is_logged_or_said_holds_a_secret() {
    let lines = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let registry = Registry::new(demo_with(private()), store(), settings()).await;
    let here = host(&registry.demo);
    let kept = lines.clone();
    let sink = regtui::client::http::log::Sink::new(move |line| {
        kept.lock().expect("a lock").push_str(&format!("{line:?}\n"));
    });
    let settings = ClientSettings { credentials: logins(&[(&here, LOGIN)]), sink, ..settings() };
    let shown = format!("{settings:?}");
    let client = regtui::client::Pool::new(settings).client(&here);
    client.tags(&name("team/app"), None).await.expect("a page");
    registry
        .demo
        .fault(|_, _| Some(Fault::answer(403, &[], r#"{"errors":[{"code":"DENIED","message":"no"}]}"#)));
    let error = client
        .manifest(&name("team/app"), &Selector::Tag(tag("2")), regtui::client::Priority::Interactive)
        .await;
    let said = format!("{error:?} {client:?} {shown} {}", lines.lock().expect("a lock"));
    assert!(!said.contains("CANARY7") && said.contains("/v2/team/app/tags/list"), "{said}");
    let tokens: Vec<String> =
        registry.demo.requests().iter().filter_map(|r| r.header("authorization").map(String::from)).collect();
    assert!(
        !tokens.is_empty()
            && tokens.iter().all(|token| !said.contains(token.split(' ').next_back().expect("a token")))
    );
}

/// Two registries with token services of their own, of which the first redirects reads to the second: a client with these
/// logins for them.
async fn leading_to_another(
    other: AuthMode,
    login: Option<&str>,
    other_login: Option<&str>,
) -> (Registry, Registry) {
    let other = Registry::new(demo_with(other), store(), settings()).await;
    let mut first = Registry::new(demo_with(private()), Store::new(), settings()).await;
    let (here, there) = (host(&first.demo), host(&other.demo));
    let all = [(&here, login), (&there, other_login)];
    let all: Vec<_> = all.into_iter().filter_map(|(host, login)| Some((host, login?))).collect();
    first.pool = regtui::client::Pool::new(ClientSettings { credentials: logins(&all), ..settings() });
    first.client = first.pool.client(&here);
    let address = other.demo.address();
    first.demo.fault(move |request, _| {
        let is_allowed = request.headers.get("authorization").is_some_and(|header| header == "Bearer FIRST");
        let target = format!("http://{address}{}?{}", request.path, request.query);
        match request.path {
            "/token" => Some(Fault::answer(200, &[], r#"{"token":"FIRST"}"#)),
            path if path.starts_with("/v2/team/") && is_allowed => {
                Some(Fault::answer(307, &[("location", &target)], ""))
            }
            _ => None,
        }
    });
    (first, other)
}

fn authorizations(demo: &demo::Demo) -> Vec<String> {
    let requests = demo.requests();
    requests.iter().filter_map(|request| request.header("authorization").map(String::from)).collect()
}

fn open_to_all() -> AuthMode {
    AuthMode::Bearer(TokenIssuer::new(Account::new("bob", "CANARY8")))
}

fn closed() -> AuthMode {
    let account = Account::new("bob", "CANARY8");
    AuthMode::Bearer(TokenIssuer { anonymous_pull: false, ..TokenIssuer::new(account) })
}

/// docs/REGISTRIES.md §11, docs/RELIABILITY.md B14.
#[tokio::test]
async fn another_registry_gets_an_anonymous_token_of_its_own_and_nothing_of_the_first() {
    let (first, other) = leading_to_another(open_to_all(), Some(LOGIN), None).await;
    let app = name("team/app");
    assert_eq!(first.client.tags(&app, None).await.expect("a page").items.len(), 1);
    let manifest = first.client.latest_manifest(&app, &tag("1"), regtui::client::Priority::Interactive).await;
    assert!(manifest.is_ok(), "{manifest:?}");
    let (here, there) = (authorizations(&first.demo), authorizations(&other.demo));
    assert!(!there.is_empty() && there.iter().all(|header| !here.contains(header)), "{there:?}");
    assert!(there.iter().all(|header| header.starts_with("Bearer")), "no password: {there:?}");
    assert_eq!(other.requests().iter().filter(|line| line.contains("/token")).count(), 1);
}

#[tokio::test]
async fn another_registry_gets_the_login_that_the_user_has_for_it() {
    for auth in [closed(), AuthMode::Basic(Account::new("bob", "CANARY8"))] {
        let (first, other) = leading_to_another(auth, Some(LOGIN), Some("bob:CANARY8")).await;
        assert_eq!(first.client.tags(&name("team/app"), None).await.expect("a page").items.len(), 1);
        let (here, there) = (authorizations(&first.demo), authorizations(&other.demo));
        assert!(!there.is_empty() && there.iter().all(|header| !here.contains(header)), "{there:?}");
    }
}

#[tokio::test]
async fn another_registry_that_wants_a_login_is_named_and_gets_not_the_first_one_s() {
    for auth in [closed(), AuthMode::Basic(Account::new("bob", "CANARY8"))] {
        let (first, other) = leading_to_another(auth, Some(LOGIN), None).await;
        let error = first.client.tags(&name("team/app"), None).await.expect_err("no login");
        let here = authorizations(&first.demo);
        assert!(authorizations(&other.demo).iter().all(|header| !here.contains(header)));
        assert!(error.to_string().contains(&other.demo.address().to_string()), "{error}");
    }
}

/// A challenge of a server that is no registry, or that leads back, is not answered: docs/RELIABILITY.md B14.
#[tokio::test]
async fn a_challenge_of_storage_or_of_a_registry_that_leads_back_is_not_answered() {
    let other = Registry::new(demo_with(AuthMode::Open), store(), settings()).await;
    let first = registry(AuthMode::Open, Some(LOGIN)).await;
    let (here, there) = (first.demo.address(), other.demo.address());
    let all = logins(&[(&host(&first.demo), LOGIN), (&host(&other.demo), "bob:CANARY8")]);
    let pool = regtui::client::Pool::new(ClientSettings { credentials: all, ..settings() });
    for (target, back) in
        [("/bucket/tags", None), ("/v2/team/app/tags/list", Some("/v2/team/app/tags/list?x"))]
    {
        first.demo.fault(move |request, _| {
            let location = format!("http://{there}{target}");
            Some(if request.query.contains('x') {
                Fault::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], "")
            } else {
                Fault::answer(307, &[("location", &location)], "")
            })
        });
        other.demo.fault(move |_, _| {
            Some(match back {
                Some(back) => {
                    let location = format!("http://{here}{back}");
                    Fault::answer(307, &[("location", &location)], "")
                }
                None => Fault::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
            })
        });
        let listed = pool.client(&host(&first.demo)).tags(&name("team/app"), None).await;
        assert!(listed.is_err(), "{listed:?}");
        let sent = [authorizations(&first.demo), authorizations(&other.demo)].concat();
        assert!(sent.is_empty(), "{target}: {sent:?}");
    }
}
