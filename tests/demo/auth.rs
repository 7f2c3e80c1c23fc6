//! Logins: Basic, and tokens bound to scopes.

use std::time::Duration;

use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::{DemoSettings, Store};

use super::wire::{Answer, Wire};

/// `ada:secret` and `ada:wrong`.
const RIGHT: &str = "Basic YWRhOnNlY3JldA==";
const WRONG: &str = "Basic YWRhOndyb25n";

async fn wire(auth: AuthMode) -> Wire {
    let store = Store::new();
    store.image("a").tag("1").push();
    store.create("b");
    Wire::new(DemoSettings { auth, ..DemoSettings::default() }, store).await
}

fn bearer() -> TokenIssuer {
    TokenIssuer::new(Account::new("ada", "secret"))
}

async fn ask(wire: &Wire, method: &str, path: &str, authorization: &str) -> Answer {
    wire.send(method, path, &[("authorization", authorization)], "").await
}

/// A token for `scope`, ready for the header.
async fn token(wire: &Wire, scope: &str, authorization: Option<&str>) -> String {
    let headers: Vec<(&str, &str)> =
        authorization.into_iter().map(|value| ("authorization", value)).collect();
    let answer = wire.send("GET", &format!("/token?service=demo&scope={scope}"), &headers, "").await;
    assert_eq!(answer.status, 200, "{scope}");
    format!("Bearer {}", answer.json()["token"].as_str().expect("a token"))
}

#[tokio::test]
async fn basic_auth_admits_only_the_right_password() {
    let wire = wire(AuthMode::Basic(Account::new("ada", "secret"))).await;
    for path in ["/v2/", "/v2/_catalog", "/v2/a/manifests/1"] {
        let refused = wire.get(path).await;
        assert_eq!(refused.refusal(), "401 UNAUTHORIZED");
        assert_eq!(refused.header("www-authenticate"), "Basic realm=\"demo\"");
        assert_eq!(ask(&wire, "GET", path, WRONG).await.status, 401);
        assert_eq!(ask(&wire, "GET", path, RIGHT).await.status, 200);
    }
}

#[tokio::test]
async fn the_challenge_names_the_scope_that_is_missing() {
    let wire = wire(AuthMode::Bearer(bearer())).await;
    let realm = format!("Bearer realm=\"{}\",service=\"demo\"", wire.url("/token"));
    let table = [
        ("GET", "/v2/", ""),
        ("GET", "/v2/_catalog", ",scope=\"registry:catalog:*\""),
        ("GET", "/v2/a/tags/list", ",scope=\"repository:a:pull\""),
        ("PUT", "/v2/a/manifests/2", ",scope=\"repository:a:pull,push\""),
        ("DELETE", "/v2/a/manifests/1", ",scope=\"repository:a:delete\""),
    ];
    for (method, path, scope) in table {
        let answer = wire.send(method, path, &[], "").await;
        assert_eq!(answer.header("www-authenticate"), format!("{realm}{scope}"), "{method} {path}");
    }
    let weak =
        ask(&wire, "DELETE", "/v2/a/manifests/1", &token(&wire, "repository:a:pull", None).await).await;
    assert!(weak.header("www-authenticate").ends_with(",error=\"insufficient_scope\""));
    let unknown = ask(&wire, "GET", "/v2/a/tags/list", "Bearer made-up").await;
    assert!(unknown.header("www-authenticate").ends_with(",error=\"invalid_token\""));
}

#[tokio::test]
async fn a_token_allows_only_the_actions_of_its_scope() {
    let wire = wire(AuthMode::Bearer(bearer())).await;
    let pull = token(&wire, "repository:a:pull,push,delete", None).await;
    assert_eq!(ask(&wire, "GET", "/v2/", &pull).await.status, 200);
    assert_eq!(ask(&wire, "GET", "/v2/a/manifests/1", &pull).await.status, 200);
    assert_eq!(ask(&wire, "GET", "/v2/b/tags/list", &pull).await.status, 401);
    assert_eq!(ask(&wire, "GET", "/v2/_catalog", &pull).await.status, 401);
    assert_eq!(ask(&wire, "DELETE", "/v2/a/manifests/1", &pull).await.status, 401);

    let anonymous = token(&wire, "registry:catalog:*", None).await;
    assert_eq!(ask(&wire, "GET", "/v2/_catalog", &anonymous).await.status, 401);
    let all = token(&wire, "registry:catalog:*&scope=repository:a:*", Some(RIGHT)).await;
    assert_eq!(ask(&wire, "GET", "/v2/_catalog", &all).await.status, 200);
    assert_eq!(ask(&wire, "DELETE", "/v2/a/manifests/1", &all).await.status, 202);
    assert_eq!(ask(&wire, "GET", "/token?scope=repository:a:pull", WRONG).await.status, 401);
}

#[tokio::test]
async fn a_mount_needs_the_right_to_read_the_source() {
    let wire = wire(AuthMode::Bearer(bearer())).await;
    let digest = wire.demo.store().put_blob("a", "x");
    let path = format!("/v2/b/blobs/uploads/?mount={digest}&from=a");
    let one = token(&wire, "repository:b:pull,push", Some(RIGHT)).await;
    assert_eq!(ask(&wire, "POST", &path, &one).await.status, 202);
    let both = token(&wire, "repository:b:pull,push&scope=repository:a:pull", Some(RIGHT)).await;
    assert_eq!(ask(&wire, "POST", &path, &both).await.status, 201);
}

#[tokio::test]
async fn tokens_end() {
    let wire = wire(AuthMode::Bearer(bearer())).await;
    let ended = token(&wire, "repository:a:pull", None).await;
    wire.demo.expire_tokens();
    assert_eq!(ask(&wire, "GET", "/v2/a/tags/list", &ended).await.status, 401);

    let wire = self::wire(AuthMode::Bearer(TokenIssuer { expires_in: Duration::ZERO, ..bearer() })).await;
    let short = token(&wire, "repository:a:pull", None).await;
    assert_eq!(ask(&wire, "GET", "/v2/a/tags/list", &short).await.status, 401);
}

#[tokio::test]
async fn a_refresh_token_stands_for_its_user() {
    let wire = wire(AuthMode::Bearer(bearer())).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let login =
        "grant_type=password&username=ada&password=secret&access_type=offline&service=demo&client_id=test";
    let login = wire.send("POST", "/token", &form, login).await.json();
    let refresh = login["refresh_token"].as_str().expect("a refresh token");
    let body = format!(
        "grant_type=refresh_token&refresh_token={refresh}&scope=registry:catalog:* repository:a:pull"
    );
    let access = wire.send("POST", "/token", &form, body).await.json();
    let access = format!("Bearer {}", access["access_token"].as_str().expect("a token"));
    assert_eq!(ask(&wire, "GET", "/v2/_catalog", &access).await.status, 200);
    assert_eq!(ask(&wire, "GET", "/v2/a/tags/list", &access).await.status, 200);

    let wrong = "grant_type=refresh_token&refresh_token=made-up";
    assert_eq!(wire.send("POST", "/token", &form, wrong).await.status, 401);
    let old = self::wire(AuthMode::Bearer(TokenIssuer { post: false, ..bearer() })).await;
    assert_eq!(old.send("POST", "/token", &form, wrong).await.status, 404);
}
