//! The steps of a user with a registry, by the program as a shell runs it.

use regtui::demo::layer::DemoLayer;
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::digest::Digest;
use regtui::model::reference::Host;

use super::servers::Server;
use super::shell::{self, Shell};

/// A registry in memory with one image, `app:1.0`, to copy from.
pub struct Source {
    pub digest: Digest,
    demo: Demo,
}

impl Source {
    /// Makes an image with this layer.
    pub async fn of(layer: DemoLayer) -> Source {
        let store = Store::new();
        let image =
            store.image("app").created("2026-10-01T12:00:00Z").layer("COPY app /app # buildkit", layer);
        let image = image.tag("1.0").push();
        Source { digest: image.digest, demo: shell::open(DemoSettings::default(), store).await }
    }

    /// Makes an image with a layer of a few bytes.
    pub async fn small() -> Source {
        Source::of(DemoLayer::of(&[("app", "#!/bin/sh\n")])).await
    }

    /// The name of the image.
    pub fn image(&self) -> String {
        format!("{}/app:1.0", self.demo.address())
    }
}

/// Copies an image into a repository, looks at it, gives it another tag, copies it within the registry, untags it,
/// deletes it, and takes both back, all at the address `host`. The folder of `server` is the judge.
pub async fn tour(shell: &Shell, server: &Server, host: &Host, repository: &str) {
    let source = Source::small().await;
    let (digest, what) = (source.digest, server.name);
    let (image, stable) = (format!("{host}/{repository}:1.0"), format!("{host}/{repository}:stable"));
    let tags = || ["1.0", "stable"].map(|tag| server.digest_of(repository, tag));

    shell.run(&["copy", "--yes", &source.image(), &image]).await.assert_code(0);
    assert_eq!(tags(), [Some(digest), None], "{what}");

    let listed = shell.run(&["ls", &format!("{host}/")]).await;
    listed.assert_code(0);
    assert_eq!(listed.stdout.lines().collect::<Vec<_>>(), [repository], "{what}");
    let listed = shell.run(&["ls", "--long", &format!("{host}/{repository}")]).await;
    listed.assert_code(0);
    assert!(listed.stdout.contains("linux/amd64"), "{what}: {listed:?}");
    let inspected = shell.run(&["inspect", "--json", &image]).await;
    inspected.assert_code(0);
    assert_eq!(inspected.json()["digest"], digest.to_string(), "{what}");

    shell.run(&["tag", "--yes", &image, "stable"]).await.assert_code(0);
    assert_eq!(tags(), [Some(digest); 2], "{what}");
    let other = format!("{repository}-copy");
    shell.run(&["copy", "--yes", &image, &format!("{host}/{other}:1.0")]).await.assert_code(0);
    assert_eq!(server.digest_of(&other, "1.0"), Some(digest), "{what}");

    let mut untag = vec!["delete", "--yes", &stable];
    if what == "distribution2" {
        untag.push("--replace");
    }
    shell.run(&untag).await.assert_code(0);
    assert_eq!(tags(), [Some(digest), None], "{what}");
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(tags(), [Some(digest); 2], "{what}");

    shell.run(&["delete", "--image", "--yes", "--confirm", repository, &image]).await.assert_code(0);
    assert_eq!(tags(), [None; 2], "{what}");
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(tags(), [Some(digest); 2], "{what}");
}
