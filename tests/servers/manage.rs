//! Changes on real registries, by the program as a shell runs it, and checked without regtui's own client.

use std::collections::HashMap;

use bytes::Bytes;
use regtui::model::digest::Digest;
use regtui::model::media_type::{OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use serde_json::json;

use crate::support::servers::{self, Server};
use crate::support::shell::Shell;
use crate::support::skopeo;
use crate::support::uploader::Uploader;

const ALIASES: [&str; 3] = ["1.0.0", "1.0", "latest"];

/// Every server, also the one that deletes nothing, and the one whose tags outlive their digest.
fn all() -> Vec<Server> {
    servers::all().into_iter().chain(servers::undeletable()).chain(servers::keeps_tags()).collect()
}

/// An image with three tags, and another one; its bytes.
async fn fill(server: &Server) -> (Uploader, Bytes) {
    let uploader = Uploader::of(server);
    for alias in ALIASES {
        uploader.image("team/app", alias, false, "amd64").await;
    }
    uploader.image("team/app", "2.0.0", false, "arm64").await;
    let bytes = uploader.read("team/app", "latest").await.expect("an image");
    (uploader, bytes)
}

async fn tags_that_hold(uploader: &Uploader, bytes: &Bytes) -> Vec<&'static str> {
    let mut tags = Vec::new();
    for alias in ALIASES {
        if uploader.read("team/app", alias).await.as_ref() == Some(bytes) {
            tags.push(alias);
        }
    }
    tags
}

#[tokio::test(flavor = "multi_thread")]
async fn untagging_one_of_three_aliases_leaves_the_others_on_every_server() {
    for server in all() {
        let ((uploader, bytes), shell) = (fill(&server).await, Shell::new());
        let image = format!("{}/team/app:1.0.0", server.host);
        let ended = shell.run(&["delete", &image, "--yes"]).await;
        match server.name {
            "distribution3" | "zot" | "olareg" | "crane" => {
                ended.assert_code(0);
            }
            _ => {
                ended.assert_code(1);
                assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{}: {ended:?}", server.name);
                let replaced = shell.run(&["delete", &image, "--replace", "--yes"]).await;
                let is_deletable = server.name == "distribution2";
                replaced.assert_code(i32::from(!is_deletable));
                if !is_deletable {
                    replaced.assert_says("REGISTRY_STORAGE_DELETE_ENABLED");
                    assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{}", server.name);
                    continue;
                }
            }
        }
        assert_eq!(uploader.read("team/app", "1.0.0").await, None, "{}", server.name);
        assert_eq!(tags_that_hold(&uploader, &bytes).await, ["1.0", "latest"], "{}", server.name);
        shell.run(&["undo", "--yes"]).await.assert_code(0);
        assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{}", server.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_goes_with_all_its_tags_and_comes_back_with_them() {
    for server in all() {
        let ((uploader, bytes), shell) = (fill(&server).await, Shell::new());
        let image = format!("{}/team/app:1.0.0", server.host);
        let ended = shell.run(&["delete", &image, "--image", "--yes", "--confirm", "team/app"]).await;
        if server.name == "distribution2 without deletes" {
            ended.assert_code(1).assert_says("REGISTRY_STORAGE_DELETE_ENABLED");
            assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES);
            continue;
        }
        ended.assert_code(0);
        for alias in ALIASES {
            assert_eq!(uploader.read("team/app", alias).await, None, "{}: {alias}", server.name);
        }
        assert!(uploader.read("team/app", "2.0.0").await.is_some(), "{}", server.name);
        shell.run(&["undo", "--yes"]).await.assert_code(0);
        assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{}", server.name);
    }
}

/// Only a look afterwards tells whether an image is gone: its digest is, and its tags still serve it.
#[tokio::test(flavor = "multi_thread")]
async fn tags_that_outlive_their_digest_go_with_the_image_and_come_back() {
    let Some(server) = servers::keeps_tags() else { return };
    let ((uploader, bytes), shell) = (fill(&server).await, Shell::new());
    let digest = Digest::sha256(&bytes);
    let by_digest = uploader.delete("team/app", &digest.to_string()).await;
    assert_eq!((by_digest, uploader.read("team/app", &digest.to_string()).await), (202, None));
    assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "so the server is");
    uploader.put("team/app", "1.0", OCI_MANIFEST, bytes.clone()).await;
    let image = format!("{}/team/app:1.0.0", server.host);
    let ended = shell.run(&["delete", &image, "--image", "--yes", "--confirm", "team/app"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("its tags one by one"), "{ended:?}");
    assert!(tags_that_hold(&uploader, &bytes).await.is_empty());
    shell.run(&["undo", "--yes"]).await.assert_code(0);
    assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES);
    fill_index(&uploader).await;
    let index = format!("{}/team/multi:2.0", server.host);
    shell.run(&["delete", &index, "--image", "--yes", "--confirm", "team/multi"]).await.assert_code(0);
    assert_eq!(uploader.read("team/multi", "2.0").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_put_moved_and_put_back() {
    for server in all() {
        let ((uploader, bytes), shell) = (fill(&server).await, Shell::new());
        let (one, two) =
            (format!("{}/team/app:1.0.0", server.host), uploader.read("team/app", "2.0.0").await);
        shell.run(&["tag", &one, "stable", "--yes"]).await.assert_code(0);
        assert_eq!(uploader.read("team/app", "stable").await.as_ref(), Some(&bytes), "{}", server.name);
        shell.run(&["tag", &one, "2.0.0", "--yes", "--force"]).await.assert_code(0);
        assert_eq!(uploader.read("team/app", "2.0.0").await.as_ref(), Some(&bytes), "{}", server.name);
        shell.run(&["undo", "--yes"]).await.assert_code(0);
        assert_eq!(uploader.read("team/app", "2.0.0").await, two, "{}", server.name);
        let other = format!("{}/team/other:1", server.host);
        shell.run(&["tag", &one, &other, "--yes"]).await.assert_code(0);
        assert_eq!(uploader.read("team/other", "1").await.as_ref(), Some(&bytes), "{}", server.name);
    }
}

/// The same by replacement.
fn by_replacement<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--replace"]].concat()
}

/// If the server cannot untag, a rename changes nothing before the user has chosen the replacement; undo, which takes away
/// only what it put there, chooses it by itself and says so.
#[tokio::test(flavor = "multi_thread")]
async fn new_tags_are_taken_back_and_old_names_go_on_every_server_that_deletes() {
    for server in all() {
        let ((uploader, bytes), shell) = (fill(&server).await, Shell::new());
        let (app, name) = (format!("{}/team/app", server.host), server.name);
        let (one, next) = (format!("{app}:1.0.0"), async |tag: &str| uploader.read("team/app", tag).await);
        shell.run(&["tag", &one, "next", "--yes"]).await.assert_code(0);
        let rename = ["tag", "--move", &one, "first", "--yes"];
        if name == "distribution2" || name == "distribution2 without deletes" {
            let refused = shell.run(&rename).await;
            refused.assert_code(1).assert_says("does not delete by tag");
            assert_eq!((next("next").await, next("first").await), (Some(bytes.clone()), None), "{name}");
            assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{name}");
        }
        if name == "distribution2 without deletes" {
            for arguments in [&["undo", "--yes"][..], &rename] {
                let refused = shell.run(&by_replacement(arguments)).await;
                refused.assert_code(1).assert_says("REGISTRY_STORAGE_DELETE_ENABLED");
            }
            assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{name}");
            continue;
        }
        // A server that can untag does.
        shell.run(&by_replacement(&["undo", "--yes"])).await.assert_code(0);
        assert_eq!(next("next").await, None, "{name}");
        assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{name}");
        shell.run(&by_replacement(&rename)).await.assert_code(0);
        assert_eq!(next("first").await.as_ref(), Some(&bytes), "{name}");
        assert_eq!(tags_that_hold(&uploader, &bytes).await, ["1.0", "latest"], "{name}");
        shell.run(&by_replacement(&["undo", "--yes"])).await.assert_code(0);
        assert_eq!(next("first").await, None, "{name}");
        assert_eq!(tags_that_hold(&uploader, &bytes).await, ALIASES, "{name}");
        assert_eq!(uploader.tags("team/app").await.len(), ALIASES.len() + 1, "{name}: no probe stays");
    }
}

/// An index of two platforms.
async fn fill_index(uploader: &Uploader) -> Bytes {
    uploader.index("team/multi", "2.0").await;
    uploader.read("team/multi", "2.0").await.expect("an index")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_is_taken_for_every_kind_of_manifest() {
    for server in servers::all().into_iter().filter(|server| server.name == "distribution2") {
        let (uploader, shell) = (Uploader::of(&server), Shell::new());
        fill_index(&uploader).await;
        uploader.image("team/multi", "docker", true, "amd64").await;
        uploader.image("team/multi", "oci", false, "amd64").await;
        for tag in ["2.0", "docker", "oci"] {
            let image = format!("{}/team/multi:{tag}", server.host);
            let before = uploader.read("team/multi", tag).await;
            shell.run(&["delete", &image, "--replace", "--yes"]).await.assert_code(0);
            assert_eq!(uploader.read("team/multi", tag).await, None, "{tag}");
            shell.run(&["undo", "--yes"]).await.assert_code(0);
            assert_eq!(uploader.read("team/multi", tag).await, before, "{tag}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_the_same_to_another_tool() {
    let (servers, shell) = (servers::all(), Shell::new());
    for from in &servers {
        let source = Uploader::of(from);
        let index = fill_index(&source).await;
        source.image("team/multi", "docker", true, "amd64").await;
        let docker = source.read("team/multi", "docker").await;
        for to in &servers {
            let repository = format!("{}/from-{}", to.host, from.name);
            for tag in ["2.0", "docker"] {
                let image = format!("{}/team/multi:{tag}", from.host);
                shell.run(&["copy", &image, &repository, "--yes"]).await.assert_code(0);
                let copy = format!("{repository}:{tag}");
                let (original, copied) = (skopeo::read(&image).await, skopeo::read(&copy).await);
                assert_eq!(
                    original.map(|read| read.digests()),
                    copied.map(|read| read.digests()),
                    "{image} → {copy}"
                );
            }
            let target = Uploader::of(to);
            let name = format!("from-{}", from.name);
            assert_eq!(target.read(&name, "2.0").await.as_ref(), Some(&index), "{} → {}", from.name, to.name);
            assert_eq!(target.read(&name, "docker").await, docker, "{} → {}", from.name, to.name);
        }
    }
}

/// Images of many kinds under one name, and the digests that only `--referrers` brings along.
async fn fill_kinds(uploader: &Uploader) -> Vec<String> {
    let attested = uploader.image("kinds", "attested", false, "amd64").await;
    let digest = attested["digest"].as_str().expect("a digest").to_string();
    let mut attestation =
        uploader.plain("kinds", None, OCI_CONFIG, &["application/vnd.in-toto+json"], None).await;
    attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    attestation["annotations"] =
        json!({"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest});
    let mut image = attested.clone();
    image["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image, attestation]});
    uploader.manifest("kinds", "attested", OCI_INDEX, &index).await;
    let chart = ["application/vnd.cncf.helm.chart.content.v1.tar+gzip"];
    uploader.plain("kinds", Some("chart"), "application/vnd.cncf.helm.config.v1+json", &chart, None).await;
    let many = vec!["application/vnd.oci.image.layer.v1.tar+gzip"; 200];
    uploader.plain("kinds", Some("many"), OCI_CONFIG, &many, None).await;
    let subject = uploader.image("kinds", "signed", false, "arm64").await;
    let signature = ["application/vnd.dev.cosign.simplesigning.v1+json"];
    let signature = uploader.plain("kinds", None, OCI_CONFIG, &signature, Some(&subject)).await;
    let subject = subject["digest"].as_str().expect("a digest");
    if !uploader.lists_referrers("kinds", subject).await {
        // Then the list is under a tag: distribution-spec § Referrers Tag Schema.
        let list = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [signature]});
        uploader.manifest("kinds", &subject.replace(':', "-"), OCI_INDEX, &list).await;
    }
    vec![signature["digest"].as_str().expect("a digest").to_string()]
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_every_kind_are_copied_with_their_referrers() {
    let (servers, shell) = (servers::all(), Shell::new());
    let mut originals = HashMap::new();
    // Each to the one after it: all pairs would only take longer.
    let next = servers.iter().cycle().skip(1);
    for (from, to) in servers.iter().zip(next) {
        let source = Uploader::of(from);
        let referrers = fill_kinds(&source).await;
        let (target, name) = (Uploader::of(to), format!("kinds-from-{}", from.name));
        let arguments = [
            "copy",
            "--all-tags",
            "--referrers",
            "--yes",
            &format!("{}/kinds", from.host),
            &format!("{}/{name}", to.host),
        ];
        shell.run(&arguments).await.assert_code(0);
        for reference in
            ["attested", "chart", "many", "signed"].into_iter().chain(referrers.iter().map(String::as_str))
        {
            let original = source.read("kinds", reference).await;
            let copied = target.read(&name, reference).await;
            assert!(original.is_some() && original == copied, "{} → {}: {reference}", from.name, to.name);
            let by = if reference.contains(':') { '@' } else { ':' };
            let digests = |read: Option<skopeo::Written>| read.map(|read| read.digests());
            // The same manifest has the same originals on every server: they are read from the first one that has it.
            if !originals.contains_key(&original) {
                let read = skopeo::read(&format!("{}/kinds{by}{reference}", from.host)).await;
                originals.insert(original.clone(), digests(read));
            }
            let copied = digests(skopeo::read(&format!("{}/{name}{by}{reference}", to.host)).await);
            assert_eq!(
                originals[&original], copied,
                "{} → {}: {reference} as skopeo reads it",
                from.name, to.name
            );
            let least = if reference == "many" { 202 } else { 2 };
            assert!(copied.is_none_or(|copied| copied.len() >= least), "{}: {reference}", to.name);
        }
    }
}
