//! `regtui scan` as a shell runs it, with small programs in the place of scanners.

use std::os::unix::fs::PermissionsExt;

use regtui::demo::{Demo, DemoSettings, Store};
use serde_json::json;

use crate::support::programs;
use crate::support::shell::{self, Ended, Shell, digest, open};

/// A report as trivy prints it.
pub const TRIVY: &str = r#"{"SchemaVersion":2,"CreatedAt":"2026-11-20T08:00:00Z","ArtifactName":"app","ArtifactType":"container_image",
"Results":[{"Target":"app (alpine 3.22.2)","Class":"os-pkgs","Type":"alpine","Vulnerabilities":[
{"VulnerabilityID":"CVE-2026-0003","PkgName":"zlib","InstalledVersion":"1.3.1-r0","Severity":"LOW","Title":"zlib: slow"},
{"VulnerabilityID":"CVE-2026-0001","PkgName":"openssl","InstalledVersion":"3.5.1-r0","FixedVersion":"3.5.2-r0","Severity":"HIGH","Title":"openssl: out of bounds\u001b[2J"}]},
{"Target":"app/go.mod","Class":"lang-pkgs","Type":"gobinary"}]}"#;
/// A report as grype prints it.
const GRYPE: &str = r#"{"matches":[{"vulnerability":{"id":"CVE-2026-0002","severity":"Critical","fix":{"versions":["2.0"],"state":"fixed"}},
"artifact":{"name":"musl","version":"1.2.5","type":"apk"}}],"source":{"type":"image"},"descriptor":{"name":"grype","version":"0.94.0","timestamp":"2026-11-20T08:00:00Z"}}"#;
/// A report of another program.
const SARIF: &str = r#"{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"other","version":"9.1"}},
"results":[{"ruleId":"CVE-2026-0004","level":"error","message":{"text":"Package: a\nSeverity: HIGH"}}]}]}"#;
const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"musl","versionInfo":"1.2.5"}]}"#;

/// A registry with `app:1`, and with `proven:1` that has an SBOM.
struct Scans {
    demo: Demo,
    shell: Shell,
}

impl Scans {
    async fn new(config: &str) -> Scans {
        let store = Store::new();
        store.image("app").tag("1").push();
        let proven = store.image("proven").tag("1").push();
        let kind = "application/spdx+json";
        store.artifact("proven").kind(kind).layer(kind, SPDX).subject(&proven).push();
        let demo = open(DemoSettings::default(), store).await;
        Scans { demo, shell: Shell::configured(config) }
    }

    fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.demo.address())
    }

    /// Puts a program into PATH.
    fn install(&self, name: &str, script: &str) {
        let path = format!("bin/{name}");
        self.shell.write(&path, format!("#!/bin/sh\n{script}\n"));
        let path = self.shell.home.path().join(path);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// Puts a program into PATH that notes its arguments and prints a report.
    fn install_scanner(&self, name: &str, report: &str) {
        let script = format!(
            "[ \"$1\" = --version ] && echo 'Version: 0.70.1' && exit\n\
             printf '%s\\n' \"$@\" > \"$HOME/arguments\"\ncat <<'END'\n{report}\nEND"
        );
        self.install(name, &script);
    }

    fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let path = format!("{}:/usr/bin:/bin", self.shell.home.path().join("bin").display());
        let mut command = self.shell.command(&[&["scan"], arguments].concat());
        command.env("PATH", path);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        shell::ended(self.command(arguments).spawn().expect("it runs")).await
    }

    /// The arguments of the last scan.
    fn arguments(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.shell.home.path().join("arguments")).expect("a scan");
        text.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn an_image_is_given_to_trivy_by_its_digest_and_its_findings_are_listed() {
    let scans = Scans::new("").await;
    scans.install_scanner("trivy", TRIVY);
    scans.install_scanner("grype", GRYPE);
    let ended = scans.run(&[&scans.image("app:1")]).await;
    ended.assert_code(0);
    let reference = format!("{}@{}", scans.image("app"), digest(&scans.demo, "app", "1"));
    assert_eq!(scans.arguments(), ["image", "--format", "json", "--quiet", &reference]);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].ends_with("1 high, 1 low, by trivy 0.70.1"), "{ended:?}");
    assert!(lines[1].starts_with("SEVERITY  ID"), "{ended:?}");
    assert!(lines[2].starts_with("high      CVE-2026-0001  openssl"), "{ended:?}");
    assert!(
        lines[3].starts_with("low       CVE-2026-0003  zlib") && !ended.stdout.contains('\u{1b}'),
        "{ended:?}"
    );
}

#[tokio::test]
async fn the_sbom_that_is_attached_to_an_image_is_scanned_and_only_its_user_could_read_it() {
    let scans = Scans::new("").await;
    let script = format!(
        "[ \"$1\" = --version ] && exit 1\nfile=${{1#sbom:}}; cat \"$file\" > \"$HOME/sbom\"; stat -c %a \"$file\" > \"$HOME/mode\"\n\
         echo \"$file\" > \"$HOME/file\"\ncat <<'END'\n{GRYPE}\nEND"
    );
    scans.install("grype", &script);
    let found = scans.run(&[&scans.image("proven:1"), "--json"]).await;
    found.assert_code(0);
    let document = found.json();
    assert_eq!(document["is_of_sbom"], json!(true));
    assert_eq!(document["scanner"], json!("grype"));
    assert_eq!(document["scanner_version"], json!("0.94.0"));
    assert_eq!(document["counts"]["critical"], json!(1));
    assert_eq!(document["findings"][0]["fixed"], json!("2.0"));
    let read = |name: &str| std::fs::read_to_string(scans.shell.home.path().join(name)).expect("a file");
    assert_eq!((read("sbom").as_str(), read("mode").trim()), (SPDX, "600"));
    assert!(!std::path::Path::new(read("file").trim()).exists(), "the file is removed");
}

#[tokio::test]
async fn the_exit_code_tells_whether_a_severity_was_reached() {
    let scans = Scans::new("").await;
    scans.install_scanner("trivy", TRIVY);
    let image = scans.image("app:1");
    for (severity, code) in [("critical", 0), ("high", 3), ("medium", 3), ("low", 3)] {
        scans.run(&[&image, "--fail-on", severity]).await.assert_code(code);
    }
    scans.run(&[&image, "--fail-on", "grave"]).await.assert_code(2);
    let failed = scans.run(&[&scans.image("none:1"), &image, "--fail-on", "high"]).await;
    failed.assert_code(1).assert_says("cannot scan");
    assert!(failed.stdout.contains("CVE-2026-0001"), "the other image is scanned: {failed:?}");
}

#[tokio::test]
async fn the_configuration_names_the_scanner_and_no_shell_reads_its_arguments() {
    let config = r#"scan = ["other", "$(touch $HOME/pwned) {tag}", "{repository}", "--in={registry}"]"#;
    let scans = Scans::new(config).await;
    scans.install_scanner("other", SARIF);
    scans.install_scanner("trivy", TRIVY);
    let ended = scans.run(&[&scans.image("proven:1"), "--fail-on", "high"]).await;
    ended.assert_code(3);
    assert!(ended.stdout.contains("1 high, by other 9.1"), "{ended:?}");
    let registry = format!("--in={}", scans.demo.address());
    assert_eq!(scans.arguments(), ["$(touch $HOME/pwned) 1", "proven", &registry]);
    assert!(!scans.shell.home.path().join("pwned").exists());
    let needs = Scans::new(r#"scan = ["other", "{sbom}"]"#).await;
    needs.install_scanner("other", SARIF);
    let image = needs.image("app:1");
    needs.run(&[&image]).await.assert_code(1).assert_says("no SBOM is attached to the image");
    let wrong = Scans::new(r#"scan = ["other", "{image}"]"#).await;
    wrong.run(&[&image]).await.assert_code(2).assert_says("unknown placeholder");
}

#[tokio::test]
async fn scanners_that_fail_or_talk_nonsense_give_no_result() {
    let scans = Scans::new("").await;
    let image = scans.image("app:1");
    let none = scans.run(&[&image]).await;
    none.assert_code(1).assert_says("neither `trivy` nor `grype` is in PATH");
    none.assert_says("hint: install trivy or grype");
    let table = [
        ("echo 'no such image' >&2; exit 1", "`trivy` failed (exit status: 1): no such image"),
        (
            "head -c 9000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo 'the last line' >&2; exit 2",
            "the last line",
        ),
        ("echo 'scanned, all fine'", "printed no report that regtui reads: `scanned, all fine`"),
        ("echo '{\"findings\":[]}'", "printed no report"),
        ("exit 0", "printed no report that regtui reads: nothing"),
        ("exec yes '{\"Results\":[]}'", "printed more than"),
    ];
    for (script, why) in table {
        scans.install("trivy", script);
        let ended = scans.run(&[&image]).await;
        ended.assert_code(1).assert_says(why);
        assert_eq!(ended.stdout, "", "{script}");
    }
    let impatient = Scans::new("scan_timeout = 1").await;
    impatient.install("trivy", "sleep 3600 & sleep 3600");
    let ended = impatient.run(&[&impatient.image("app:1")]).await;
    ended.assert_code(1).assert_says("did not end in 1 s");
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn an_image_without_findings_is_no_failure_and_an_index_needs_a_platform() {
    let scans = Scans::new("").await;
    scans.install_scanner("trivy", r#"{"SchemaVersion":2,"ArtifactName":"app"}"#);
    let ended = scans.run(&[&scans.image("app:1"), "--fail-on", "low"]).await;
    ended.assert_code(0);
    assert!(ended.stdout.contains("no findings, by trivy 0.70.1"), "{ended:?}");
    let store = scans.demo.store();
    let arm = store.image("many").platform("linux", "arm64").push();
    let other = store.image("many").platform("linux", "s390x").label("of", "s390x").push();
    store.index("many").child(&arm).child(&other).tag("1").push();
    let image = scans.image("many:1");
    let scanned = scans.run(&[&image, "--platform", "s390x"]).await;
    scanned.assert_code(0);
    assert!(scans.arguments().last().is_some_and(|last| last.ends_with(&other.digest.to_string())));
    let missing = scans.run(&[&image, "--platform", "riscv64"]).await;
    missing.assert_code(1).assert_says("there are images for linux/arm64, linux/s390x");
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_ends_the_scanner() {
    let scans = Scans::new("").await;
    scans
        .install("trivy", "echo $$ > \"$HOME/pid.new\"; mv \"$HOME/pid.new\" \"$HOME/pid\"; exec sleep 3600");
    let child = scans.command(&[&scans.image("app:1")]).spawn().expect("it runs");
    let file = scans.shell.home.path().join("pid");
    let pid = programs::until_started(&file).await;
    shell::interrupt(&child);
    shell::ended(child).await.assert_code(130);
    programs::until_over(&pid).await;
}
