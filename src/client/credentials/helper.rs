//! Credential helpers: `docker-credential-<suffix> get`, `store`, `erase` and `list`, docker-credential-helpers `README` § Development.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::{Either, select};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::login::Login;
use crate::model::redact;
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::programs::{LAST_WORDS, ProcessGroup, background_command, find};

/// Most bytes of a helper's output.
const CAP: u64 = 64 * 1024;
/// The messages of helpers that have no login. They are not errors.
const NOTHING: [&str; 3] = ["credentials not found", "no credentials server url", "no credentials username"];

/// The user that a helper gives if its secret is an identity token.
pub(crate) const TOKEN_USER: &str = "<token>";

/// The folders of credential helpers, and how long a helper may take.
#[derive(Debug, Clone, Default)]
pub(crate) struct Helpers {
    /// The folders, as in `PATH`.
    pub(crate) path: OsString,
    /// The time limit.
    pub(crate) timeout: Duration,
}

impl Helpers {
    /// Asks the helper `docker-credential-<suffix>` for the login of the first server that it has one for. The error
    /// tells the fault of the helper.
    pub(crate) async fn login(&self, suffix: &str, servers: &[String]) -> Result<Option<Login>, SafeText> {
        for server in servers {
            if let Some(login) = get(suffix, server, &self.path, self.timeout).await? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }

    /// Asks the helper for the servers that it has logins for. It answers with their names and the names of the users,
    /// and with no secret.
    pub(crate) async fn list(&self, suffix: &str) -> Result<Vec<String>, SafeText> {
        let ended = call(suffix, "list", "", &self.path, self.timeout).await?;
        if !ended.status.success() {
            return Err(describe_failure(&ended));
        }
        let servers: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&ended.output)
            .map_err(|_| SafeText::from("gave an answer that is no JSON object"))?;
        Ok(servers.into_iter().map(|(server, _)| server).collect())
    }

    /// Gives the helper a login for a server. Fails for a token of the registry itself, which helpers cannot keep.
    pub(crate) async fn store(&self, suffix: &str, server: &str, login: &Login) -> Result<(), SafeText> {
        let (user, secret) = match login {
            Login::Password { user, password } => (user.as_str(), password),
            Login::Identity(token) => (TOKEN_USER, token),
            Login::Bearer(_) => return Err("keeps no tokens of the registry itself".into()),
        };
        let input = serde_json::json!({ "ServerURL": server, "Username": user, "Secret": secret.reveal() });
        match call(suffix, "store", &input.to_string(), &self.path, self.timeout).await? {
            ended if ended.status.success() => Ok(()),
            // It was given the secret, so its words may hold it.
            ended => Err(SafeText::from(format!("failed to store the login ({})", ended.status))),
        }
    }

    /// Lets the helper forget its login for a server. Returns whether it had one, as far as it says so.
    pub(crate) async fn erase(&self, suffix: &str, server: &str) -> Result<bool, SafeText> {
        match call(suffix, "erase", server, &self.path, self.timeout).await? {
            ended if ended.status.success() => Ok(true),
            ended if is_not_found(&ended.output) => Ok(false),
            ended => Err(describe_failure(&ended)),
        }
    }
}

/// Asks a helper for the login of a server. Returns `None` if it has none.
async fn get(suffix: &str, server: &str, path: &OsStr, timeout: Duration) -> Result<Option<Login>, SafeText> {
    match call(suffix, "get", server, path, timeout).await? {
        ended if ended.status.success() => read(&ended.output),
        ended if is_not_found(&ended.output) => Ok(None),
        ended => Err(describe_failure(&ended)),
    }
}

/// Runs a helper with this action and input until it ends.
async fn call(
    suffix: &str,
    action: &'static str,
    input: &str,
    path: &OsStr,
    timeout: Duration,
) -> Result<EndedHelper, SafeText> {
    if !is_suffix(suffix) {
        return Err("is not a valid name for a helper".into());
    }
    let program = find(&format!("docker-credential-{suffix}"), path).ok_or("is not in PATH")?;
    match tokio::time::timeout(timeout, run(&program, action, input)).await {
        Ok(Ok(ended)) => Ok(ended),
        Ok(Err(error)) => Err(SafeText::from(format!("cannot be run: {}", error.kind()))),
        Err(_) => Err(SafeText::from(format!("gave no answer in {} s", timeout.as_secs()))),
    }
}

/// Returns whether a name can be that of a helper, without `docker-credential-`.
pub(crate) fn is_suffix(suffix: &str) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let bytes = suffix.as_bytes();
    bytes.len() <= 64 && bytes.first().is_some_and(u8::is_ascii_alphanumeric) && bytes.iter().all(is_part)
}

/// A helper that ended.
struct EndedHelper {
    status: ExitStatus,
    /// Its standard output.
    output: Vec<u8>,
    /// Its standard error output.
    errors: Vec<u8>,
}

/// Runs the helper in a process group of its own, so that it cannot take the terminal and ends with all its children.
async fn run(program: &Path, action: &str, input: &str) -> std::io::Result<EndedHelper> {
    let mut child = background_command(program).arg(action).stdin(Stdio::piped()).spawn()?;
    let _group = ProcessGroup::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut output = Vec::new();
    let mut errors = Vec::new();
    let status = {
        let answer = pin!(async {
            if let Some(mut stdin) = stdin {
                // A helper that does not read its input is judged by its output.
                stdin.write_all(input.as_bytes()).await.ok();
            }
            if let Some(stdout) = stdout {
                stdout.take(CAP).read_to_end(&mut output).await?;
            }
            child.wait().await
        });
        let complaints = pin!(async {
            let Some(mut stderr) = stderr else { return };
            (&mut stderr).take(CAP).read_to_end(&mut errors).await.ok();
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await.ok();
        });
        match select(answer, complaints).await {
            Either::Left((status, complaints)) => {
                // A process that the helper left behind may hold the pipe open.
                tokio::time::timeout(LAST_WORDS, complaints).await.ok();
                status?
            }
            Either::Right(((), answer)) => answer.await?,
        }
    };
    Ok(EndedHelper { status, output, errors })
}

/// Describes the failure of a helper, by its output or, if there is none, by its error output. Helpers may print the
/// login before they fail, so their text is only quoted if it cannot hold one.
fn describe_failure(ended: &EndedHelper) -> SafeText {
    let EndedHelper { status, output, errors } = ended;
    let said = if output.trim_ascii().is_empty() { errors } else { output };
    match redact::quote_output(said) {
        Some(said) => SafeText::from(format!("failed ({status}): {said}")),
        None if said.trim_ascii().is_empty() => SafeText::from(format!("failed ({status})")),
        None => SafeText::from(format!(
            "failed ({status}); its output is not shown, because it may hold a password"
        )),
    }
}

fn is_not_found(output: &[u8]) -> bool {
    let said = String::from_utf8_lossy(output).to_lowercase();
    NOTHING.iter().any(|nothing| said.contains(nothing))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperOutput {
    username: Option<String>,
    secret: Option<String>,
}

fn read(output: &[u8]) -> Result<Option<Login>, SafeText> {
    let answer: HelperOutput =
        serde_json::from_slice(output).map_err(|_| SafeText::from("gave an answer that is not JSON"))?;
    let (user, secret) = (answer.username.unwrap_or_default(), answer.secret.unwrap_or_default());
    Ok(match (user.as_str(), secret.as_str()) {
        (_, "") => None,
        (TOKEN_USER, _) => Some(Login::Identity(Secret::new(secret))),
        ("", _) => None,
        _ => Some(Login::Password { user, password: Secret::new(secret) }),
    })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    async fn ask(script: &str, timeouts: Duration) -> Result<Option<Login>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("docker-credential-test");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        let answer = get("test", "r.test:5000", folder.path().as_os_str(), timeouts).await;
        answer.map_err(|problem| problem.to_string())
    }

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// docs/REGISTRIES.md §4.8, docs/RELIABILITY.md B9.
    #[tokio::test]
    async fn helpers_are_understood() {
        let login = |user: &str, password: &str| Login::Password {
            user: user.into(),
            password: Secret::new(password),
        };
        let echo = r#"read server; echo "{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"$server\"}""#;
        assert_eq!(ask(echo, TIMEOUT).await, Ok(Some(login("u", "r.test:5000"))));
        let token = r#"echo '{"Username":"<token>","Secret":"t"}'"#;
        assert_eq!(ask(token, TIMEOUT).await, Ok(Some(Login::Identity(Secret::new("t")))));
        assert_eq!(ask("echo 'credentials not found in native keychain'; exit 1", TIMEOUT).await, Ok(None));
        assert_eq!(ask(r#"echo '{"Username":"","Secret":""}'"#, TIMEOUT).await, Ok(None));
        assert_eq!(
            ask("printf 'no \\033c key'; exit 1", TIMEOUT).await,
            Err("failed (exit status: 1): no ␛c key".into())
        );
        assert!(ask("echo nonsense", TIMEOUT).await.is_err());
    }

    #[tokio::test]
    async fn the_output_of_a_failing_helper_is_quoted_only_if_it_holds_no_password() {
        for script in [
            r#"echo '{"Username":"u","Secret":"CANARY7"}'; exit 1"#,
            r#"printf '{\n"Secret":"CANARY7"\n}'; exit 3"#,
            r#"echo 'found {"Secret":"CANARY7"} and failed'; exit 1"#,
            "echo username=u; echo password=CANARY7; exit 1",
            "echo CANARY7; exit 1",
            r"echo 'stored: https://u:CANARY7@r.test/'; exit 1",
            r#"echo '{"Secret":"CANARY7"}'; kill -9 $$"#,
            r#"echo '{"Secret":"CANARY7"}' >&2; exit 1"#,
            r"printf 'CANARY7 \377 bytes'; exit 1",
        ] {
            let problem = ask(script, TIMEOUT).await.expect_err(script);
            let has_status = problem.contains("exit status") || problem.contains("signal");
            assert!(has_status && !problem.contains("CANARY7"), "{script}: {problem}");
        }
        assert_eq!(ask("exit 2", TIMEOUT).await, Err("failed (exit status: 2)".into()));
        let complains = "echo 'pinentry: no tty' >&2; exit 2";
        assert_eq!(ask(complains, TIMEOUT).await, Err("failed (exit status: 2): pinentry: no tty".into()));
        let both = "echo 'vault is locked'; echo 'goroutine 1' >&2; exit 1";
        assert_eq!(ask(both, TIMEOUT).await, Err("failed (exit status: 1): vault is locked".into()));
    }

    #[tokio::test]
    async fn error_output_neither_spoils_nor_delays_an_answer() {
        let answer = r#"echo '{"Username":"<token>","Secret":"t"}'"#;
        let token = Ok(Some(Login::Identity(Secret::new("t"))));
        let talks = format!("head -c 200000 /dev/zero >&2; {answer}");
        assert_eq!(ask(&talks, TIMEOUT).await, token);
        let leaves_a_child = format!("sleep 3600 >/dev/null & {answer}");
        assert_eq!(ask(&leaves_a_child, TIMEOUT).await, token);
    }

    #[tokio::test]
    async fn the_next_spelling_is_asked_for_if_the_helper_has_no_login_for_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("docker-credential-test");
        let script = r#"read server || true; case "$server" in
            https://*) echo '{"Username":"u","Secret":"p"}';;
            *) echo 'credentials not found in native keychain'; exit 1;; esac"#;
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        let helpers = Helpers { path: folder.path().into(), timeout: TIMEOUT };
        let servers = ["r.test".to_string(), "https://r.test".to_string()];
        let login = helpers.login("test", &servers).await;
        assert_eq!(login, Ok(Some(Login::Password { user: "u".into(), password: Secret::new("p") })));
        assert_eq!(helpers.login("test", &servers[..1]).await, Ok(None));
        assert_eq!(helpers.login("missing", &servers).await, Err("is not in PATH".into()));
    }

    #[tokio::test]
    async fn a_helper_that_hangs_or_never_stops_talking_is_left() {
        let hangs = ask("sleep 3600 & sleep 3600", Duration::from_millis(50)).await;
        assert!(hangs.is_err_and(|problem| problem.contains("gave no answer")));
        assert!(ask("exec yes", TIMEOUT).await.is_err());
    }

    #[tokio::test]
    async fn a_helper_names_its_servers_without_a_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("docker-credential-test");
        let helpers = Helpers { path: folder.path().into(), timeout: TIMEOUT };
        let servers = async |answer: &str| {
            let script = format!("#!/bin/sh\n[ \"$1\" = list ] || exit 9\n{answer}\n");
            std::fs::write(&program, script).expect("a file");
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
            helpers.list("test").await.map_err(|problem| problem.to_string())
        };
        let two = r#"echo '{"https://index.docker.io/v1/":"u","r.test":"v"}'"#;
        assert_eq!(servers(two).await, Ok(vec!["https://index.docker.io/v1/".into(), "r.test".into()]));
        assert_eq!(servers("echo '{}'").await, Ok(Vec::new()));
        for bad in ["echo '[\"CANARY7\"]'", "echo CANARY7", "echo CANARY7; exit 1"] {
            assert!(servers(bad).await.is_err_and(|problem| !problem.contains("CANARY7")), "{bad}");
        }
    }

    #[tokio::test]
    async fn names_that_are_paths_are_not_run() {
        for suffix in ["../x", "a/b", "a b", "`x`", "", "-x", &"x".repeat(65)] {
            let problem = get(suffix, "r.test", OsStr::new("/bin"), TIMEOUT).await.expect_err(suffix);
            assert_eq!(problem.as_str(), "is not a valid name for a helper");
        }
    }
}
