//! Images of a platform team: a database, a build image with a long history, a model server of several gigabytes.

use super::base::on_debian;
use super::file;
use crate::demo::layer::DemoLayer;
use crate::demo::store::Store;

/// Pushes `library/…`, `ml/…` and `platform/…`.
pub(crate) fn push(store: &Store) {
    postgres(store);
    model_server(store);
    toolchain(store);
}

/// Pushes Docker schema 2 images of the classic builder.
fn postgres(store: &Store) {
    let releases: [(&str, &str, &[&str]); 3] = [
        ("16.11", "2026-08-14T02:10:31.77Z", &["16"]),
        ("17.7", "2026-11-13T02:12:08.31Z", &["17"]),
        ("18.1", "2026-11-13T02:31:55.04Z", &["18", "latest"]),
    ];
    for (version, created, aliases) in releases {
        let major = version.split('.').next().unwrap_or(version);
        let image = on_debian(store.image("library/postgres").docker().created(created), "debian")
            .layer(
                "/bin/sh -c set -eux; groupadd -r postgres --gid=999; useradd -r -g postgres --uid=999 postgres",
                file("etc/passwd", "postgres:x:999:999::/var/lib/postgresql:/bin/bash\n"),
            )
            .layer(
                "/bin/sh -c set -eux; apt-get update; apt-get install -y --no-install-recommends gnupg locales",
                file("usr/share/locale/locale.alias", "en en_US.ISO-8859-1\n"),
            )
            .step("/bin/sh -c #(nop)  ENV LANG=en_US.utf8")
            .step(format!("/bin/sh -c #(nop)  ENV PG_MAJOR={major}"))
            .step(format!("/bin/sh -c #(nop)  ENV PG_VERSION={version}"))
            .layer(
                format!(
                    "|1 PG_VERSION={version} /bin/sh -c set -ex; \
                     apt-get install -y postgresql-$PG_MAJOR=$PG_VERSION; rm -rf /var/lib/apt/lists/*"
                ),
                DemoLayer::large("database"),
            )
            .step(format!("/bin/sh -c #(nop)  ENV PATH=/usr/lib/postgresql/{major}/bin:/usr/bin:/bin"))
            .step("/bin/sh -c #(nop)  ENV PGDATA=/var/lib/postgresql/data")
            .layer(
                "/bin/sh -c mkdir -p \"$PGDATA\" && chown -R postgres:postgres \"$PGDATA\"",
                file("var/lib/postgresql/data/.keep", ""),
            )
            .step("/bin/sh -c #(nop)  VOLUME [/var/lib/postgresql/data]")
            .layer(
                "/bin/sh -c #(nop) COPY file:0c27df in /usr/local/bin/ ",
                file("usr/local/bin/docker-entrypoint.sh", "#!/usr/bin/env bash\nset -Eeo pipefail\nexec \"$@\"\n"),
            )
            .step("/bin/sh -c #(nop)  ENTRYPOINT [\"docker-entrypoint.sh\"]")
            .step("/bin/sh -c #(nop)  STOPSIGNAL SIGINT")
            .step("/bin/sh -c #(nop)  EXPOSE 5432")
            .step("/bin/sh -c #(nop)  CMD [\"postgres\"]")
            .env("LANG=en_US.utf8")
            .env(&format!("PG_MAJOR={major}"))
            .env(&format!("PG_VERSION={version}"))
            .env("PGDATA=/var/lib/postgresql/data")
            .config("Entrypoint", vec!["docker-entrypoint.sh"])
            .config("Cmd", vec!["postgres"])
            .config("StopSignal", "SIGINT")
            .config("ExposedPorts", serde_json::json!({ "5432/tcp": {} }))
            .config("Volumes", serde_json::json!({ "/var/lib/postgresql/data": {} }))
            .tag(version);
        aliases.iter().fold(image, |image, alias| image.tag(*alias)).push();
    }
}

/// Pushes images of more than two gigabytes.
fn model_server(store: &Store) {
    for (tag, created, weights) in
        [("0.9.0", "2026-05-30T20:00:00Z", false), ("1.0.0", "2026-09-12T21:45:00Z", true)]
    {
        let image = on_debian(store.image("ml/assistant").created(created), "debian")
            .built(
                "RUN /bin/sh -c apt-get update && apt-get install -y python3.13",
                DemoLayer::large("python"),
            )
            .built(
                "COPY --from=kernels /usr/local/accelerator /usr/local/accelerator",
                DemoLayer::large("accelerator"),
            )
            .noted("ENV ACCELERATOR_HOME=/usr/local/accelerator")
            .built(
                "RUN /bin/sh -c pip install --no-cache-dir -r requirements.txt",
                DemoLayer::large("tensors"),
            )
            .noted("WORKDIR /srv/assistant")
            .built("COPY server.py /srv/assistant/", file("srv/assistant/server.py", "import tensors\n"));
        let image =
            if weights { image.built("COPY models /models", DemoLayer::large("weights")) } else { image };
        image
            .noted("EXPOSE map[8000/tcp:{}]")
            .noted("HEALTHCHECK &{[\"CMD-SHELL\" \"curl -f localhost:8000/health\"] \"30s\" \"5s\" \"0s\" '\\x03'}")
            .noted("CMD [\"python3\" \"server.py\"]")
            .env("ACCELERATOR_HOME=/usr/local/accelerator")
            .config("WorkingDir", "/srv/assistant")
            .config("Cmd", vec!["python3", "server.py"])
            .label("org.opencontainers.image.title", "assistant")
            .label("org.opencontainers.image.description", "Answers questions about the handbook")
            .label("org.opencontainers.image.licenses", "Apache-2.0")
            .tag(tag)
            .push();
    }
    if let Some(newest) = store.digest_of("ml/assistant", "1.0.0") {
        store.tag("ml/assistant", "latest", newest);
    }
}

/// The tools of the build image, one step each.
const TOOLS: [&str; 20] = [
    "cmake",
    "ninja-build",
    "pkg-config",
    "clang-19",
    "lld-19",
    "gdb",
    "valgrind",
    "ccache",
    "protobuf-compiler",
    "libssl-dev",
    "zlib1g-dev",
    "libzstd-dev",
    "git-lfs",
    "jq",
    "ripgrep",
    "shellcheck",
    "rsync",
    "unzip",
    "xz-utils",
    "openssh-client",
];

/// Pushes an image of more than sixty steps: an old base by the classic builder, the rest by buildkit.
fn toolchain(store: &Store) {
    let image = on_debian(store.image("platform/toolchain").created("2026-04-20T07:00:00Z"), "debian")
        .step("/bin/sh -c #(nop)  MAINTAINER platform@example.com")
        .step("/bin/sh -c #(nop)  ENV DEBIAN_FRONTEND=noninteractive")
        .layer(
            "/bin/sh -c apt-get update && apt-get install -y build-essential ca-certificates curl git",
            DemoLayer::large("build tools"),
        )
        .created("2026-10-19T22:14:03Z")
        .noted("ARG TARGETARCH")
        .noted("SHELL [/bin/bash -o pipefail -c]");
    let image = TOOLS.iter().enumerate().fold(image, |image, (i, tool)| {
        let install = format!(
            "RUN |1 TARGETARCH=amd64 /bin/bash -o pipefail -c apt-get update     \
             && apt-get install -y --no-install-recommends {tool}     && rm -rf /var/lib/apt/lists/*"
        );
        let list = format!("/usr/bin/{tool}\n").repeat(20 + i * 37);
        let image = image
            .noted(format!("ARG {}_VERSION", tool.to_uppercase().replace('-', "_")))
            .built(&install, file(&format!("var/lib/dpkg/info/{tool}.list"), &list));
        if i % 4 == 3 { image.noted(format!("LABEL toolchain.checked.{tool}=true")) } else { image }
    });
    image
        .built(
            "RUN /bin/bash -o pipefail -c <<EOF\nset -e\nuseradd --create-home builder\nmkdir /workspace\nEOF",
            file("etc/passwd", "builder:x:1000:1000::/home/builder:/bin/bash\n"),
        )
        .built(
            "COPY --chown=builder bin/ /usr/local/bin/",
            file("usr/local/bin/with-cache", "#!/bin/bash\nexec ccache \"$@\"\n"),
        )
        .noted("USER builder")
        .built("WORKDIR /workspace", DemoLayer::of(&[]))
        .noted("ENV CCACHE_DIR=/cache/ccache CMAKE_GENERATOR=Ninja")
        .noted("VOLUME [/cache]")
        .noted("ONBUILD COPY . /workspace")
        .noted("ENTRYPOINT [\"with-cache\"]")
        .noted("CMD [\"bash\"]")
        .config("User", "builder")
        .config("WorkingDir", "/workspace")
        .config("Entrypoint", vec!["with-cache"])
        .config("Shell", vec!["/bin/bash", "-o", "pipefail", "-c"])
        .config("OnBuild", vec!["COPY . /workspace"])
        .env("CCACHE_DIR=/cache/ccache")
        .env("CMAKE_GENERATOR=Ninja")
        .label("org.opencontainers.image.title", "toolchain")
        .label("org.opencontainers.image.base.name", "base/debian:13")
        .tag("2026.10")
        .tag("latest")
        .push();
}
