//! The own APIs of vendors, played as they are documented: docs/REGISTRIES.md §9.4.
//!
//! One demo registry stands for the registry, and a second one for the API of its vendor at another origin.

use futures_util::StreamExt;
use regtui::client::credentials::Credentials;
use regtui::client::registry::Registry as _;
use regtui::client::{ClientSettings, HostSettings, Trust};
use regtui::demo::faults::{Fault, RequestView};
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Host;
use regtui::model::vendor_lists::{SearchHit, VendorTag};
use regtui::ops::list;

use crate::support::registry::{self, Registry, logins, name, settings};

const LOGIN: &str = "ann:CANARY-own-api";

/// A registry without a catalog, and the server of its vendor's API.
struct Vendor {
    registry: Registry,
    api: Demo,
}

/// How a test differs from the usual.
#[derive(Default)]
struct Setup {
    /// The vendor by name.
    vendor: &'static str,
    /// The path of the API's address.
    path: &'static str,
    /// Whether the API is at the registry's own origin.
    is_own: bool,
    /// A login, `user:password`.
    login: Option<&'static str>,
    /// Less time for the API.
    is_impatient: bool,
}

async fn vendor(setup: Setup) -> Vendor {
    let api = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let refusing = DemoSettings {
        catalog_refused: Some(hyper::StatusCode::from_u16(401).expect("a status")),
        ..DemoSettings::default()
    };
    let demo = Demo::start(refusing, Store::new()).await.expect("a port");
    let host = registry::host(&demo);
    let at = if setup.is_own { demo.address() } else { api.address() };
    let address = format!("http://{at}{}", setup.path).parse().expect("an address");
    let of_host = HostSettings {
        trust: Trust::default(),
        api: Some(address),
        vendor: Some(setup.vendor.parse().expect("a vendor")),
        ..HostSettings::default()
    };
    let mut timeouts = registry::timeouts();
    if setup.is_impatient {
        timeouts.own_api = std::time::Duration::from_millis(50);
    }
    let credentials = setup.login.map_or_else(Credentials::default, |login| logins(&[(&host, login)]));
    let settings =
        ClientSettings { hosts: [(host.clone(), of_host)].into(), credentials, timeouts, ..settings() };
    let pool = regtui::client::Pool::new(settings);
    let client = pool.client(&host);
    Vendor { registry: Registry { demo, pool, client }, api }
}

impl Vendor {
    /// The names that are listed beside some repositories, and the words that name the list. Fails as the catalog does.
    async fn names(&self, near: &[&str]) -> Result<(Vec<String>, Option<String>), String> {
        let near: Vec<_> = near.iter().map(|text| name(text)).collect();
        let mut pages = std::pin::pin!(list::repositories(&self.registry.client, &near));
        let (mut names, mut source) = (Vec::new(), None);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| error.to_string())?;
            names.extend(page.items.iter().map(|item| item.text().to_string()));
            source = page.source.map(|source| source.to_string());
            if let Some(why) = page.incomplete {
                names.push(format!("({why})"));
            }
        }
        Ok((names, source))
    }

    async fn tags(&self, repository: &str) -> Option<Vec<VendorTag>> {
        let (api, name) = (self.registry.client.own_api().expect("an API"), name(repository));
        let (mut tags, mut next) = (Vec::new(), None);
        loop {
            let part = api.tag_facts(&name, next).await?;
            tags.extend(part.tags);
            next = part.next;
            if next.is_none() {
                return Some(tags);
            }
        }
    }

    async fn search(&self, words: &str, most: usize) -> Option<Vec<SearchHit>> {
        self.registry.client.own_api().expect("an API").search(words, most).await
    }

    fn notice(&self) -> Option<String> {
        let notice = self.registry.client.own_api().expect("an API").take_notice();
        notice.map(|failure| failure.to_string())
    }

    /// The requests that the API got, `METHOD path?query` each.
    fn asked(&self) -> Vec<String> {
        self.api.requests().iter().map(|request| request.line()).collect()
    }

    /// The header that each request to the API had, or an empty text.
    fn headers(&self, name: &str) -> Vec<String> {
        let all = self.api.requests();
        all.iter().map(|request| request.header(name).unwrap_or_default().to_string()).collect()
    }
}

fn json(body: impl ToString) -> Option<Fault> {
    Some(Fault::answer(200, &[("content-type", "application/json")], body.to_string()))
}

fn missing() -> Option<Fault> {
    Some(Fault::answer(404, &[], r#"{"message":"not found"}"#))
}

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Docker Hub as <https://docs.docker.com/reference/api/hub/latest/> describes it.
fn hub(request: &RequestView<'_>, base: &str) -> Option<Fault> {
    let second = request.query.contains("page=2");
    match request.path {
        "/v2/auth/token" => json(r#"{"access_token":"JWT7"}"#),
        "/v2/namespaces/bitnami/repositories" if second => {
            json(r#"{"count":2,"next":null,"results":[{"name":"redis","namespace":"bitnami"}]}"#)
        }
        "/v2/namespaces/bitnami/repositories" => json(format!(
            r#"{{"count":2,"next":"{base}/v2/namespaces/bitnami/repositories?page=2&page_size=100",
            "results":[{{"name":"nginx","namespace":"bitnami","star_count":3}},{{"name":"Bad Name"}},{{"name":null}}]}}"#
        )),
        "/v2/namespaces/ann/repositories" => {
            json(r#"{"count":1,"results":[{"name":"own","namespace":"ann"}]}"#)
        }
        "/v2/namespaces/library/repositories" => {
            json(r#"{"count":1,"results":[{"name":"nginx","namespace":"library"}]}"#)
        }
        "/v2/namespaces/library/repositories/nginx/tags" => json(format!(
            r#"{{"count":2,"next":null,"results":[
            {{"name":"1.27","full_size":7,"last_updated":"2024-05-06T05:20:30.5Z","tag_last_pushed":null,
              "tag_last_pulled":"2024-06-06T05:20:30Z","digest":"sha256:{HEX}","images":[
              {{"architecture":"amd64","os":"linux","size":100,"variant":null}},
              {{"architecture":"arm64","os":"linux","size":50,"variant":"v8"}},
              {{"architecture":"unknown","os":"unknown","size":1}}]}},
            {{"name":"old","full_size":9,"tag_last_pushed":"2020-01-01T00:00:00Z","images":[
              {{"architecture":"amd64","os":"linux","size":null,"digest":"sha256:{HEX}"}}]}},
            {{"name":"not a tag"}}]}}"#
        )),
        "/v2/search/repositories/" => json(
            r#"{"count":3,"next":"","results":[
            {"repo_name":"nginx","short_description":"Official build\nof Nginx.","star_count":20001,"pull_count":12000000000,"is_official":true},
            {"repo_name":"bitnami/nginx","short_description":"","star_count":200,"pull_count":5,"is_official":false},
            {"repo_name":"Odd Name"}]}"#,
        ),
        _ => missing(),
    }
}

async fn docker_hub(login: Option<&'static str>) -> Vendor {
    let vendor = vendor(Setup { vendor: "Docker Hub", login, ..Setup::default() }).await;
    let base = format!("http://{}", vendor.api.address());
    vendor.api.fault(move |request, _| hub(request, &base));
    vendor
}

#[tokio::test]
async fn docker_hub_lists_the_namespace_of_a_name_page_by_page() {
    let vendor = docker_hub(None).await;
    let (names, source) = vendor.names(&["library/bitnami"]).await.expect("a list");
    assert_eq!(names, ["bitnami/nginx", "bitnami/redis"]);
    assert_eq!(source.as_deref(), Some("only bitnami, by Docker Hub's own API"));
    let (names, _) = vendor.names(&["library/unheard-of"]).await.expect("a list");
    assert_eq!(names, ["library/nginx"], "an official image stands beside the others");
    assert_eq!(vendor.notice(), None);
}

#[tokio::test]
async fn docker_hub_lists_the_users_own_namespace_with_a_token_that_the_password_is_sent_for_once() {
    let vendor = docker_hub(Some(LOGIN)).await;
    assert_eq!(vendor.names(&[]).await.expect("a list").0, ["ann/own"]);
    assert_eq!(vendor.names(&[]).await.expect("a list").0, ["ann/own"]);
    assert_eq!(vendor.headers("authorization"), ["", "Bearer JWT7", "Bearer JWT7"]);
    assert_eq!(vendor.asked()[0], "POST /v2/auth/token");
}

#[tokio::test]
async fn without_a_name_and_a_login_nothing_is_asked_of_docker_hub() {
    let vendor = docker_hub(None).await;
    let refused = vendor.names(&[]).await.expect_err("no catalog");
    assert!(refused.contains("401"), "{refused}");
    assert_eq!((vendor.asked().len(), vendor.notice()), (0, None));
}

#[tokio::test]
async fn docker_hub_tells_of_many_tags_with_one_request() {
    let vendor = docker_hub(None).await;
    let tags = vendor.tags("library/nginx").await.expect("facts");
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!((names.as_slice(), vendor.asked().len()), (["1.27", "old"].as_slice(), 1));
    let platforms: Vec<String> = tags[0].platforms.iter().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!((tags[0].size, tags[1].size), (Some(151), Some(9)));
    assert!(tags.iter().all(|tag| tag.digest.is_some() && tag.pushed.is_some()));
    assert!(tags[0].pulled.is_some() && tags[1].pulled.is_none());
}

#[tokio::test]
async fn docker_hub_is_searched() {
    let vendor = docker_hub(None).await;
    let hits = vendor.search("nginx & more", 25).await.expect("results");
    assert_eq!(vendor.asked(), ["GET /v2/search/repositories/?query=nginx+%26+more&page_size=25"]);
    let names: Vec<&str> = hits.iter().map(|hit| hit.repository.as_str()).collect();
    assert_eq!(names, ["library/nginx", "bitnami/nginx"]);
    let nginx = &hits[0];
    assert_eq!((nginx.official, nginx.stars, nginx.pulls), (true, Some(20_001), Some(12_000_000_000)));
    assert_eq!(nginx.description.as_str(), "Official build of Nginx.");
    assert_eq!(vendor.search("nginx", 1).await.expect("results").len(), 1);
}

/// docs/RELIABILITY.md B1: a password that the API does not take is sent once, and public lists are shown without it.
#[tokio::test]
async fn a_login_that_the_api_refuses_is_not_sent_again() {
    let vendor = docker_hub(Some(LOGIN)).await;
    let base = format!("http://{}", vendor.api.address());
    vendor.api.fault(move |request, _| match request.path {
        "/v2/auth/token" => Some(Fault::status(401)),
        _ => hub(request, &base),
    });
    for _ in 0..3 {
        assert_eq!(
            vendor.names(&["bitnami/nginx"]).await.expect("a list").0,
            ["bitnami/nginx", "bitnami/redis"]
        );
    }
    let tokens = vendor.asked().iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!((tokens, vendor.notice()), (1, None));
}

/// A token service that fails refuses no login, and a list without what is private is not taken for the whole.
#[tokio::test]
async fn an_api_that_cannot_say_whether_it_takes_the_login_is_given_up_with_a_reason() {
    for fault in [|| Fault::status(503), || Fault::answer(200, &[], "{}")] {
        let vendor = docker_hub(Some(LOGIN)).await;
        let base = format!("http://{}", vendor.api.address());
        vendor.api.fault(move |request, _| match request.path {
            "/v2/auth/token" => Some(fault()),
            _ => hub(request, &base),
        });
        assert!(vendor.names(&["bitnami/nginx"]).await.is_err());
        assert!(vendor.notice().is_some_and(|notice| notice.contains("Docker Hub's own API")));
    }
}

/// An API that is no good: whatever it answers, the registry API is used, and the user is told once.
#[tokio::test]
async fn an_api_that_does_not_work_changes_nothing_and_is_named_once() {
    type Case<'a> = (&'a str, fn() -> Fault, &'a str);
    let faults: [Case; 6] = [
        ("an error", || Fault::status(500), "500"),
        ("too many requests", || Fault::status(429), "429"),
        (
            "a web page",
            || Fault::answer(200, &[("content-type", "text/html")], "<html>log in</html>"),
            "web page",
        ),
        ("no JSON", || Fault::answer(200, &[], "nonsense"), "no JSON"),
        ("another schema", || Fault::answer(200, &[], r#"{"items":[{"title":"x"}]}"#), "another form"),
        ("a redirect", || Fault::answer(302, &[("location", "/elsewhere")], ""), "redirect"),
    ];
    for (case, fault, word) in faults {
        let vendor = vendor(Setup { vendor: "Docker Hub", ..Setup::default() }).await;
        vendor.api.fault(move |_, _| Some(fault()));
        let refused = vendor.names(&["bitnami/nginx"]).await.expect_err(case);
        assert!(refused.contains("401"), "{case}: {refused}");
        let notice = vendor.notice().unwrap_or_default();
        assert!(notice.contains("Docker Hub's own API") && notice.contains(word), "{case}: {notice}");
        // Too many requests are about the whole API, and every other failure is about one part of it.
        let parts = if word == "429" { 1 } else { 3 };
        for _ in 0..2 {
            assert!(
                vendor.tags("library/nginx").await.is_none() && vendor.search("x", 9).await.is_none(),
                "{case}"
            );
            assert!(vendor.names(&["bitnami/nginx"]).await.is_err(), "{case}");
            assert_eq!((vendor.asked().len(), vendor.notice()), (parts, None), "{case}: it is left alone");
        }
    }
}

#[tokio::test]
async fn one_part_of_an_api_that_fails_leaves_the_others_in_use() {
    let vendor = docker_hub(None).await;
    let address = format!("http://{}", vendor.api.address());
    vendor.api.fault(move |request, _| {
        let is_search = request.path.starts_with("/v2/search");
        if is_search { Some(Fault::status(500)) } else { hub(request, &address) }
    });
    assert!(vendor.search("nginx", 5).await.is_none());
    assert!(vendor.notice().is_some_and(|notice| notice.contains("500")));
    vendor.api.forget_requests();
    assert!(vendor.search("nginx", 5).await.is_none());
    assert_eq!(vendor.asked(), Vec::<String>::new(), "the part that failed rests");
    assert!(vendor.tags("library/nginx").await.is_some());
    assert!(vendor.names(&["bitnami/nginx"]).await.is_ok());
}

#[tokio::test]
async fn an_api_that_hangs_is_given_up() {
    let vendor = vendor(Setup { vendor: "Docker Hub", is_impatient: true, ..Setup::default() }).await;
    vendor.api.fault(|_, _| Some(Fault::Hang));
    assert!(vendor.names(&["bitnami/nginx"]).await.is_err());
    let notice = vendor.notice().unwrap_or_default();
    assert!(notice.contains("did not answer in time"), "{notice}");
}

#[tokio::test]
async fn an_api_that_is_down_or_cut_off_is_given_up() {
    for fault in [|| Fault::Close, || Fault::answer(200, &[], r#"{"results":[{"na"#)] {
        let vendor = docker_hub(None).await;
        vendor.api.fault(move |_, _| Some(fault()));
        assert!(vendor.names(&["bitnami/nginx"]).await.is_err());
        assert!(vendor.notice().is_some());
    }
}

/// docs/RELIABILITY.md B1, B6: a page at another origin is not asked for, whoever names it.
#[tokio::test]
async fn the_next_page_is_never_asked_of_another_origin() {
    let other = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let elsewhere = format!("http://{}/v2/namespaces/bitnami/repositories?page=2", other.address());
    let link = format!("<{elsewhere}>; rel=\"next\"");
    // The vendor, its login, the path of its list, and an answer that leads elsewhere.
    let cases: [(&'static str, String); 4] = [
        ("Docker Hub", format!(r#"{{"next":"{elsewhere}","results":[{{"name":"nginx"}}]}}"#)),
        ("GHCR", r#"[{"name":"nginx","owner":{"login":"bitnami"}}]"#.into()),
        ("GitLab", r#"[{"path":"bitnami/nginx"}]"#.into()),
        ("Harbor", r#"[{"name":"bitnami/nginx"}]"#.into()),
    ];
    for (name, body) in cases {
        let is_own = name == "Harbor";
        let vendor = vendor(Setup { vendor: name, login: Some(LOGIN), is_own, ..Setup::default() }).await;
        let link = link.clone();
        let answer = move |request: &RequestView<'_>, _| match request.path {
            "/v2/auth/token" => json(r#"{"access_token":"JWT7"}"#),
            path if path.starts_with("/v2/") && is_own => None,
            _ => Some(Fault::answer(200, &[("link", &link)], body.clone())),
        };
        let demo = if is_own { &vendor.registry.demo } else { &vendor.api };
        demo.fault(answer);
        let (names, _) = vendor.names(&["bitnami/nginx"]).await.expect("a list");
        let why = "(the next page of the vendor's API is at another place)";
        assert_eq!(names, ["bitnami/nginx", why], "{name}");
    }
    assert!(other.requests().is_empty(), "{:?}", other.requests().len());
}

/// docs/RELIABILITY.md B6: pages that lead in a circle end the list at the first page that was asked for before.
#[tokio::test]
async fn pages_of_an_api_that_lead_in_a_circle_end_the_list() {
    let vendor = vendor(Setup { vendor: "Harbor", is_own: true, ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| {
        let is_second = request.query.contains("page=2");
        let (name, here, next) =
            if is_second { ("team/b", "page=2", "page=1") } else { ("team/a", "page=1", "page=2") };
        let next = format!("<{}?{}>; rel=\"next\"", request.path, request.query.replace(here, next));
        let body = match request.path {
            "/api/v2.0/repositories" => format!(r#"[{{"name":"{name}"}}]"#),
            path if path.starts_with("/api/") => {
                format!(r#"[{{"digest":"sha256:{HEX}","tags":[{{"name":"v{is_second}"}}]}}]"#)
            }
            _ => return None,
        };
        Some(Fault::answer(200, &[("link", &next)], body))
    });
    let (names, _) = vendor.names(&[]).await.expect("a list");
    assert_eq!(names, ["team/a", "team/b", "(the pages of the vendor's API lead in a circle)"]);
    assert_eq!(vendor.tags("team/a").await.expect("facts").len(), 2);
    let asked = vendor.registry.demo.requests();
    assert_eq!(asked.iter().filter(|request| request.path.starts_with("/api/")).count(), 4);
}

#[tokio::test]
async fn one_answer_of_an_api_does_not_make_a_list_longer_than_allowed() {
    let vendor = vendor(Setup { vendor: "Harbor", is_own: true, ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| {
        let names = || (0..201_000).map(|n| format!(r#"{{"name":"p/a{n}"}}"#)).collect::<Vec<_>>();
        (request.path == "/api/v2.0/repositories").then(|| json(format!("[{}]", names().join(",")))).flatten()
    });
    let (names, _) = vendor.names(&[]).await.expect("a list");
    assert_eq!(names.len(), 200_000 + 1);
    assert!(names.last().is_some_and(|why| why.contains("too long")), "{:?}", names.last());
}

/// An artifact with many platforms and many tags takes memory for the platforms once, and few are kept.
#[tokio::test]
async fn the_platforms_of_an_artifact_are_capped_and_shared_by_its_tags() {
    let vendor = vendor(Setup { vendor: "Harbor", is_own: true, ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| {
        let platforms = (0..500).map(|n| format!(r#"{{"platform":{{"os":"linux","architecture":"a{n}"}}}}"#));
        let twice: Vec<String> = platforms.clone().chain(platforms).collect();
        let tags: Vec<String> = (0..500).map(|n| format!(r#"{{"name":"t{n}"}}"#)).collect();
        let body = format!(r#"[{{"references":[{}],"tags":[{}]}}]"#, twice.join(","), tags.join(","));
        request.path.starts_with("/api/").then(|| json(body)).flatten()
    });
    let tags = vendor.tags("team/app").await.expect("facts");
    let (first, last) = (&tags[0].platforms, &tags[499].platforms);
    assert_eq!(first.len(), 64);
    assert!(std::ptr::eq(first.as_ptr(), last.as_ptr()), "each tag has a copy");
}

/// docs/RELIABILITY.md B1, B3: no redirect of an API is followed, so no login follows one.
#[tokio::test]
async fn a_login_never_follows_a_redirect_of_an_api() {
    let other = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    for name in ["Docker Hub", "GHCR", "GitLab", "Gitea", "Harbor", "Artifactory", "Nexus"] {
        let vendor = vendor(Setup { vendor: name, login: Some(LOGIN), ..Setup::default() }).await;
        let location = format!("http://{}/", other.address());
        vendor.api.fault(move |_, _| Some(Fault::answer(307, &[("location", &location)], "")));
        assert!(vendor.names(&["a/b"]).await.is_err(), "{name}");
        vendor.registry.client.forget();
        assert!(vendor.search("a", 5).await.is_none(), "{name}");
        assert!(!vendor.asked().is_empty(), "{name}");
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn quay_lists_a_namespace_with_page_tokens_and_tags_with_their_end() {
    let vendor = vendor(Setup { vendor: "Quay", is_own: true, login: Some(LOGIN), ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| match (request.path, request.query) {
        ("/api/v1/repository", query) if query.contains("next_page=T7") => {
            json(r#"{"repositories":[{"namespace":"org","name":"b"}]}"#)
        }
        ("/api/v1/repository", _) => {
            json(r#"{"repositories":[{"namespace":"org","name":"a"}],"next_page":"T7"}"#)
        }
        ("/api/v1/repository/org/a/tag/", query) if query.contains("page=1") => json(format!(
            r#"{{"tags":[{{"name":"1","reversion":false,"start_ts":1700000000,"end_ts":1900000000,
            "manifest_digest":"sha256:{HEX}","is_manifest_list":false,"size":42,
            "last_modified":"Tue, 02 Jan 2024 10:00:00 -0000"}}],"page":1,"has_additional":true}}"#
        )),
        ("/api/v1/repository/org/a/tag/", _) => json(
            r#"{"tags":[{"name":"2","manifest_digest":"?","is_manifest_list":true,"size":null}],"page":2,"has_additional":false}"#,
        ),
        ("/api/v1/find/repositories", _) => json(
            r#"{"results":[{"namespace":{"name":"org"},"name":"a","description":"x","stars":4,"popularity":1.5}],"has_additional":false}"#,
        ),
        _ => None,
    });
    assert_eq!(vendor.names(&["org/app"]).await.expect("a list").0, ["org/a", "org/b"]);
    let tags = vendor.tags("org/a").await.expect("facts");
    assert_eq!(tags.len(), 2);
    assert!(tags[0].expires > tags[0].pushed && tags[0].size == Some(42) && tags[0].digest.is_some());
    assert!(tags[1].expires.is_none() && tags[1].size.is_none() && tags[1].digest.is_none());
    let hits = vendor.search("a", 5).await.expect("results");
    assert_eq!((hits[0].repository.as_str(), hits[0].stars, hits[0].pulls), ("org/a", Some(4), None));
    let sent: Vec<_> = vendor.registry.demo.requests();
    let secrets = sent
        .iter()
        .filter(|request| request.path.starts_with("/api/") && request.header("authorization").is_some());
    assert_eq!(secrets.count(), 0, "a password is no token of Quay's API");
}

#[tokio::test]
async fn a_token_of_quays_api_is_sent_as_one() {
    let setup = Setup { vendor: "Quay", login: Some("$oauthtoken:CANARY-oauth"), ..Setup::default() };
    let vendor = vendor(setup).await;
    vendor.api.fault(|_, _| json(r#"{"repositories":[{"namespace":"org","name":"a"}]}"#));
    assert_eq!(vendor.names(&["org/app"]).await.expect("a list").0, ["org/a"]);
    assert_eq!(vendor.headers("authorization"), ["Bearer CANARY-oauth"]);
}

#[tokio::test]
async fn ghcr_lists_the_packages_of_an_owner_and_their_versions() {
    let setup = Setup { vendor: "GHCR", path: "/api/v3", login: Some(LOGIN), ..Setup::default() };
    let vendor = vendor(setup).await;
    vendor.api.fault(|request, _| {
        let link = [("link", "</api/v3/users/own-er/packages?page=2>; rel=\"next\"")];
        match (request.path, request.query) {
            ("/api/v3/users/own-er/packages", "page=2") => json(r#"[{"name":"dir/two","owner":{"login":"Own-er"}}]"#),
            ("/api/v3/users/own-er/packages", _) => {
                Some(Fault::answer(200, &link, r#"[{"name":"One","owner":{"login":"Own-er"}}]"#))
            }
            ("/api/v3/users/own-er/packages/container/dir%2Ftwo/versions", _) => json(format!(
                r#"[{{"id":1,"name":"sha256:{HEX}","created_at":"2024-05-06T05:20:30Z","metadata":{{"container":{{"tags":["1","latest"]}}}}}},
                {{"id":2,"name":"sha256:x","metadata":{{"container":{{"tags":[]}}}}}}]"#
            )),
            _ => missing(),
        }
    });
    assert_eq!(vendor.names(&["own-er/any"]).await.expect("a list").0, ["own-er/one", "own-er/dir/two"]);
    let tags = vendor.tags("own-er/dir/two").await.expect("facts");
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["1", "latest"]);
    assert!(tags[0].pushed.is_some() && tags[0].digest == tags[1].digest);
    assert!(vendor.headers("authorization").iter().all(|header| header == "Bearer CANARY-own-api"));
    assert!(vendor.headers("accept").iter().all(|header| header == "application/vnd.github+json"));
}

#[tokio::test]
async fn gitlab_looks_for_a_project_and_then_for_a_group() {
    let vendor = vendor(Setup { vendor: "GitLab", login: Some(LOGIN), ..Setup::default() }).await;
    vendor.api.fault(|request, _| match request.path {
        "/api/v4/groups/team%2Ftools/registry/repositories" => {
            json(r#"[{"id":1,"path":"team/tools/app","location":"x/team/tools/app"},{"id":2,"path":"team/tools/app/cache"}]"#)
        }
        "/api/v4/groups" => json(r#"[{"id":7,"full_path":"team"},{"id":8}]"#),
        "/api/v4/groups/7/registry/repositories" => json(r#"[{"path":"team/web"}]"#),
        "/api/v4/groups/8/registry/repositories" => json("[]"),
        _ => missing(),
    });
    let (names, _) = vendor.names(&["team/tools/app"]).await.expect("a list");
    assert_eq!(names, ["team/tools/app", "team/tools/app/cache"]);
    assert_eq!(vendor.asked().len(), 4, "{:?}", vendor.asked());
    assert_eq!(vendor.names(&[]).await.expect("a list").0, ["team/web"]);
    assert!(vendor.headers("private-token").iter().all(|header| header == "CANARY-own-api"));
}

#[tokio::test]
async fn harbor_lists_everything_that_the_login_may_see_without_the_right_to_the_catalog() {
    let vendor =
        vendor(Setup { vendor: "Harbor", is_own: true, login: Some(LOGIN), ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| match request.path {
        "/api/v2.0/repositories" => json(r#"[{"name":"team/app","artifact_count":3},{"name":"team/a/b"}]"#),
        "/api/v2.0/projects/team/repositories/a%252Fb/artifacts" => json(format!(
            r#"[{{"digest":"sha256:{HEX}","size":77,"push_time":"2024-01-02T03:04:05.678Z","pull_time":"0001-01-01T00:00:00.000Z",
            "extra_attrs":{{"architecture":"amd64","os":"linux"}},"references":null,
            "tags":[{{"name":"1","push_time":"2024-01-02T03:04:05.678Z","pull_time":"0001-01-01T00:00:00.000Z"}}]}},
            {{"digest":"sha256:x","tags":null}}]"#
        )),
        "/api/v2.0/search" => {
            json(r#"{"project":[],"repository":[{"repository_name":"team/app","pull_count":9,"artifact_count":1}]}"#)
        }
        _ => None,
    });
    let (names, source) = vendor.names(&[]).await.expect("a list");
    assert_eq!(
        (names.as_slice(), source.as_deref()),
        (["team/app".into(), "team/a/b".into()].as_slice(), Some("listed by Harbor's own API"))
    );
    let tags = vendor.tags("team/a/b").await.expect("facts");
    assert_eq!((tags.len(), tags[0].size, tags[0].pulled), (1, Some(77), None));
    assert_eq!(tags[0].platforms.len(), 1);
    assert_eq!(vendor.search("app", 5).await.expect("results")[0].pulls, Some(9));
    let requests = vendor.registry.demo.requests();
    let api = requests.iter().filter(|request| request.path.starts_with("/api/"));
    assert!(
        api.clone().all(|request| request
            .header("authorization")
            .is_some_and(|header| header.starts_with("Basic ")))
    );
    assert!(api.clone().all(|request| request.header("cookie").is_none()));
}

#[tokio::test]
async fn harbor_lists_the_repositories_of_each_project_where_it_has_no_list_of_all() {
    let vendor = vendor(Setup { vendor: "Harbor", is_own: true, ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| match request.path {
        "/api/v2.0/projects" => json(
            r#"[{"name":"team","repo_count":2},{"name":"empty","repo_count":0},{"name":"prod"},{"name":7},null]"#,
        ),
        "/api/v2.0/projects/team/repositories" => json(r#"[{"name":"team/app"},{"name":"team/web"}]"#),
        "/api/v2.0/projects/prod/repositories" => json(r#"[{"name":"prod/app"}]"#),
        path if path.starts_with("/api/") => missing(),
        _ => None,
    });
    let (names, _) = vendor.names(&[]).await.expect("a list");
    assert_eq!(names, ["team/app", "team/web", "prod/app"]);
    let asked = vendor.registry.demo.requests();
    assert!(!asked.iter().any(|request| request.path.contains("/empty/")));
    assert_eq!(vendor.notice(), None);
}

#[tokio::test]
async fn gitea_lists_each_package_of_an_owner_once() {
    let vendor =
        vendor(Setup { vendor: "Gitea", is_own: true, login: Some(LOGIN), ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| match request.path {
        "/api/v1/packages/Team" | "/api/v1/packages/team" | "/api/v1/packages/ann" => json(
            r#"[{"type":"container","name":"app","version":"1","owner":{"login":"Team"}},
            {"type":"container","name":"app","version":"2","owner":{"login":"Team"}},
            {"type":"npm","name":"other","owner":{"login":"Team"}},
            {"type":"container","name":"dir/web","version":"1","owner":{"login":"Team"}}]"#,
        ),
        _ => None,
    });
    for near in [&["team/x"][..], &[]] {
        assert_eq!(vendor.names(near).await.expect("a list").0, ["team/app", "team/dir/web"]);
    }
}

/// A push makes a version anew, so its date is that of the last push. Digests are versions too.
#[tokio::test]
async fn gitea_tells_when_each_tag_was_pushed() {
    let vendor = vendor(Setup { vendor: "Forgejo", is_own: true, ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| match request.path {
        "/api/v1/packages/team" => json(format!(
            r#"[{{"type":"container","name":"dir/App","version":"1","created_at":"2024-01-02T03:04:05Z"}},
            {{"type":"container","name":"dir/app-web","version":"2","created_at":"2024-01-02T03:04:05Z"}},
            {{"type":"npm","name":"dir/app","version":"3"}},
            {{"type":"container","name":"dir/app","version":"sha256:{HEX}"}},
            {{"type":"container","name":"dir/app","version":"\u001b[2J"}},
            {{"type":"container","name":"dir/app","version":"old","created_at":"yesterday"}}]"#
        )),
        _ => None,
    });
    let tags = vendor.tags("team/dir/app").await.expect("facts");
    let names: Vec<_> = tags.iter().map(|tag| (tag.name.as_str(), tag.pushed.is_some())).collect();
    assert_eq!(names, [("1", true), ("old", false)]);
    let asked = vendor.registry.demo.requests();
    let call = asked.iter().find(|request| request.path.starts_with("/api/")).expect("a call");
    assert_eq!(call.query, "type=container&q=dir%2Fapp&page=1&limit=50");
}

/// DigitalOcean as <https://docs.digitalocean.com/reference/api/> describes it.
#[tokio::test]
async fn digitalocean_lists_the_registry_of_a_token_and_its_tags() {
    let login = Some("token:CANARY-ocean");
    let vendor = vendor(Setup { vendor: "DigitalOcean", login, ..Setup::default() }).await;
    let base = format!("http://{}", vendor.api.address());
    vendor.api.fault(move |request, _| match (request.path, request.query.contains("page=2")) {
        ("/v2/registry", _) => json(r#"{"registry":{"name":"shop","region":"fra1"}}"#),
        ("/v2/registry/shop/repositoriesV2", false) => json(format!(
            r#"{{"repositories":[{{"registry_name":"shop","name":"web","tag_count":1}},{{"name":7}}],
            "links":{{"pages":{{"next":"{base}/v2/registry/shop/repositoriesV2?page=2&per_page=100"}}}},"meta":{{"total":2}}}}"#
        )),
        ("/v2/registry/shop/repositoriesV2", true) => {
            json(r#"{"repositories":[{"registry_name":"shop","name":"team/app"}],"links":{},"meta":{"total":2}}"#)
        }
        ("/v2/registry/shop/repositories/team%2Fapp/tags", _) => json(format!(
            r#"{{"tags":[{{"tag":"1","manifest_digest":"sha256:{HEX}","compressed_size_bytes":42,"size_bytes":99,
            "updated_at":"2024-01-02T03:04:05Z"}},{{"tag":"not a tag"}}],"links":{{"pages":null}}}}"#
        )),
        _ => missing(),
    });
    for near in [&["shop/other"][..], &[]] {
        assert_eq!(vendor.names(near).await.expect("a list").0, ["shop/web", "shop/team/app"]);
    }
    let tags = vendor.tags("shop/team/app").await.expect("facts");
    assert_eq!((tags.len(), tags[0].size, tags[0].pushed.is_some()), (1, Some(42), true));
    assert!(vendor.headers("authorization").iter().all(|header| header == "Bearer CANARY-ocean"));
    assert_eq!(vendor.notice(), None);
}

#[tokio::test]
async fn zot_is_searched_in_graphql() {
    let vendor = vendor(Setup { vendor: "zot", is_own: true, ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| {
        let found =
            r#"{"data":{"GlobalSearch":{"Repos":[{"Name":"team/app","DownloadCount":4,"StarCount":1}]}}}"#;
        match request.path {
            "/v2/_zot/ext/search" => json(found),
            _ => None,
        }
    });
    let hits = vendor.search("a\"b", 5).await.expect("results");
    assert_eq!((hits[0].repository.as_str(), hits[0].pulls, hits[0].stars), ("team/app", Some(4), Some(1)));
    let requests = vendor.registry.demo.requests();
    let query = &requests.iter().find(|request| request.path.contains("_zot")).expect("a search").query;
    let (_, query) = form_urlencoded::parse(query.as_bytes()).next().expect("a query");
    assert!(query.starts_with(r#"{GlobalSearch(query:"a\"b",requestedPage:{limit:5 offset:0"#), "{query}");
}

#[tokio::test]
async fn a_search_that_is_refused_is_none_and_one_without_results_is_one() {
    for (status, expected) in [(401, None), (404, None), (200, Some(Vec::new()))] {
        let vendor = vendor(Setup { vendor: "Harbor", ..Setup::default() }).await;
        vendor.api.fault(move |_, _| Some(Fault::answer(status, &[], r#"{"repository":[]}"#)));
        assert_eq!(vendor.search("a", 5).await, expected, "{status}");
        assert_eq!(vendor.notice(), None);
    }
}

/// GraphQL answers errors with 200.
#[tokio::test]
async fn errors_of_graphql_are_no_results() {
    let vendor = vendor(Setup { vendor: "zot", is_own: true, ..Setup::default() }).await;
    vendor.registry.demo.fault(|request, _| {
        (request.path == "/v2/_zot/ext/search")
            .then(|| json(r#"{"errors":[{"message":"no"}],"data":null}"#))
            .flatten()
    });
    assert!(vendor.search("a", 5).await.is_none());
    assert!(vendor.notice().is_some_and(|notice| notice.contains("another form")));
}

#[tokio::test]
async fn artifactory_and_nexus_are_searched_and_name_each_image_once() {
    let artifactory = vendor(Setup { vendor: "Artifactory", login: Some(LOGIN), ..Setup::default() }).await;
    artifactory.api.fault(|request, _| match request.path {
        "/artifactory/api/search/aql" => json(
            r#"{"results":[{"repo":"docker-local","path":"team/app/1.0"},{"repo":"docker-local","path":"team/app/1.1"}]}"#,
        ),
        "/artifactory/api/repositories" => json(r#"[{"key":"docker-local"},{"key":"remote"}]"#),
        "/artifactory/api/docker/docker-local/v2/_catalog" => json(r#"{"repositories":["team/app","web"]}"#),
        _ => missing(),
    });
    let hits = artifactory.search("app", 9).await.expect("results");
    let names: Vec<&str> = hits.iter().map(|hit| hit.repository.as_str()).collect();
    assert_eq!(names, ["docker-local/team/app"]);
    assert_eq!(
        artifactory.names(&[]).await.expect("a list").0,
        ["docker-local/team/app", "docker-local/web"]
    );
    let nexus = vendor(Setup { vendor: "Nexus", ..Setup::default() }).await;
    nexus.api.fault(|request, _| {
        let first = r#"{"items":[{"name":"app","version":"1"},{"name":"app","version":"2"}],"continuationToken":"T1"}"#;
        let last = r#"{"items":[{"name":"web","version":"2"}],"continuationToken":null}"#;
        json(if request.query.contains("continuationToken=T1") { last } else { first })
    });
    let hits = nexus.search("a", 9).await.expect("results");
    let names: Vec<&str> = hits.iter().map(|hit| hit.repository.as_str()).collect();
    assert_eq!(names, ["app", "web"]);
}

#[tokio::test]
async fn acr_and_google_tell_of_tags_with_the_login_of_the_registry_api() {
    let acr = vendor(Setup { vendor: "ACR", is_own: true, ..Setup::default() }).await;
    acr.registry.demo.fault(|request, _| match (request.path, request.query) {
        ("/acr/v1/team/app/_tags", query) if query.contains("last=1") => {
            json(r#"{"tags":[{"name":"2","digest":"?","lastUpdateTime":"2024-01-02T03:04:05Z"}]}"#)
        }
        ("/acr/v1/team/app/_tags", _) => Some(Fault::answer(
            200,
            &[("link", "</acr/v1/team/app/_tags?last=1&n=100>; rel=\"next\"")],
            format!(r#"{{"tags":[{{"name":"1","digest":"sha256:{HEX}","lastUpdateTime":"2024-01-02T03:04:05.123Z"}}]}}"#),
        )),
        _ => None,
    });
    let tags = acr.tags("team/app").await.expect("facts");
    assert_eq!((tags.len(), tags[0].digest.is_some(), tags[1].pushed.is_some()), (2, true, true));
    let gcr = vendor(Setup { vendor: "GCR", is_own: true, ..Setup::default() }).await;
    gcr.registry.demo.fault(|request, _| match request.path {
        "/v2/proj/tags/list" => json(format!(
            r#"{{"name":"proj","child":["app","dir"],"tags":[],"manifest":{{"sha256:{HEX}":{{"imageSizeBytes":"123","tag":["v1"],
            "timeCreatedMs":"0","timeUploadedMs":"1600000000000"}}}}}}"#
        )),
        _ => None,
    });
    assert_eq!(gcr.names(&["proj/app"]).await.expect("a list").0, ["proj/app", "proj/dir"]);
    let tags = gcr.tags("proj").await.expect("facts");
    assert_eq!((tags[0].size, tags[0].pushed.map(|time| time.as_second())), (Some(123), Some(1_600_000_000)));
}

/// A registry that the vendor's signs do not show has no API, and is asked nothing more.
#[tokio::test]
async fn a_registry_of_no_known_vendor_has_no_api() {
    let registry = Registry::new(
        DemoSettings { catalog_refused: Some(hyper::StatusCode::FORBIDDEN), ..DemoSettings::default() },
        Store::new(),
        settings(),
    )
    .await;
    let pages: Vec<_> = list::repositories(&registry.client, &[name("a/b")]).collect().await;
    assert!(pages.len() == 1 && pages[0].is_err());
    assert_eq!(registry.requests(), ["GET /v2/_catalog?n=1000", "GET /v2/"]);
}

#[tokio::test]
async fn a_registry_that_is_slow_to_show_its_vendor_is_not_said_to_have_an_api() {
    let settings = ClientSettings {
        timeouts: regtui::client::Timeouts {
            own_api: std::time::Duration::from_millis(50),
            ..registry::timeouts()
        },
        ..settings()
    };
    let refusing =
        DemoSettings { catalog_refused: Some(hyper::StatusCode::FORBIDDEN), ..DemoSettings::default() };
    let registry = Registry::new(refusing, Store::new(), settings).await;
    registry.demo.fault(|request, _| (request.path == "/v2/").then_some(Fault::Hang));
    let pages: Vec<_> = list::repositories(&registry.client, &[name("a/b")]).collect().await;
    assert!(pages.len() == 1 && pages[0].is_err());
    assert!(registry.client.own_api().expect("an API").take_notice().is_none());
}

/// docs/RELIABILITY.md B1: the place of an API of another host comes from the user's configuration alone.
#[tokio::test]
async fn a_registry_that_is_called_one_of_a_vendor_does_not_send_its_login_to_the_vendors_own_place() {
    let demo = Demo::start(
        DemoSettings { catalog_refused: Some(hyper::StatusCode::FORBIDDEN), ..DemoSettings::default() },
        Store::new(),
    )
    .await
    .expect("a port");
    let host: Host = registry::host(&demo);
    let of_host =
        HostSettings { vendor: Some("Docker Hub".parse().expect("a vendor")), ..HostSettings::default() };
    let settings = ClientSettings {
        hosts: [(host.clone(), of_host)].into(),
        credentials: logins(&[(&host, LOGIN)]),
        ..settings()
    };
    let client = regtui::client::Pool::new(settings).client(&host);
    let pages: Vec<_> = list::repositories(&client, &[name("a/b")]).collect().await;
    assert!(pages.len() == 1 && pages[0].is_err());
    assert!(client.own_api().expect("an API").take_notice().is_none(), "nothing was even tried");
}
