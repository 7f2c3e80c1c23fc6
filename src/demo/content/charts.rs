//! Artifacts that are stored like images: a Helm chart, a Wasm module, a policy bundle, and one of an unknown type.

use serde_json::json;

use crate::demo::files::DemoFiles;
use crate::demo::layer::DemoLayer;
use crate::demo::store::Store;

/// Pushes `charts/…`, `edge/…` and `policies/…`.
pub(crate) fn push(store: &Store) {
    gateway(store);
    filter(store);
    policies(store);
}

fn gateway(store: &Store) {
    let releases = [
        ("0.9.4", "2025-11-18T08:00:00Z"),
        ("1.0.0", "2026-02-02T08:00:00Z"),
        ("1.1.0", "2026-08-24T08:00:00Z"),
        ("1.1.1_build.7", "2026-09-30T08:00:00Z"),
    ];
    for (tag, created) in releases {
        // Helm writes `+` as `_`, because tags may not contain `+`.
        let version = tag.replace('_', "+");
        let chart = json!({
            "name": "gateway",
            "version": version,
            "appVersion": "3.4",
            "description": "An entrance for the services of a cluster",
            "apiVersion": "v2",
            "type": "application",
            "keywords": ["gateway", "proxy"],
            "home": "https://gateway.example.com",
        });
        let archive = chart_files(&version).into();
        store
            .artifact("charts/gateway")
            .config("application/vnd.cncf.helm.config.v1+json", chart.to_string())
            .archive("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &archive)
            .annotation("org.opencontainers.image.created", created)
            .annotation("org.opencontainers.image.title", "gateway")
            .annotation("org.opencontainers.image.version", version)
            .annotation("org.opencontainers.image.description", "An entrance for the services of a cluster")
            .tag(tag)
            .push();
    }
}

/// Returns the files of the chart, as helm packs them.
fn chart_files(version: &str) -> DemoFiles {
    let replicas = if version.starts_with('0') { 1 } else { 2 };
    let files = DemoFiles::new()
        .file(
            "gateway/Chart.yaml",
            format!(
                "apiVersion: v2\nname: gateway\nversion: {version}\nappVersion: \"3.4\"\n\
                 description: An entrance for the services of a cluster\ntype: application\n"
            ),
        )
        .file(
            "gateway/values.yaml",
            format!(
                "replicas: {replicas}\nimage:\n  repository: team/app\n  tag: 1.4.2\n\
                 service:\n  type: ClusterIP\n  port: 8080\n"
            ),
        )
        .file(
            "gateway/README.md",
            "# gateway\n\nAn entrance for the services of a cluster.\n\n`helm install gateway .`\n",
        )
        .file("gateway/.helmignore", ".git/\n*.tgz\n")
        .file(
            "gateway/templates/_helpers.tpl",
            "{{- define \"gateway.name\" -}}{{ .Release.Name }}-gateway{{- end -}}\n",
        )
        .file("gateway/templates/deployment.yaml", DEPLOYMENT)
        .file("gateway/templates/service.yaml", SERVICE);
    // Helm writes no directories.
    files.without_directories()
}

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "gateway.name" . }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        - name: gateway
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
"#;

const SERVICE: &str = r#"apiVersion: v1
kind: Service
metadata:
  name: {{ include "gateway.name" . }}
spec:
  type: {{ .Values.service.type }}
  ports:
    - port: {{ .Values.service.port }}
"#;

fn filter(store: &Store) {
    let config = json!({
        "created": "2026-08-01T16:20:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [],
        "component": { "exports": ["wasi:http/incoming-handler@0.2.3"], "imports": ["wasi:io/streams@0.2.3"] },
    });
    store
        .artifact("edge/header-filter")
        .config("application/vnd.wasm.config.v0+json", config.to_string())
        .layer("application/wasm", &b"\0asm\x0d\0\x01\0"[..])
        .annotation("org.opencontainers.image.created", "2026-08-01T16:20:00Z")
        .annotation("org.opencontainers.image.source", "https://git.example.com/edge/header-filter")
        .tag("0.3.0")
        .tag("latest")
        .push();
}

fn policies(store: &Store) {
    let bundle = DemoLayer::of(&[("policy/images.rego", "package images\n\ndefault allow := false\n")]);
    store
        .artifact("policies/admission")
        .config("application/vnd.cncf.openpolicyagent.config.v1+json", "{}")
        .archive("application/vnd.cncf.openpolicyagent.policy.layer.v1+rego", &bundle)
        .tag("2026.10")
        .push();
    store
        .artifact("policies/dashboards")
        .kind("application/vnd.example.dashboards.v3+json")
        .layer("application/json", r#"{"title":"Latency","panels":["p50","p95","p99"]}"#)
        .layer_annotation("org.opencontainers.image.title", "latency.json")
        .layer("application/json", r#"{"title":"Errors","panels":["4xx","5xx"]}"#)
        .layer_annotation("org.opencontainers.image.title", "errors.json")
        .annotation("org.opencontainers.image.created", "2026-09-09T09:09:09Z")
        .tag("v3")
        .push();
}
