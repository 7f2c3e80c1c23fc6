//! Base images: aliases, several platforms, both index formats, and dates that mean "reproducible".

use crate::demo::files::{DemoFiles, noise};
use crate::demo::image::{ImageBuilder, PushedImage};
use crate::demo::layer::DemoLayer;
use crate::demo::store::Store;

use super::alpine_files::upgrade;

/// Pushes `base/…` and `windows/…`.
pub(crate) fn push(store: &Store) {
    alpine(store);
    debian(store);
    distroless(store);
    windows(store);
}

/// Pushes three platforms in an OCI index, with four names for the newest.
fn alpine(store: &Store) {
    let releases: [(&str, &str, &[&str]); 3] = [
        ("3.20.8", "2026-03-12T09:12:44Z", &["3.20"]),
        ("3.21.5", "2026-07-15T10:31:20Z", &["3.21"]),
        ("3.22.2", "2026-10-08T11:04:05Z", &["3.22", "3", "latest"]),
    ];
    for (version, created, aliases) in releases {
        let platform = |architecture: &str, variant: Option<&str>, root: &str, own: &str| -> PushedImage {
            let image = store.image("base/alpine").platform("linux", architecture).created(created);
            let image =
                variant.into_iter().fold(image, |image, variant| image.platform_detail("variant", variant));
            image
                .built("ADD alpine-minirootfs.tar.gz /", DemoLayer::large(root))
                .built("RUN /bin/sh -c apk upgrade --no-cache", upgrade(version, own))
                .noted("CMD [\"/bin/sh\"]")
                .env("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
                .config("Cmd", vec!["/bin/sh"])
                .config("WorkingDir", "/")
                .push()
        };
        let index = store
            .index("base/alpine")
            .child(&platform("amd64", None, "alpine", "x86_64"))
            .child(&platform("arm64", Some("v8"), "alpine arm64", "aarch64"))
            .child(&platform("arm", Some("v7"), "alpine arm", "armv7"))
            .annotation("org.opencontainers.image.version", version)
            .tag(version);
        aliases.iter().fold(index, |index, alias| index.tag(*alias)).push();
    }
}

/// Pushes a docker manifest list of schema 2 images, as the classic builder made them.
fn debian(store: &Store) {
    let releases: [(&str, &str, &[&str], [&str; 2]); 3] = [
        ("12.12", "2026-01-13T00:00:00Z", &["12", "bookworm"], ["debian 12", "debian 12 arm64"]),
        ("13.2", "2026-02-24T00:00:00Z", &[], ["debian", "debian arm64"]),
        ("13.3", "2026-11-03T00:00:00Z", &["13", "trixie", "latest"], ["debian 13.3", "debian 13.3 arm64"]),
    ];
    for (version, created, aliases, roots) in releases {
        let platform = |architecture: &str, root: &str| {
            let image = store.image("base/debian").docker().platform("linux", architecture).created(created);
            on_debian(image, root).push()
        };
        let index = store
            .index("base/debian")
            .docker()
            .child(&platform("amd64", roots[0]))
            .child(&platform("arm64", roots[1]))
            .tag(version);
        aliases.iter().fold(index, |index, alias| index.tag(*alias)).push();
    }
}

/// Adds the first steps of an image based on debian, in the words of the classic builder.
pub(crate) fn on_debian<'a>(image: ImageBuilder<'a>, root: &str) -> ImageBuilder<'a> {
    image
        .layer("/bin/sh -c #(nop) ADD file:4a1c8f0e7d2b in / ", DemoLayer::large(root))
        .step("/bin/sh -c #(nop)  CMD [\"bash\"]")
        .config("Cmd", vec!["bash"])
        .env("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

/// Pushes images without a true date, as reproducible builds make them.
fn distroless(store: &Store) {
    for (tag, alias, user) in [("static", "latest", "root"), ("static-nonroot", "nonroot", "65532:65532")] {
        let platform = |architecture: &str, root: &str| {
            store
                .image("base/distroless")
                .platform("linux", architecture)
                .created("1970-01-01T00:00:00Z")
                .layer("bazel build //static:base", DemoLayer::large(root))
                .layer("bazel build //static:certificates", DemoLayer::large("certificates"))
                .config("User", user)
                .config("WorkingDir", "/home/nonroot")
                .env("SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
                .push()
        };
        store
            .index("base/distroless")
            .child(&platform("amd64", "distroless"))
            .child(&platform("arm64", "distroless arm64"))
            .tag(tag)
            .tag(alias)
            .push();
    }
}

/// Pushes images for windows: with an OS version, and of one image a base layer that registries do not hold.
fn windows(store: &Store) {
    let stored = windows_agent(store).push();
    store.index("windows/agent").docker().child(&stored).tag("2025-mirrored").push();
    let foreign =
        windows_agent(store).foreign_base("https://downloads.example.com/nano-server.tar.gz").push();
    store.index("windows/agent").docker().child(&foreign).tag("2025").tag("latest").push();
}

fn windows_agent(store: &Store) -> ImageBuilder<'_> {
    store
        .image("windows/agent")
        .platform("windows", "amd64")
        .platform_detail("os.version", "10.0.26100.4061")
        .created("2026-05-20T18:22:09Z")
        .layer("Apply image 10.0.26100.4061", DemoLayer::large("nano server"))
        .layer("cmd /S /C #(nop) COPY file:agent.exe in C:\\agent\\ ", agent())
        .step("cmd /S /C #(nop)  ENTRYPOINT [\"C:\\\\agent\\\\agent.exe\"]")
        .config("Entrypoint", vec!["C:\\agent\\agent.exe"])
        .config("User", "ContainerUser")
        .docker()
}

/// Returns a layer as Windows makes it: files and the changes of the registry of Windows below two folders.
fn agent() -> DemoLayer {
    DemoFiles::new()
        .file("Files/agent/agent.exe", [b"MZ\x90\0", &noise(18_428)[..]].concat())
        .file("Files/agent/agent.json", "{\r\n  \"interval\": 30\r\n}\r\n")
        .directory("Files/Users/ContainerUser")
        .file("Hives/DefaultUser_Delta", [b"regf", &noise(4_092)[..]].concat())
        .file("Hives/Software_Delta", [b"regf", &noise(8_188)[..]].concat())
        .into()
}
