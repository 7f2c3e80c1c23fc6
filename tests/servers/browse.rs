//! The client on the real registries that are in PATH. `REGTUI_REQUIRE_SERVERS=distribution2,distribution3,zot` makes a
//! missing one a failure.

use regtui::client::{Client, Pool, Priority};
use regtui::model::manifest::Body;
use regtui::model::reference::{Repository, Selector};
use regtui::model::summary::Kind;
use regtui::ops;

use crate::support::registry::{name, settings, tag};
use crate::support::servers::{self, Server};
use crate::support::uploader::Uploader;

async fn fill(server: &Server) {
    let uploader = Uploader::of(server);
    uploader.image("team/app", "1.0.0", false, "amd64").await;
    uploader.image("team/app", "latest", false, "amd64").await;
    uploader.image("team/app", "1.0.0-docker", true, "amd64").await;
    uploader.index("team/multi", "2.0").await;
    for number in 0..120 {
        uploader.image(&format!("many/r{number:03}"), "1", false, "amd64").await;
    }
}

async fn catalog(client: &Client) -> Vec<String> {
    let (mut names, mut next) = (Vec::new(), None);
    loop {
        let page = client.catalog(next).await.expect("a page");
        assert!(page.incomplete.is_none(), "{:?}", page.incomplete);
        names.extend(page.items.iter().map(|item| item.text().to_string()));
        next = page.next;
        if next.is_none() {
            return names;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_registries_are_browsed() {
    for server in servers::all() {
        fill(&server).await;
        println!("browsing {}", server.name);
        let client = Pool::new(settings()).client(&server.host);
        client.ping().await.expect(server.name);
        // olareg has no catalog unless it is told to; its answer then must be an error that opens the prompt.
        match client.catalog(None).await {
            Ok(_) => assert_eq!(catalog(&client).await.len(), 122, "{}", server.name),
            Err(error) => {
                assert_eq!(server.name, "olareg", "{error}");
                assert_eq!(error.failure("x").kind, regtui::model::failure::FailureKind::NotFound);
            }
        }
        let tags = client.tags(&name("team/app"), None).await.expect("a page");
        let mut tags: Vec<&str> = tags.items.iter().map(|item| item.text()).collect();
        tags.sort_unstable();
        assert_eq!(tags, ["1.0.0", "1.0.0-docker", "latest"], "{}", server.name);
        look_into(&client, &server).await;
    }
}

async fn look_into(client: &Client, server: &Server) {
    let app = name("team/app");
    let by_tag = client.latest_manifest(&app, &tag("1.0.0"), Priority::Interactive).await.expect(server.name);
    let digest = client.resolve(&app, &tag("latest"), Priority::Interactive).await.expect(server.name);
    assert_eq!(by_tag.digest, digest, "{}: both tags name one image", server.name);
    let by_digest =
        client.manifest(&app, &Selector::Digest(digest), Priority::Interactive).await.expect(server.name);
    assert_eq!(by_digest.raw, by_tag.raw);
    let docker =
        client.latest_manifest(&app, &tag("1.0.0-docker"), Priority::Interactive).await.expect(server.name);
    assert!(matches!(docker.body, Body::Image(_)));

    let summary =
        ops::summary::of_tag(client, &app, &tag("1.0.0"), Priority::Background).await.expect(server.name);
    assert!(summary.size.is_some() && summary.created.is_some() && summary.platforms.len() == 1);
    let repository = Repository { host: server.host.clone(), name: name("team/multi") };
    let found = ops::inspect::inspect(client, &repository, &Selector::Tag(tag("2.0")), None)
        .await
        .expect(server.name);
    assert_eq!((&found.summary.kind, found.variants.len()), (&Kind::Index, 2), "{}", server.name);
    assert!(found.variants.iter().all(|variant| variant.config.as_ref().is_some_and(Result::is_ok)));
    assert!(
        found.variants.iter().all(|variant| variant.layers.rows.len() == 2 && !variant.layers.approximate)
    );

    let missing =
        client.latest_manifest(&app, &tag("none"), Priority::Interactive).await.expect_err("no such tag");
    assert_eq!(
        missing.failure("x").kind,
        regtui::model::failure::FailureKind::NotFound,
        "{}: {missing}",
        server.name
    );
    let nowhere = client.tags(&name("no/such"), None).await;
    assert!(nowhere.is_err() || nowhere.is_ok_and(|page| page.items.is_empty()), "{}", server.name);
}
