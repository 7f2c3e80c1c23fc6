//! The lists: catalog, tags, referrers, and their pages.

use regtui::demo::layer::DemoLayer;
use regtui::demo::{DemoSettings, PageSize, Store};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::wire::Wire;

/// Follows `Link` from `path` to the end and returns the entries of each page under `key`.
async fn pages(wire: &Wire, path: &str, key: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = wire.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        pages.push(answer.json()[key].clone());
        let link =
            answer.header("link").strip_suffix(">; rel=\"next\"").and_then(|link| link.strip_prefix('<'));
        next = link.map(str::to_owned);
    }
    pages
}

fn many(count: usize) -> Store {
    let store = Store::new();
    store.create_many(count, |i| format!("r{i:06}"), "");
    store
}

#[tokio::test]
async fn the_catalog_comes_in_pages_of_a_hundred_unless_asked_otherwise() {
    let wire = Wire::open(many(250)).await;
    let sizes =
        |pages: &[Value]| pages.iter().map(|page| page.as_array().map_or(0, Vec::len)).collect::<Vec<_>>();
    assert_eq!(sizes(&pages(&wire, "/v2/_catalog", "repositories").await), [100, 100, 50]);
    assert_eq!(sizes(&pages(&wire, "/v2/_catalog?n=1000", "repositories").await), [250]);
    assert_eq!(sizes(&pages(&wire, "/v2/_catalog?n=125", "repositories").await), [125, 125]);
    assert_eq!(sizes(&pages(&wire, "/v2/_catalog?n=0", "repositories").await), [0]);
    let last = &pages(&wire, "/v2/_catalog?last=r0002480&n=9", "repositories").await[0];
    assert_eq!(*last, json!(["r000249"]));
}

#[tokio::test]
async fn page_sizes_beyond_the_limit_or_that_are_no_numbers_are_refused() {
    let wire = Wire::open(many(1)).await;
    for n in ["1001", "-1", "x", "1e3"] {
        assert_eq!(
            wire.get(&format!("/v2/_catalog?n={n}")).await.refusal(),
            "400 PAGINATION_NUMBER_INVALID",
            "{n}"
        );
    }
}

#[tokio::test]
async fn a_catalog_can_be_refused() {
    for (status, refusal) in
        [(401, "401 UNAUTHORIZED"), (403, "403 DENIED"), (404, "404 NOT_FOUND"), (405, "405 UNSUPPORTED")]
    {
        let settings =
            DemoSettings { catalog_refused: StatusCode::from_u16(status).ok(), ..DemoSettings::default() };
        assert_eq!(Wire::new(settings, many(1)).await.get("/v2/_catalog").await.refusal(), refusal);
    }
}

#[tokio::test]
async fn a_hundred_thousand_repositories_are_listed_and_share_their_content() {
    let store = Store::new();
    store.image("like").layer("COPY a /", DemoLayer::of(&[("a", "a")])).tag("1").push();
    store.create_many(100_000, |i| format!("group/r{i:06}"), "like");
    let wire = Wire::open(store).await;
    let names: usize = pages(&wire, "/v2/_catalog?n=1000", "repositories")
        .await
        .iter()
        .map(|page| page.as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(names, 100_001);
    wire.demo.store().untag("group/r000007", "1");
    assert_eq!(wire.demo.store().tags("group/r000007"), [""; 0]);
    assert_eq!(wire.demo.store().tags("group/r000008"), ["1"]);
}

#[tokio::test]
async fn tags_are_in_lexical_order_and_in_pages_when_asked_for() {
    let store = Store::new();
    let image = store.image("a").push();
    ["b", "a", "10", "9", "B"].into_iter().for_each(|tag| store.tag("a", tag, image.digest));
    store.create("empty");
    let wire = Wire::open(store).await;
    assert_eq!(
        wire.get("/v2/a/tags/list").await.json(),
        json!({ "name": "a", "tags": ["10", "9", "B", "a", "b"] })
    );
    let pages = pages(&wire, "/v2/a/tags/list?n=2", "tags").await;
    assert_eq!(pages, [json!(["10", "9"]), json!(["B", "a"]), json!(["b"])]);
    let none = wire.get("/v2/a/tags/list?n=0").await;
    assert_eq!((none.json()["tags"].clone(), none.header("link")), (json!([]), ""));
    assert_eq!(wire.get("/v2/empty/tags/list").await.json()["tags"], json!([]));
    assert_eq!(wire.get("/v2/unknown/tags/list").await.refusal(), "404 NAME_UNKNOWN");
    assert_eq!(wire.get("/v2/Upper/tags/list").await.refusal(), "400 NAME_INVALID");
}

#[tokio::test]
async fn referrers_are_listed_by_subject_and_by_type() {
    let store = Store::new();
    let image = store.image("a").push();
    let signature = store.artifact("a").kind("test/signature").annotation("k", "v").subject(&image).push();
    let plain = store.artifact("a").config("test/config", "1").subject(&image).push();
    let path = format!("/v2/a/referrers/{}", image.digest);
    let wire = Wire::new(
        DemoSettings { referrers_page: PageSize { default: 1, most: 9 }, ..DemoSettings::default() },
        store,
    )
    .await;

    let mut found: Vec<Value> = Vec::new();
    for page in pages(&wire, &path, "manifests").await {
        found.extend(page.as_array().cloned().unwrap_or_default());
    }
    found.sort_by_key(|descriptor| descriptor["artifactType"].to_string());
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["artifactType"], &found[0]["digest"]),
        (&json!("test/config"), &json!(plain.digest))
    );
    assert_eq!(
        (&found[1]["artifactType"], &found[1]["annotations"]),
        (&json!("test/signature"), &json!({ "k": "v" }))
    );

    let filtered = wire.get(&format!("{path}?artifactType=test/signature")).await;
    assert_eq!(filtered.header("oci-filters-applied"), "artifactType");
    assert_eq!(filtered.header("content-type"), "application/vnd.oci.image.index.v1+json");
    assert_eq!(filtered.json()["manifests"][0]["digest"], json!(signature.digest));
    let of_nothing = wire.get(&format!("/v2/a/referrers/{}", signature.digest)).await;
    assert_eq!((of_nothing.status, of_nothing.json()["manifests"].clone()), (200, json!([])));
    assert_eq!(wire.get("/v2/a/referrers/latest").await.refusal(), "400 DIGEST_INVALID");
}

#[tokio::test]
async fn without_a_referrers_api_its_path_is_unknown_and_a_push_says_no_subject() {
    let store = Store::new();
    let image = store.image("a").push();
    let signature = store.artifact("a").kind("test/signature").subject(&image).push();
    let bytes = store.repository("a").expect("it is there").manifests[&signature.digest].bytes.to_vec();
    for referrers in [true, false] {
        let wire = Wire::new(DemoSettings { referrers, ..DemoSettings::default() }, store.clone()).await;
        let list = wire.get(&format!("/v2/a/referrers/{}", image.digest)).await;
        assert_eq!(list.status, if referrers { 200 } else { 404 });
        let pushed = wire
            .send("PUT", "/v2/a/manifests/s", &[("content-type", signature.media_type)], bytes.clone())
            .await;
        let subject = if referrers { image.digest.to_string() } else { String::new() };
        assert_eq!((pushed.status, pushed.header("oci-subject")), (201, subject.as_str()));
    }
}
