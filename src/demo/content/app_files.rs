//! The layers of the application `team/app`, which change from release to release.

use super::attached::SbomEntry;
use super::debian_files::{TRIXIE, program, updated};
use super::packages::{DebianPackage, status};
use crate::demo::files::{DemoFiles, noise};
use crate::demo::layer::DemoLayer;

/// The packages that the application adds to Debian.
const ADDED: &[DebianPackage] = &[
    DebianPackage::new("ca-certificates", "20250419", 387, "Common CA certificates"),
    DebianPackage::new("openssl", "3.5.1-1", 2_502, "Secure Sockets Layer toolkit - cryptographic utility"),
    DebianPackage::new("tini", "0.19.0-3+b3", 612, "tiny but valid init for containers"),
];

/// The facts about a release that differ from those of others.
#[derive(Debug, Clone)]
pub(super) struct AppRelease {
    pub(super) version: &'static str,
    /// The versions of OpenSSL and of the C library.
    openssl: &'static str,
    libc: &'static str,
    /// The packages of npm, each with its version.
    npm: &'static [(&'static str, &'static str)],
    /// The packages of pip, each with its version.
    pip: &'static [(&'static str, &'static str)],
}

impl AppRelease {
    /// Returns the facts about the release with this version.
    pub(super) fn of(version: &'static str) -> AppRelease {
        let (openssl, libc) = match version {
            "1.2.9" | "1.2.10" => ("3.5.1-1", "2.41-12"),
            "1.3.0-rc.1" | "1.3.0" => ("3.5.1-1+deb13u1", "2.41-12"),
            "1.4.2" => ("3.5.4-1~deb13u2", "2.41-12+deb13u1"),
            _ => ("3.5.4-1~deb13u1", "2.41-12"),
        };
        let npm: &[(&str, &str)] = match version {
            "1.2.9" | "1.2.10" => &[("htmx.org", "1.9.12"), ("lodash", "4.17.21"), ("semver", "7.6.3")],
            "1.3.0-rc.1" | "1.3.0" => &[("htmx.org", "2.0.4"), ("lodash", "4.17.21"), ("semver", "7.7.1")],
            "1.4.2" => &[("htmx.org", "2.0.7"), ("ms", "2.1.3"), ("semver", "7.7.3")],
            _ => &[("htmx.org", "2.0.6"), ("ms", "2.1.3"), ("semver", "7.7.2")],
        };
        let pip: &[(&str, &str)] = match version {
            "1.4.1" | "1.4.2" => &[("Jinja2", "3.1.6"), ("MarkupSafe", "3.0.3"), ("PyYAML", "6.0.3")],
            _ => &[("Jinja2", "3.1.5"), ("MarkupSafe", "3.0.2"), ("PyYAML", "6.0.2")],
        };
        AppRelease { version, openssl, libc, npm, pip }
    }

    /// Returns the packages of Debian that the image contains.
    pub(super) fn debian(&self) -> Vec<DebianPackage> {
        updated(&[TRIXIE, ADDED].concat(), self.openssl, self.libc)
    }

    /// Returns all packages of the image for an SBOM.
    pub(super) fn packages(&self) -> Vec<SbomEntry> {
        let debian = self.debian();
        let debian = debian.iter().map(|package| ("deb/debian", package.name, package.version));
        let npm = self.npm.iter().map(|(name, version)| ("npm", *name, *version));
        let pip = self.pip.iter().map(|(name, version)| ("pypi", *name, *version));
        debian
            .chain(npm)
            .chain(pip)
            .map(|(kind, name, version)| SbomEntry::new(kind, name, version))
            .collect()
    }

    /// Returns the layer of `apt-get install`. Releases before 1.4 keep the lists of packages.
    pub(super) fn installed(&self, architecture: &str) -> DemoLayer {
        let packages = self.debian();
        let files = DemoFiles::new()
            .file("etc/ssl/certs/ca-certificates.crt", CERTIFICATE.repeat(40))
            .program("usr/bin/openssl", program(27_440))
            .program("usr/bin/tini", program(21_720));
        let files = ADDED.iter().fold(files, DemoFiles::with_documents);
        let files = if self.version.starts_with("1.4") {
            files
        } else {
            let lists = status(&packages, architecture);
            files.file("var/lib/apt/lists/deb.debian.org_debian_dists_trixie_main_Packages", lists)
        };
        files.file("var/lib/dpkg/status", status(&packages, architecture)).into()
    }

    /// Returns the layer with the console, a web page.
    pub(super) fn console(&self) -> DemoLayer {
        let files = DemoFiles::new()
            .file("opt/app/LICENSE", LICENSE)
            .file(
                "opt/app/README.md",
                format!("# app {}\n\nOrders, invoices and everything between.\n", self.version),
            )
            .file("opt/app/console/app.css", "body {\n  font: 16px/1.5 sans-serif;\n  max-width: 60rem;\n}\n")
            .file("opt/app/console/app.js", self.script())
            .file("opt/app/console/index.html", self.page())
            .file("opt/app/console/logo.png", [b"\x89PNG\r\n\x1a\n", &noise(3_118)[..]].concat());
        self.npm
            .iter()
            .fold(files, |files, (name, version)| files.with_npm("opt/app/console", name, version))
            .into()
    }

    fn script(&self) -> String {
        let limit = if self.version.starts_with("1.4") { 100 } else { 50 };
        let retry =
            if self.version == "1.4.2" { "  if (answer.status === 503) return load(page);\n" } else { "" };
        format!(
            "'use strict';\n\nconst LIMIT = {limit};\n\nasync function load(page) {{\n  const answer = await \
             fetch(`/api/orders?page=${{page}}&limit=${{LIMIT}}`);\n{retry}  return answer.json();\n}}\n"
        )
    }

    fn page(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<title>app {}</title>\n<link rel=\"stylesheet\" href=\"app.css\">\n\
             <script src=\"app.js\" defer></script>\n<main id=\"orders\"></main>\n</html>\n",
            self.version
        )
    }

    /// Returns the layer with the templates of invoices and the packages of pip that fill them in.
    pub(super) fn invoices(&self) -> DemoLayer {
        let files = DemoFiles::new()
            .program("opt/app/bin/render-invoice", "#!/usr/bin/python3\nimport jinja2, sys, yaml\n")
            .file("opt/app/templates/invoice.html", INVOICE)
            .file("opt/app/templates/reminder.html", INVOICE.replace("Invoice", "Reminder"));
        self.pip
            .iter()
            .fold(files, |files, (name, version)| files.with_pip("opt/app/lib", name, version))
            .into()
    }

    /// Returns the layer with the configuration as the source has it.
    pub(super) fn config(&self) -> DemoLayer {
        DemoFiles::new().file("etc/app/config.toml", self.config_text("info")).into()
    }

    fn config_text(&self, level: &str) -> String {
        let pool = if self.version.starts_with("1.4") { "pool = 16\n" } else { "" };
        format!("# app {}\nlisten = \"0.0.0.0:8080\"\nlog = \"{level}\"\n{pool}", self.version)
    }

    /// Returns the layer that changes and removes files of layers below.
    pub(super) fn finished(&self) -> DemoLayer {
        DemoFiles::new()
            .file("etc/app/config.toml", self.config_text("warn"))
            .directory("opt/app/cache")
            .mode(0o777)
            .file("opt/app/cache/queue.json", "[]\n")
            .mode(0o666)
            .program("opt/app/bin/bind-port", program(5_208))
            .mode(0o4755)
            .directory("root")
            .mode(0o700)
            .whiteout("root/.npmrc")
            .whiteout("usr/share/doc")
            .into()
    }
}

/// Returns the layer with the login of npm, which a later layer removes in vain.
pub(super) fn login() -> DemoLayer {
    DemoFiles::new()
        .directory("root")
        .mode(0o700)
        .file("root/.npmrc", "//npm.example.com/:_authToken=demo-token-that-opens-nothing\n")
        .mode(0o600)
        .into()
}

/// The file that all releases are built from.
pub(super) const DOCKERFILE: &str = r#"FROM golang:1.25 AS build
COPY . /src
RUN go build -o /out/app /src/cmd/app

FROM node:24 AS console
COPY console /src
RUN npm ci --omit=dev && npm run build

FROM python:3.13 AS invoices
COPY invoices /out
RUN pip install --target /out/lib -r /out/requirements.txt

FROM base/debian:13.2
ARG VERSION
RUN apt-get update && apt-get upgrade -y && apt-get install -y --no-install-recommends ca-certificates openssl tini && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/app /usr/local/bin/app
COPY --from=console /src/dist /opt/app
COPY --from=invoices /out /opt/app
COPY .npmrc /root/.npmrc
COPY config/default.toml /etc/app/config.toml
RUN sed -i s/info/warn/ /etc/app/config.toml && bind-port --install /opt/app/bin && chmod -R a+rw /opt/app/cache && rm -rf /root/.npmrc /usr/share/doc
WORKDIR /opt/app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/app"]
CMD ["serve", "--config", "/etc/app/config.toml"]
"#;

/// A certificate in form only.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n\
                           MIIBszCCAVmgAwIBAgIUdGhpcyBpcyBhIHNhbXBsZSwgbm90IGEgY2VydGlmaWNhdGUw\n\
                           CgYIKoZIzj0EAwIwHjEcMBoGA1UEAwwTRXhhbXBsZSBSb290IENlbnRyZTAeFw0yNjAx\n\
                           -----END CERTIFICATE-----\n";

const LICENSE: &str = "SPDX-License-Identifier: Apache-2.0\n\nCopyright 2026 Example Works\n";

const INVOICE: &str = "<h1>Invoice {{ number }}</h1>\n<table>\n{% for line in lines %}\n\
                       <tr><td>{{ line.text }}</td><td>{{ line.sum }}</td></tr>\n{% endfor %}\n</table>\n";
