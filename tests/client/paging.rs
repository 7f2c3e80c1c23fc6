//! Lists of names: docs/REGISTRIES.md §3.4 and §10 rows 1 to 6, 39; docs/RELIABILITY.md B6, C6, D2.

use regtui::client::{Cause, Client};
use regtui::demo::faults::Fault;
use regtui::demo::{DemoSettings, PageSize, Store};

use crate::support::registry::{Registry, name, settings};

/// The whole catalog, and the reason if it is not complete.
async fn catalog(client: &Client) -> (Vec<String>, Option<String>) {
    let (mut names, mut next) = (Vec::new(), None);
    loop {
        let page = client.catalog(next).await.expect("a page");
        names.extend(page.items.iter().map(|item| item.text().to_string()));
        next = page.next;
        if next.is_none() {
            return (names, page.incomplete.map(|why| why.to_string()));
        }
    }
}

async fn tags(client: &Client, repository: &str) -> Vec<String> {
    let (mut tags, mut next) = (Vec::new(), None);
    loop {
        let page = client.tags(&name(repository), next).await.expect("a page");
        tags.extend(page.items.iter().map(|item| item.text().to_string()));
        next = page.next;
        if next.is_none() {
            return tags;
        }
    }
}

fn store_of(count: usize) -> Store {
    let store = Store::new();
    (0..count).for_each(|number| store.create(&format!("r{number:04}")));
    store
}

async fn registry_of(count: usize) -> Registry {
    Registry::open(store_of(count)).await
}

fn json(body: &str) -> Fault {
    Fault::answer(200, &[("content-type", "application/json")], body.to_string())
}

#[tokio::test]
async fn a_list_does_not_stop_at_a_hundred() {
    let demo = DemoSettings { catalog_page: PageSize { default: 100, most: 100 }, ..DemoSettings::default() };
    let registry = Registry::new(demo, store_of(321), settings()).await;
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!((names.len(), incomplete), (321, None));
    assert_eq!(names[320], "r0320");
}

/// docs/REGISTRIES.md §10 row 4.
#[tokio::test]
async fn too_large_a_page_is_asked_for_again_in_smaller_ones_and_never_again() {
    let registry = registry_of(120).await;
    registry.demo.fault(|request, _| {
        let refused = Fault::answer(400, &[], r#"{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}"#);
        request.query.contains("n=1000").then_some(refused)
    });
    assert_eq!(catalog(&registry.client).await.0.len(), 120);
    assert_eq!(catalog(&registry.client).await.0.len(), 120);
    let asked = registry.requests().iter().filter(|line| line.contains("n=1000")).count();
    assert_eq!(asked, 1, "{:?}", registry.requests());
}

#[tokio::test]
async fn a_server_that_takes_no_number_at_all_is_asked_without() {
    let registry = registry_of(3).await;
    registry.demo.fault(|request, _| request.query.contains("n=").then(|| Fault::status(400)));
    assert_eq!(catalog(&registry.client).await.0, ["r0000", "r0001", "r0002"]);
}

/// docs/REGISTRIES.md §10 row 1, docs/RELIABILITY.md D2.
#[tokio::test]
async fn a_list_that_leads_in_a_circle_ends_and_says_so() {
    let registry = registry_of(0).await;
    registry.demo.fault(|request, _| {
        let link = [("link", r#"</v2/_catalog?last=a>; rel="next""#)];
        let body = if request.query.contains("last=a") {
            r#"{"repositories":["b"]}"#
        } else {
            r#"{"repositories":["a"]}"#
        };
        (request.path == "/v2/_catalog").then(|| Fault::answer(200, &link, body))
    });
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!(
        (names, incomplete.as_deref()),
        (vec!["a".into(), "b".into()], Some("the server's pages lead in a circle"))
    );
    assert!(registry.requests().len() <= 3);
}

#[tokio::test]
async fn the_same_page_under_ever_new_names_ends_too() {
    let registry = registry_of(0).await;
    registry.demo.fault(|request, nth| {
        let link = format!("</v2/_catalog?page={nth}>; rel=\"next\"");
        (request.path == "/v2/_catalog")
            .then(|| Fault::answer(200, &[("link", &link)], r#"{"repositories":["a"]}"#))
    });
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!(
        (names, incomplete.as_deref()),
        (vec!["a".into()], Some("the server sends the same page again"))
    );
    assert_eq!(registry.requests().len(), 2);
}

/// docs/REGISTRIES.md §10 row 2, docs/RELIABILITY.md B6: the next page is asked of the registry itself, even if the
/// link names another host.
#[tokio::test]
async fn a_link_to_another_host_is_never_followed_there() {
    let other = registry_of(1).await;
    let registry = registry_of(0).await;
    let there = format!("<http://{}/v2/_catalog?last=a>; rel=\"next\"", other.demo.address());
    registry.demo.fault(move |request, _| {
        let is_first = request.path == "/v2/_catalog" && !request.query.contains("last");
        is_first.then(|| Fault::answer(200, &[("link", &there)], r#"{"repositories":["a"]}"#))
    });
    catalog(&registry.client).await;
    assert!(other.requests().is_empty());
    assert!(registry.requests().iter().any(|line| line.contains("last=a")));
}

#[tokio::test]
async fn a_link_out_of_the_api_ends_the_list() {
    for link in [
        "<http://169.254.169.254/latest/meta-data>; rel=next",
        "<file:///etc/passwd>; rel=next",
        "</admin>; rel=next",
    ] {
        let registry = registry_of(0).await;
        registry
            .demo
            .fault(move |_, _| Some(Fault::answer(200, &[("link", link)], r#"{"repositories":["a"]}"#)));
        let (names, incomplete) = catalog(&registry.client).await;
        assert_eq!((names, incomplete.is_some()), (vec!["a".into()], true), "{link}");
    }
}

/// docs/REGISTRIES.md §3.2: Artifactory drops its prefix, Nexus adds one.
#[tokio::test]
async fn a_next_page_at_a_wrong_path_is_asked_for_at_the_right_one() {
    let registry = registry_of(0).await;
    registry.demo.fault(|request, _| match (request.path, request.query) {
        ("/v2/_catalog", query) if query.contains("last=a") => Some(json(r#"{"repositories":["b"]}"#)),
        ("/v2/_catalog", _) => Some(Fault::answer(
            200,
            &[("link", r#"</v2/wrong/_catalog?last=a>; rel="next""#)],
            r#"{"repositories":["a"]}"#,
        )),
        _ => Some(Fault::status(404)),
    });
    assert_eq!(catalog(&registry.client).await.0, ["a", "b"]);
}

/// docs/REGISTRIES.md §3.4: Docker Hub's API, proxies.
#[tokio::test]
async fn a_missing_page_ends_the_list_with_the_names_before_it() {
    let registry = registry_of(0).await;
    registry.demo.fault(|request, _| {
        if request.query.contains("last") {
            Some(Fault::status(404))
        } else {
            Some(Fault::answer(
                200,
                &[("link", r#"</v2/_catalog?last=a>; rel="next""#)],
                r#"{"repositories":["a"]}"#,
            ))
        }
    });
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!(
        (names, incomplete.as_deref()),
        (vec!["a".into()], Some("the server lost a page in the middle"))
    );
}

/// docs/REGISTRIES.md §3.3: servers that forget the link behind a full page.
#[tokio::test]
async fn one_request_after_a_full_page_finds_the_names_that_a_missing_link_hides() {
    let registry = registry_of(2500).await;
    registry.demo.fault(|request, _| {
        (request.path == "/v2/_catalog").then(|| Fault::Headers(vec![("link".into(), None)]))
    });
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!((names.len(), incomplete), (2500, None));
    let exact = registry_of(1000).await;
    assert_eq!(catalog(&exact.client).await, (names[..1000].to_vec(), None));
}

/// No link led there, so an error of the server is no fault of the list.
#[tokio::test]
async fn a_failed_request_after_the_last_page_leaves_the_list_as_it_is() {
    for status in [400, 403, 404, 416, 500] {
        let registry = registry_of(1000).await;
        registry.demo.fault(move |request, _| {
            if request.query.contains("last=") {
                Some(Fault::status(status))
            } else {
                Some(Fault::Headers(vec![("link".into(), None)]))
            }
        });
        let (names, incomplete) = catalog(&registry.client).await;
        assert_eq!((names.len(), incomplete.is_some()), (1000, status == 500), "{status}");
    }
}

/// docs/REGISTRIES.md §10 rows 5 and 39, docs/RELIABILITY.md C1: odd names are shown, and never sent back.
#[tokio::test]
async fn names_that_break_the_grammar_are_shown_and_never_asked_for() {
    let registry = registry_of(0).await;
    let body = r#"{"repositories":["ok/app","../../etc","UPPER/x","a b","x%2Fy","a/../b","\u001b[2J","//evil/x",""]}"#;
    registry.demo.fault(move |_, _| Some(json(body)));
    let page = registry.client.catalog(None).await.expect("a page");
    let named: Vec<&str> =
        page.items.iter().filter_map(|item| item.name()).map(|name| name.as_str()).collect();
    assert_eq!((named, page.items.len()), (vec!["ok/app"], 8));
    assert!(page.items.iter().all(|item| !item.text().contains('\u{1b}')));
}

/// docs/REGISTRIES.md §10 row 5: Artifactory's digests, Nexus' nulls, GCR's extra members, distribution's null.
#[tokio::test]
async fn tags_are_read_from_lists_with_nulls_and_unknown_members() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let table = [
        (r#"{"name":"x","tags":null}"#.to_string(), vec![]),
        (
            format!(
                r#"{{"tags":["v1",null,"v1","{digest}",7,"v2"],"manifest":{{"sha256:1":{{"tag":["v1"]}}}}}}"#
            ),
            vec!["v1", "v2"],
        ),
    ];
    for (body, expected) in table {
        let registry = registry_of(0).await;
        let shown = body.clone();
        registry.demo.fault(move |_, _| Some(json(&shown)));
        assert_eq!(tags(&registry.client, "x").await, expected, "{body}");
    }
}

/// docs/REGISTRIES.md §10 row 6, docs/RELIABILITY.md F10.
#[tokio::test]
async fn a_web_page_is_no_list() {
    let registry = registry_of(0).await;
    registry
        .demo
        .fault(|_, _| Some(Fault::answer(200, &[("content-type", "text/html")], "\n<!DOCTYPE html><html>")));
    let error = registry.client.catalog(None).await.expect_err("no list");
    assert_eq!(error.cause, Cause::WebPage);
}

/// docs/REGISTRIES.md §10 row 3, docs/RELIABILITY.md D1.
#[tokio::test]
async fn a_list_without_end_is_cut_off() {
    let registry = registry_of(0).await;
    registry.demo.fault(|_, _| Some(Fault::Endless));
    let error = registry.client.catalog(None).await.expect_err("too large");
    assert!(matches!(error.cause, Cause::TooLarge(_) | Cause::BadAnswer(_) | Cause::WebPage), "{error}");
}

#[tokio::test]
async fn an_empty_repository_is_an_empty_list() {
    let store = Store::new();
    store.create("empty");
    let registry = Registry::open(store).await;
    assert!(tags(&registry.client, "empty").await.is_empty());
}

/// docs/REGISTRIES.md §3.4: a server that filters a page by rights after it cut it.
#[tokio::test]
async fn an_empty_page_that_leads_on_is_followed() {
    let registry = registry_of(0).await;
    registry.demo.fault(|request, _| {
        let (body, next) = match request.query {
            query if query.contains("last=c") => (r#"{"repositories":["z"],"tags":["z"]}"#, None),
            query if query.contains("last=b") => (r#"{"repositories":null,"tags":null}"#, Some("c")),
            query if query.contains("last=a") => (r#"{"repositories":[],"tags":[]}"#, Some("b")),
            _ => (r#"{"repositories":["a"],"tags":["a"]}"#, Some("a")),
        };
        let link = next.map(|last| format!("<{}?last={last}>; rel=\"next\"", request.path));
        Some(Fault::answer(200, &link.iter().map(|link| ("link", link.as_str())).collect::<Vec<_>>(), body))
    });
    assert_eq!(catalog(&registry.client).await, (vec!["a".into(), "z".into()], None));
    assert_eq!(tags(&registry.client, "team/app").await, ["a", "z"]);
}

/// docs/RELIABILITY.md D2.
#[tokio::test]
async fn empty_pages_without_end_end_and_say_so() {
    let registry = registry_of(0).await;
    registry.demo.fault(|_, nth| {
        let link = format!("</v2/_catalog?page={nth}>; rel=\"next\"");
        Some(Fault::answer(200, &[("link", &link)], r#"{"repositories":[]}"#))
    });
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!((names.len(), incomplete.as_deref()), (0, Some("the server sends empty pages only")));
    assert!(registry.requests().len() < 1_100, "{}", registry.requests().len());
}

/// docs/REGISTRIES.md §3.2: Nexus on a connector of its own. The other path is never asked for.
#[tokio::test]
async fn the_query_of_a_link_under_another_path_is_used_with_the_path_of_the_list() {
    for link in [
        "/repository/hosted/v2/_catalog?n=2&last=a",
        "http://nexus.test:8081/repository/hosted/v2/_catalog?last=a",
        "/service/rest/list?last=a&token=x",
        "?last=a",
    ] {
        let registry = registry_of(0).await;
        let written = format!("<{link}>; rel=\"next\"");
        registry.demo.fault(move |request, _| match (request.path, request.query) {
            ("/v2/_catalog", query) if query.contains("last=a") => Some(json(r#"{"repositories":["b"]}"#)),
            ("/v2/_catalog", _) => {
                Some(Fault::answer(200, &[("link", &written)], r#"{"repositories":["a"]}"#))
            }
            _ => Some(Fault::status(400)),
        });
        assert_eq!(catalog(&registry.client).await, (vec!["a".into(), "b".into()], None), "{link}");
        let asked = registry.requests();
        assert!(asked.iter().all(|line| line.contains(" /v2/_catalog")), "{asked:?}");
    }
}

#[tokio::test]
async fn a_next_page_that_is_refused_or_a_web_page_is_asked_for_at_the_path_of_the_list() {
    for refusal in [400, 403, 404, 405, 200] {
        let registry = registry_of(0).await;
        registry.demo.fault(move |request, _| match (request.path, request.query) {
            ("/v2/_catalog", query) if query.contains("last=a") => Some(json(r#"{"repositories":["b"]}"#)),
            ("/v2/_catalog", _) => Some(Fault::answer(
                200,
                &[("link", r#"</v2/hosted/_catalog?last=a>; rel="next""#)],
                r#"{"repositories":["a"]}"#,
            )),
            _ => Some(Fault::answer(refusal, &[], "<html>Not a Docker request</html>")),
        });
        let found = catalog(&registry.client).await;
        assert_eq!(found, (vec!["a".into(), "b".into()], None), "{refusal}");
    }
}

/// A registry of so many repositories that sends at most `most` names a page, whatever is asked for, and forgets the links
/// from the page with the number `forgets_from` on.
async fn capped_registry(count: usize, most: usize, forgets_from: usize) -> Registry {
    let registry = registry_of(0).await;
    let all: Vec<String> = (0..count).map(|number| format!("r{number:04}")).collect();
    registry.demo.fault(move |request, nth| {
        let of = |name: &str| request.query.split('&').find_map(|part| part.strip_prefix(name));
        let size = of("n=").and_then(|size| size.parse().ok()).unwrap_or(most).min(most);
        let start = of("last=").map_or(0, |last| all.partition_point(|name| name.as_str() <= last));
        let end = (start + size).min(count);
        let body = serde_json::json!({ "repositories": all[start..end] }).to_string();
        let link = format!("</v2/_catalog?last={}>; rel=\"next\"", all[end - 1]);
        let has_link = nth < forgets_from && end < count;
        let headers: &[(&str, &str)] = if has_link { &[("link", &link)] } else { &[] };
        Some(Fault::answer(200, headers, body))
    });
    registry
}

/// docs/REGISTRIES.md §3.4: servers and proxies that cut pages and forget the link.
#[tokio::test]
async fn a_page_of_a_usual_size_without_a_link_is_followed_by_a_request_beyond_it() {
    for (most, count) in [(50, 170), (100, 250), (100, 200), (1_000, 2_001)] {
        let registry = capped_registry(count, most, 0).await;
        let (names, incomplete) = catalog(&registry.client).await;
        assert_eq!((names.len(), incomplete), (count, None), "{most}");
        let most_requests = count.div_ceil(most) + 3;
        assert!(registry.requests().len() < most_requests, "{most}: {:?}", registry.requests());
    }
}

#[tokio::test]
async fn a_page_as_large_as_the_one_before_is_full_whatever_its_size() {
    let registry = capped_registry(70, 30, 2).await;
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!((names.len(), incomplete), (70, None), "{:?}", registry.requests());
}

#[tokio::test]
async fn a_list_of_a_usual_size_that_is_sent_whole_each_time_is_complete() {
    let registry = registry_of(0).await;
    let names: Vec<String> = (0..100).map(|number| format!("r{number:03}")).collect();
    let body = serde_json::json!({ "repositories": names }).to_string();
    registry.demo.fault(move |_, _| Some(json(&body)));
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!((names.len(), incomplete, registry.requests().len()), (100, None, 2));
}

#[tokio::test]
async fn a_server_that_cuts_its_list_and_leads_nowhere_is_said_to_be_incomplete() {
    let registry = registry_of(0).await;
    registry.demo.fault(|request, _| {
        let size = request.query.split('&').find_map(|part| part.strip_prefix("n=")?.parse::<usize>().ok());
        let names: Vec<String> =
            (0..size.unwrap_or(100).min(100)).map(|number| format!("r{number:03}")).collect();
        Some(json(&serde_json::json!({ "repositories": names }).to_string()))
    });
    let (names, incomplete) = catalog(&registry.client).await;
    assert_eq!(names.len(), 100);
    assert_eq!(incomplete.as_deref(), Some("the server does not say how its list goes on"));
    assert_eq!(registry.requests().len(), 2);
}

/// docs/REGISTRIES.md §5.4.
#[tokio::test]
async fn referrers_are_listed_behind_empty_pages_and_links_under_another_path() {
    let digest = regtui::model::digest::Digest::sha256(b"subject");
    let page = |name: &str| {
        let referrer = serde_json::json!({"mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": regtui::model::digest::Digest::sha256(name.as_bytes()), "size": 2});
        let all = if name.is_empty() { vec![] } else { vec![referrer] };
        serde_json::json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": all})
        .to_string()
    };
    for (first, second, expected) in [
        ("/v2/app/referrers/X?next=1", "/v2/app/referrers/X?next=2", None),
        ("/repository/hosted/v2/app/referrers/X?next=1", "http://other.test/v2/x?next=2", None),
        ("/v2/app/referrers/X?next=1", "/v2/app/referrers/X?next=1", Some("lead in a circle")),
        ("/v2/app/referrers/X?next=1", "/elsewhere", Some("at another place")),
        ("/v2/app/referrers/X?next=1", "?next=lost", Some("lost a page")),
    ] {
        let registry = registry_of(0).await;
        let link = |to: &str| format!("<{}>; rel=\"next\"", to.replace('X', &digest.to_string()));
        let (first, second) = (link(first), link(second));
        registry.demo.fault(move |request, _| match (request.path, request.query) {
            (path, _) if !path.starts_with("/v2/app/referrers/") => Some(Fault::status(404)),
            (_, "next=lost") => Some(Fault::status(404)),
            (_, "next=2") => Some(json(&page("last"))),
            (_, "next=1") => Some(Fault::answer(200, &[("link", &second)], page(""))),
            _ => Some(Fault::answer(200, &[("link", &first)], page("first"))),
        });
        let found = registry.client.first_referrers(&name("app"), &digest, false).await.expect("a list");
        let incomplete = found.incomplete.as_ref().map(ToString::to_string);
        let count = if expected.is_some() { 1 } else { 2 };
        assert_eq!(found.descriptors.len(), count, "{expected:?}: {:?}", registry.requests());
        assert_eq!(incomplete.is_some(), expected.is_some(), "{incomplete:?}");
        assert!(incomplete.unwrap_or_default().contains(expected.unwrap_or_default()), "{expected:?}");
        let whole = registry.client.referrers(&name("app"), &digest, false).await;
        assert_eq!(whole.is_ok(), expected.is_none(), "a change does not rely on it: {whole:?}");
    }
}
