//! Images of a product team, the most common case: platforms with attestations, aliases, signatures and SBOMs, by
//! referrers and by digest tags.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{file, releases};
use crate::demo::artifact::in_toto;
use crate::demo::image::PushedImage;
use crate::demo::layer::DemoLayer;
use crate::demo::store::Store;

/// The number of tags of `team/web/frontend`.
const RELEASES: usize = 1000;

/// Pushes `team/…`.
pub(crate) fn push(store: &Store) {
    app(store);
    worker(store);
    releases::push_releases(store, "team/web/frontend", RELEASES);
    service(store);
}

/// Pushes three platforms with attestations. The newest version has five names, and a signature, an SBOM and a scan
/// that refer to it.
fn app(store: &Store) {
    let builds: [(&str, &str, &[&str]); 9] = [
        ("1.2.9", "2026-03-02T10:15:00Z", &[]),
        ("1.2.10", "2026-03-19T14:40:12Z", &["1.2"]),
        ("1.3.0-rc.1", "2026-05-04T09:00:31Z", &[]),
        ("1.3.0", "2026-05-11T09:05:27Z", &["1.3"]),
        ("1.4.0-rc.1", "2026-08-17T16:20:45Z", &[]),
        ("1.4.0-rc.2", "2026-08-24T11:48:02Z", &[]),
        ("1.4.0", "2026-08-31T08:30:59Z", &[]),
        ("1.4.1", "2026-10-06T12:11:17Z", &["previous"]),
        ("1.4.2", "2026-11-12T15:03:44Z", &["1.4", "1", "stable", "latest"]),
    ];
    for (version, created, aliases) in builds {
        let binary = if version.starts_with("1.4") { "app next" } else { "app" };
        let amd64 = app_platform(store, version, created, ("amd64", None), "distroless", binary);
        let arm64 = app_platform(store, version, created, ("arm64", None), "distroless arm64", "app arm64");
        let arm = app_platform(store, version, created, ("arm", Some("v7")), "distroless arm64", "app arm");
        let index = store
            .index("team/app")
            .child(&amd64)
            .child(&arm64)
            .child(&arm)
            .attestation(&amd64)
            .attestation(&arm64)
            .attestation(&arm)
            .annotation("org.opencontainers.image.created", created)
            .annotation("org.opencontainers.image.source", "https://git.example.com/team/app")
            .annotation("org.opencontainers.image.version", version)
            .tag(version);
        let index = aliases.iter().fold(index, |index, alias| index.tag(*alias)).push();
        if version == "1.4.2" {
            refer_to(store, "team/app", &index, created);
        }
    }
}

fn app_platform(
    store: &Store,
    version: &str,
    created: &str,
    (architecture, variant): (&str, Option<&str>),
    root: &str,
    binary: &str,
) -> PushedImage {
    let settings = format!("# app {version}\nlisten = \"0.0.0.0:8080\"\nlog = \"info\"\n");
    let image = store.image("team/app").platform("linux", architecture).created("1970-01-01T00:00:00Z");
    let image = variant.into_iter().fold(image, |image, variant| image.platform_detail("variant", variant));
    image
        .layer("bazel build //static:base", DemoLayer::large(root))
        .layer("bazel build //static:certificates", DemoLayer::large("certificates"))
        .created(created)
        .noted("ARG VERSION")
        .noted("WORKDIR /srv")
        .built("COPY --from=build /out/app /usr/local/bin/app", DemoLayer::large(binary))
        .built("COPY config/default.toml /etc/app/config.toml", file("etc/app/config.toml", &settings))
        .noted("USER 65532:65532")
        .noted("EXPOSE map[8080/tcp:{}]")
        .noted("ENTRYPOINT [\"/usr/local/bin/app\"]")
        .noted("CMD [\"serve\" \"--config\" \"/etc/app/config.toml\"]")
        .env("PATH=/usr/local/bin:/usr/bin:/bin")
        .env("SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
        .env("APP_LOG=info")
        .config("User", "65532:65532")
        .config("WorkingDir", "/srv")
        .config("ExposedPorts", json!({ "8080/tcp": {} }))
        .config("Entrypoint", vec!["/usr/local/bin/app"])
        .config("Cmd", vec!["serve", "--config", "/etc/app/config.toml"])
        .label("org.opencontainers.image.title", "app")
        .label("org.opencontainers.image.description", "Orders, invoices and everything between")
        .label("org.opencontainers.image.version", version)
        .label("org.opencontainers.image.source", "https://git.example.com/team/app")
        .label("org.opencontainers.image.documentation", "https://docs.example.com/app")
        .label("org.opencontainers.image.licenses", "Apache-2.0")
        .label("org.opencontainers.image.vendor", "Example Works")
        .label("org.opencontainers.image.base.name", "base/distroless:static-nonroot")
        .push()
}

/// Pushes a signature, an SBOM and a scan that name `subject` as their subject.
fn refer_to(store: &Store, repository: &str, subject: &PushedImage, created: &str) {
    let bundle =
        json!({ "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "messageSignature": {} });
    store
        .artifact(repository)
        .kind("application/vnd.dev.sigstore.bundle.v0.3+json")
        .layer("application/vnd.dev.sigstore.bundle.v0.3+json", bundle.to_string())
        .annotation("dev.sigstore.bundle.content", "message-signature")
        .annotation("org.opencontainers.image.created", created)
        .subject(subject)
        .push();
    store
        .artifact(repository)
        .kind("application/spdx+json")
        .layer("application/spdx+json", sbom("app").to_string())
        .layer_annotation("org.opencontainers.image.title", "app.spdx.json")
        .annotation("org.opencontainers.image.created", created)
        .subject(subject)
        .push();
    store
        .artifact(repository)
        .kind("application/vnd.example.scan.v1+json")
        .layer("application/json", r#"{"critical":0,"high":0,"medium":2,"low":11}"#)
        .annotation("org.opencontainers.image.description", "0 critical, 0 high, 2 medium, 11 low")
        .subject(subject)
        .push();
}

/// Pushes images that were signed before referrers existed: the signature, the attestation and the SBOM are tags that
/// contain the digest.
fn worker(store: &Store) {
    for (version, created, latest) in [
        ("0.17.0", "2026-01-15T13:00:00Z", false),
        ("0.18.0", "2026-06-22T13:30:10Z", false),
        ("0.18.1", "2026-09-03T17:12:54Z", true),
    ] {
        let image = store
            .image("team/worker")
            .created(created)
            .built("ADD alpine-minirootfs.tar.gz /", DemoLayer::large("alpine"))
            .built("RUN /bin/sh -c apk add --no-cache tini", file("sbin/tini", "ELF"))
            .built("COPY worker /usr/local/bin/", DemoLayer::large("worker"))
            .built("COPY build-info /etc/", file("etc/build-info", &format!("worker {version}\n")))
            .noted("ENTRYPOINT [\"/sbin/tini\" \"--\"]")
            .noted("CMD [\"worker\" \"--queue\" \"default\"]")
            .env("QUEUE_URL=amqp://queue.example.com")
            .config("Entrypoint", vec!["/sbin/tini", "--"])
            .config("Cmd", vec!["worker", "--queue", "default"])
            .label("org.opencontainers.image.title", "worker")
            .label("org.opencontainers.image.version", version)
            .tag(version);
        let image = if latest { image.tag("latest") } else { image }.push();
        let digest_tag = |suffix: &str| format!("sha256-{}.{suffix}", image.digest.hex());
        let payload = json!({
            "critical": {
                "identity": { "docker-reference": "registry.example.com/team/worker" },
                "image": { "docker-manifest-digest": image.digest },
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        store
            .artifact("team/worker")
            .config_of_no_platform()
            .layer("application/vnd.dev.cosign.simplesigning.v1+json", payload.to_string())
            .layer_annotation("dev.cosignproject.cosign/signature", "MEUCIQDsample")
            .tag(digest_tag("sig"))
            .push();
        if latest {
            let subject = json!([{ "name": "team/worker", "digest": { "sha256": image.digest.hex() } }]);
            store
                .artifact("team/worker")
                .config_of_no_platform()
                .layer(
                    "application/vnd.dsse.envelope.v1+json",
                    envelope(&in_toto("https://slsa.dev/provenance/v1", subject, provenance())).to_string(),
                )
                .layer_annotation("predicateType", "https://slsa.dev/provenance/v1")
                .tag(digest_tag("att"))
                .push();
            store
                .artifact("team/worker")
                .config_of_no_platform()
                .layer("text/spdx+json", sbom("worker").to_string())
                .tag(digest_tag("sbom"))
                .push();
        }
    }
}

/// Pushes a service on a Java runtime, made by jib: all dates are of 1970, and no field holds the true date.
fn service(store: &Store) {
    store
        .image("team/orders/service")
        .created("1970-01-01T00:00:00Z")
        .bare_layer(DemoLayer::large("debian"))
        .bare_layer(DemoLayer::large("jre"))
        .layer("jib-maven-plugin:3.4.4", DemoLayer::large("service jar"))
        .comment("dependencies")
        .layer("jib-maven-plugin:3.4.4", file("app/resources/application.yaml", "server:\n  port: 8080\n"))
        .comment("resources")
        .layer("jib-maven-plugin:3.4.4", file("app/classes/Main.class", "\u{7f}"))
        .comment("classes")
        .config("Entrypoint", vec!["java", "-cp", "@/app/jib-classpath-file", "com.example.orders.Main"])
        .env("JAVA_HOME=/opt/java")
        .env("LANG=C.UTF-8")
        .tag("5.0.1")
        .tag("5")
        .tag("latest")
        .push();
    store
        .image("team/orders/reports")
        .created("2026-07-29T05:55:10Z")
        .built("ADD rootfs.tar.xz /", DemoLayer::large("debian"))
        .built("RUN /bin/sh -c apt-get update && apt-get install -y python3", DemoLayer::large("python"))
        .built(
            "COPY --from=wheels /site-packages /usr/local/lib/python3.13/",
            DemoLayer::large("python packages"),
        )
        .built("COPY reports /srv/reports", file("srv/reports/__main__.py", "print('reports')\n"))
        .noted("CMD [\"python3\" \"-m\" \"reports\"]")
        .env("PYTHONUNBUFFERED=1")
        .config("Cmd", vec!["python3", "-m", "reports"])
        .label("org.opencontainers.image.title", "reports")
        .tag("2026-07-29")
        .tag("latest")
        .push();
}

fn sbom(name: &str) -> serde_json::Value {
    json!({
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "creationInfo": { "created": "2026-11-12T15:03:44Z", "creators": ["Tool: example-sbom-1.0"] },
        "packages": [
            package(name, "1.4.2", "Apache-2.0", &format!("pkg:generic/{name}@1.4.2")),
            package("ca-certificates", "20250911", "MPL-2.0", "pkg:apk/alpine/ca-certificates@20250911"),
            package("libcrypto3", "3.5.4-r0", "Apache-2.0", "pkg:apk/alpine/libcrypto3@3.5.4-r0"),
            package("musl", "1.2.5-r10", "MIT", "pkg:apk/alpine/musl@1.2.5-r10"),
            package("zlib", "1.3.1-r2", "Zlib", "pkg:apk/alpine/zlib@1.3.1-r2"),
        ],
    })
}

fn package(name: &str, version: &str, licence: &str, purl: &str) -> serde_json::Value {
    json!({
        "SPDXID": format!("SPDXRef-Package-{name}"),
        "name": name,
        "versionInfo": version,
        "licenseDeclared": licence,
        "downloadLocation": "NOASSERTION",
        "externalRefs": [
            { "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl },
        ],
    })
}

/// Returns how BuildKit describes a build.
fn provenance() -> serde_json::Value {
    let revision = "4f0c1a2b3d4e5f60718293a4b5c6d7e8f9012345";
    let dockerfile =
        "FROM alpine:3.22\nRUN apk add --no-cache tini\nARG VERSION\nCOPY worker /usr/local/bin/\n";
    json!({
        "buildDefinition": {
            "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
            "externalParameters": {
                "configSource": { "path": "Dockerfile" },
                "request": { "frontend": "dockerfile.v0", "args": { "build-arg:VERSION": "0.18.1" } },
            },
            "resolvedDependencies": [
                { "uri": "pkg:docker/alpine@3.22?platform=linux%2Famd64", "digest": { "sha256": "5d".repeat(32) } },
            ],
        },
        "runDetails": {
            "builder": { "id": "https://ci.example.com/team/worker/runs/812" },
            "metadata": {
                "startedOn": "2026-09-03T17:11:02Z",
                "finishedOn": "2026-09-03T17:12:54Z",
                "buildkit_metadata": {
                    "vcs": { "source": "https://git.example.com/team/worker.git", "revision": revision },
                    "source": { "infos": [{ "filename": "Dockerfile", "data": STANDARD.encode(dockerfile) }] },
                },
            },
        },
    })
}

/// Returns a statement in an envelope. Its signature is none.
fn envelope(statement: &serde_json::Value) -> serde_json::Value {
    json!({
        "payloadType": "application/vnd.in-toto+json",
        "payload": STANDARD.encode(statement.to_string()),
        "signatures": [{ "sig": "MEUCIQDsample" }],
    })
}
