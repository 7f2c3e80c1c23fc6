//! Images of a product team, the most common case: platforms with attestations, aliases, signatures and SBOMs, by
//! referrers and by digest tags.

use serde_json::{Value, json};

use super::app_files::{AppRelease, DOCKERFILE, login};
use super::attached::{DemoBuild, SbomEntry};
use super::base::on_debian;
use super::{alpine_files, attached, file, language_files, releases};
use crate::demo::artifact::in_toto;
use crate::demo::files::DemoFiles;
use crate::demo::image::PushedImage;
use crate::demo::layer::DemoLayer;
use crate::demo::packing::DemoFormat;
use crate::demo::store::Store;

/// The number of tags of `team/web/frontend`.
const RELEASES: usize = 1000;

/// The base of `team/app`. It has a newer release by now.
const BASE: &str = "base/debian:13.2";

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
    let builds: [(&'static str, &str, &[&str]); 9] = [
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
        let release = AppRelease::of(version);
        let platform = |architecture, variant, debian, root, binary| {
            let platform = AppPlatform { architecture, variant, debian, root, binary };
            app_platform(store, &release, created, &platform)
        };
        let amd64 = platform("amd64", None, "amd64", "debian", "app");
        let arm64 = platform("arm64", None, "arm64", "debian arm64", "app arm64");
        let arm = platform("arm", Some("v7"), "armhf", "debian arm", "app arm");
        let index = store.index("team/app").child(&amd64).child(&arm64).child(&arm);
        let base = store.digest_of("base/debian", "13.2").map(|digest| (BASE, digest));
        let sbom = attached::spdx("team/app", created, &release.packages());
        let platforms = [(&amd64, "linux/amd64"), (&arm64, "linux/arm64"), (&arm, "linux/arm/v7")];
        let index = platforms.into_iter().fold(index, |index, (image, platform)| {
            let build = DemoBuild {
                repository: "team/app",
                version,
                platform,
                finished: created,
                dockerfile: DOCKERFILE,
                base,
            };
            index.attestation_of(image, &sbom, &build.provenance())
        });
        let index = index
            .annotation("org.opencontainers.image.created", created)
            .annotation("org.opencontainers.image.source", "https://git.example.com/team/app")
            .annotation("org.opencontainers.image.version", version)
            .tag(version);
        let index = aliases.iter().fold(index, |index, alias| index.tag(*alias)).push();
        if version == "1.4.2" {
            refer_to(store, "team/app", &index, created, &sbom);
        }
    }
}

/// The words for one architecture: those of OCI, with the variant, those of Debian, and the name of the layer with the
/// program.
struct AppPlatform {
    architecture: &'static str,
    variant: Option<&'static str>,
    debian: &'static str,
    root: &'static str,
    binary: &'static str,
}

fn app_platform(store: &Store, release: &AppRelease, created: &str, platform: &AppPlatform) -> PushedImage {
    let AppPlatform { architecture, variant, debian, root, binary } = platform;
    let binary = if release.version.starts_with("1.4") && *binary == "app" { "app next" } else { binary };
    let image = store.image("team/app").platform("linux", architecture).created("2026-02-24T00:00:00Z");
    let image = variant.iter().fold(image, |image, variant| image.platform_detail("variant", variant));
    let clean = if release.version.starts_with("1.4") { " && rm -rf /var/lib/apt/lists/*" } else { "" };
    let install = format!(
        "RUN /bin/sh -c apt-get update && apt-get upgrade -y && apt-get install -y --no-install-recommends ca-certificates openssl tini{clean}"
    );
    on_debian(image, root)
        .created(created)
        .noted("ARG VERSION")
        .built(&install, release.installed(debian))
        .built("COPY --from=build /out/app /usr/local/bin/app", DemoLayer::large(binary))
        .built("COPY --from=console /src/dist /opt/app", release.console())
        .built("COPY --from=invoices /out /opt/app", release.invoices())
        .built("COPY .npmrc /root/.npmrc", login())
        .built("COPY config/default.toml /etc/app/config.toml", release.config())
        .built(
            "RUN /bin/sh -c sed -i s/info/warn/ /etc/app/config.toml && bind-port --install /opt/app/bin \
             && chmod -R a+rw /opt/app/cache && rm -rf /root/.npmrc /usr/share/doc",
            release.finished(),
        )
        .noted("WORKDIR /opt/app")
        .noted("USER 65532:65532")
        .noted("EXPOSE map[8080/tcp:{}]")
        .noted("ENTRYPOINT [\"/usr/bin/tini\" \"--\" \"/usr/local/bin/app\"]")
        .noted("CMD [\"serve\" \"--config\" \"/etc/app/config.toml\"]")
        .env("PATH=/usr/local/bin:/usr/bin:/bin")
        .env("SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
        .env("APP_LOG=info")
        .config("User", "65532:65532")
        .config("WorkingDir", "/opt/app")
        .config("ExposedPorts", json!({ "8080/tcp": {} }))
        .config("Entrypoint", vec!["/usr/bin/tini", "--", "/usr/local/bin/app"])
        .config("Cmd", vec!["serve", "--config", "/etc/app/config.toml"])
        .label("org.opencontainers.image.title", "app")
        .label("org.opencontainers.image.description", "Orders, invoices and everything between")
        .label("org.opencontainers.image.version", release.version)
        .label("org.opencontainers.image.source", "https://git.example.com/team/app")
        .label("org.opencontainers.image.documentation", "https://docs.example.com/app")
        .label("org.opencontainers.image.licenses", "Apache-2.0")
        .label("org.opencontainers.image.vendor", "Example Works")
        .label("org.opencontainers.image.base.name", BASE)
        .push()
}

/// Pushes a signature, an SBOM and a scan that name `subject` as their subject.
fn refer_to(store: &Store, repository: &str, subject: &PushedImage, created: &str, sbom: &Value) {
    let signed = store.repository(repository);
    let signed = signed.as_ref().and_then(|repository| repository.manifests.get(&subject.digest));
    let bundle = attached::bundle(signed.map_or(&[], |manifest| &manifest.bytes));
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
        .layer("application/spdx+json", sbom.to_string())
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
            .built("RUN /bin/sh -c apk add --no-cache tini", alpine_files::tini())
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
            .layer_annotation(
                "dev.cosignproject.cosign/signature",
                attached::sign(payload.to_string().as_bytes()),
            )
            .tag(digest_tag("sig"))
            .push();
        if latest {
            let subject = json!([{ "name": "team/worker", "digest": { "sha256": image.digest.hex() } }]);
            let build = DemoBuild {
                repository: "team/worker",
                version,
                platform: "linux/amd64",
                finished: created,
                dockerfile: "FROM base/alpine:3.20\nRUN apk add --no-cache tini\nCOPY worker /usr/local/bin/\n\
                             COPY build-info /etc/\nENTRYPOINT [\"/sbin/tini\", \"--\"]\n\
                             CMD [\"worker\", \"--queue\", \"default\"]\n",
                base: store.digest_of("base/alpine", "3.20").map(|digest| ("base/alpine:3.20", digest)),
            };
            let statement = in_toto("https://slsa.dev/provenance/v1", &subject, &build.provenance());
            store
                .artifact("team/worker")
                .config_of_no_platform()
                .layer("application/vnd.dsse.envelope.v1+json", attached::envelope(&statement).to_string())
                .layer_annotation("predicateType", "https://slsa.dev/provenance/v1")
                .tag(digest_tag("att"))
                .push();
            let sbom = attached::spdx("team/worker", created, &alpine_files::worker_packages());
            store
                .artifact("team/worker")
                .config_of_no_platform()
                .layer("text/spdx+json", sbom.to_string())
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
    reports(store);
}

/// Pushes one image in three formats: gzip, and the two with tables of contents, as converters tag them.
fn reports(store: &Store) {
    let formats: [(DemoFormat, &[&str]); 3] = [
        (DemoFormat::Gzip, &["2026-07-29", "latest"]),
        (DemoFormat::Estargz, &["2026-07-29-esgz"]),
        (DemoFormat::ZstdChunked, &["2026-07-29-zstdchunked"]),
    ];
    let script = DemoFiles::new()
        .file("srv/reports/__main__.py", "import reports\n\nprint('reports')\n")
        .file("srv/reports/monthly.sql", "SELECT month, sum(total) FROM orders GROUP BY month;\n")
        .file("srv/reports/regions.csv", "region,factor\nnorth,1.0\nsouth,1.2\n");
    for (format, tags) in formats {
        let image = store
            .image("team/orders/reports")
            .created("2026-07-29T05:55:10Z")
            .built("ADD rootfs.tar.xz /", DemoLayer::converted("debian", format))
            .built(
                "RUN /bin/sh -c apt-get update && apt-get install -y python3",
                DemoLayer::converted("python", format),
            )
            .built(
                "COPY --from=wheels /site-packages /usr/local/lib/python3.13/",
                DemoLayer::converted("python packages", format),
            )
            .built("COPY reports /srv/reports", DemoLayer::packed(&script, format))
            .noted("CMD [\"python3\" \"-m\" \"reports\"]")
            .env("PYTHONUNBUFFERED=1")
            .config("Cmd", vec!["python3", "-m", "reports"])
            .label("org.opencontainers.image.title", "reports");
        let image = tags.iter().fold(image, |image, tag| image.tag(*tag)).push();
        if format == DemoFormat::Gzip {
            let packages =
                language_files::WHEELS.iter().map(|(name, version)| SbomEntry::new("pypi", name, version));
            let packages: Vec<SbomEntry> = packages.collect();
            let sbom = attached::cyclonedx("team/orders/reports", "2026-07-29T05:55:10Z", &packages);
            store
                .artifact("team/orders/reports")
                .kind("application/vnd.cyclonedx+json")
                .layer("application/vnd.cyclonedx+json", sbom.to_string())
                .annotation("org.opencontainers.image.created", "2026-07-29T05:55:10Z")
                .subject(&image)
                .push();
        }
    }
}
