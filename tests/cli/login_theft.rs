//! Attempts to get a login that regtui has stored itself: docs/RELIABILITY.md §1.B. Each registry of these tests leads to a
//! server that keeps every byte it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use regtui::demo::auth::{Account, AuthMode, TokenIssuer};
use regtui::demo::faults::{Fault, RequestView};
use regtui::demo::{Demo, DemoSettings, Store};

use crate::support::eavesdropper::Eavesdropper;
use crate::support::shell::{Ended, Shell, open};
use crate::support::tour::Source;

const USER: &str = "ann";
const PASSWORD: &str = "CANARY7";
/// User and password as Basic authorization and docker's file hold them.
const ENCODED: &str = "YW5uOkNBTkFSWTc=";

/// The answer of a token service, or of anything that takes whatever it is sent.
const GRANTS: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 19\r\n\r\n{\"token\":\"FOREIGN\"}";
/// The answer of a server that asks for a login itself.
const ASKS: &[u8] =
    b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"demo\"\r\ncontent-length: 0\r\n\r\n";

/// One attempt: the requests that it answers, and the answer. `FOREIGN` in the answer stands for the other server, `HOME`
/// for the registry.
struct Shape {
    name: &'static str,
    answers: fn(&RequestView<'_>) -> bool,
    status: u16,
    header: (&'static str, &'static str),
}

fn is_anonymous(request: &RequestView<'_>) -> bool {
    request.path.starts_with("/v2/") && !request.headers.contains_key("authorization")
}

fn has_login(request: &RequestView<'_>) -> bool {
    request.path.starts_with("/v2/") && request.headers.contains_key("authorization")
}

fn is_token(request: &RequestView<'_>) -> bool {
    request.path == "/token"
}

fn is_to(request: &RequestView<'_>, method: &str, part: &str) -> bool {
    has_login(request) && request.method.as_str() == method && request.path.contains(part)
}

const CHALLENGE: &str = "www-authenticate";

const SHAPES: [Shape; 32] = [
    // The registry names another token service.
    Shape::new(
        "the realm is elsewhere",
        is_anonymous,
        401,
        CHALLENGE,
        "Bearer realm=\"http://FOREIGN/token\",service=\"demo\"",
    ),
    Shape::new(
        "the realm is elsewhere, with TLS",
        is_anonymous,
        401,
        CHALLENGE,
        "Bearer realm=\"https://FOREIGN/token\",service=\"demo\"",
    ),
    Shape::new(
        "the realm has no scheme",
        is_anonymous,
        401,
        CHALLENGE,
        "Bearer realm=\"//FOREIGN/token\",service=\"demo\"",
    ),
    Shape::new(
        "the realm has backslashes",
        is_anonymous,
        401,
        CHALLENGE,
        "Bearer realm=\"http:\\\\\\\\FOREIGN\\\\token\",service=\"demo\"",
    ),
    Shape::new(
        "the realm begins with the name of the registry as user",
        is_anonymous,
        401,
        CHALLENGE,
        "Bearer realm=\"http://HOME@FOREIGN/token\",service=\"demo\"",
    ),
    Shape::new(
        "the realm ends with the name of the registry",
        is_anonymous,
        401,
        CHALLENGE,
        "Bearer realm=\"http://FOREIGN/token#@HOME\",service=\"demo\"",
    ),
    Shape::new(
        "the realm holds a tab",
        is_anonymous,
        401,
        CHALLENGE,
        "Bearer realm=\"http:/\t/FOREIGN/token\",service=\"demo\"",
    ),
    Shape::new(
        "two challenges, of which the second is elsewhere",
        is_anonymous,
        401,
        CHALLENGE,
        "Basic realm=\"demo\", Bearer realm=\"http://FOREIGN/token\",service=\"demo\"",
    ),
    Shape::new(
        "the realm of a refused token is elsewhere",
        has_login,
        401,
        CHALLENGE,
        "Bearer realm=\"http://FOREIGN/token\",service=\"demo\",error=\"insufficient_scope\"",
    ),
    Shape::new(
        "a refused token, and user and password asked for",
        |request| is_to(request, "GET", "/manifests/"),
        401,
        CHALLENGE,
        "Basic realm=\"http://FOREIGN/\"",
    ),
    Shape::new(
        "a challenge with a refusal of rights",
        |request| is_to(request, "GET", "/tags/"),
        403,
        CHALLENGE,
        "Bearer realm=\"http://FOREIGN/token\",service=\"demo\"",
    ),
    // The token service leads on.
    Shape::new("the token service redirects with 302", is_token, 302, "location", "http://FOREIGN/token"),
    Shape::new("the token service redirects with 307", is_token, 307, "location", "http://FOREIGN/token"),
    Shape::new("the token service redirects with 308", is_token, 308, "location", "//FOREIGN/token"),
    Shape::new(
        "the token service asks for another token service",
        is_token,
        401,
        CHALLENGE,
        "Bearer realm=\"http://FOREIGN/token\",service=\"demo\"",
    ),
    // Reads lead on.
    Shape::new("the ping redirects", |request| request.path == "/v2/", 307, "location", "http://FOREIGN/v2/"),
    Shape::new(
        "the catalog redirects",
        |request| is_to(request, "GET", "/_catalog"),
        302,
        "location",
        "http://FOREIGN/v2/_catalog",
    ),
    Shape::new(
        "tags redirect",
        |request| is_to(request, "GET", "/tags/"),
        307,
        "location",
        "http://FOREIGN/v2/team/app/tags/list",
    ),
    Shape::new(
        "a manifest redirects",
        |request| is_to(request, "GET", "/manifests/"),
        301,
        "location",
        "http://FOREIGN/v2/team/app/manifests/1",
    ),
    Shape::new(
        "a HEAD redirects",
        |request| is_to(request, "HEAD", "/manifests/"),
        307,
        "location",
        "http://FOREIGN/v2/team/app/manifests/1",
    ),
    Shape::new(
        "a blob redirects",
        |request| is_to(request, "GET", "/blobs/"),
        307,
        "location",
        "http://FOREIGN/storage?sig=1",
    ),
    Shape::new(
        "a blob redirects with backslashes",
        |request| is_to(request, "GET", "/blobs/"),
        307,
        "location",
        "/\\FOREIGN/storage",
    ),
    Shape::new(
        "the next page of the catalog is elsewhere",
        |request| is_to(request, "GET", "/_catalog"),
        200,
        "link",
        "<http://FOREIGN/v2/_catalog?last=a>; rel=\"next\"",
    ),
    Shape::new(
        "the next page of tags has no scheme",
        |request| is_to(request, "GET", "/tags/"),
        200,
        "link",
        "<//FOREIGN/v2/team/app/tags/list?last=a>; rel=\"next\"",
    ),
    Shape::new(
        "the next page of referrers is elsewhere",
        |request| is_to(request, "GET", "/referrers/"),
        200,
        "link",
        "<http://FOREIGN/v2/team/app/referrers/x>; rel=\"next\"",
    ),
    // Writes lead on.
    Shape::new(
        "an upload begins elsewhere",
        |request| is_to(request, "POST", "/uploads/"),
        307,
        "location",
        "http://FOREIGN/v2/team/app/blobs/uploads/",
    ),
    Shape::new(
        "an upload continues elsewhere",
        |request| is_to(request, "POST", "/uploads/"),
        202,
        "location",
        "http://FOREIGN/upload/1?state=x",
    ),
    Shape::new(
        "an upload continues at an address without a scheme",
        |request| is_to(request, "POST", "/uploads/"),
        202,
        "location",
        "//FOREIGN/upload/1",
    ),
    Shape::new(
        "an upload ends elsewhere",
        |request| is_to(request, "PUT", "/uploads/"),
        307,
        "location",
        "http://FOREIGN/upload/1",
    ),
    Shape::new(
        "a manifest is put elsewhere",
        |request| is_to(request, "PUT", "/manifests/"),
        308,
        "location",
        "http://FOREIGN/v2/team/app/manifests/2",
    ),
    Shape::new(
        "a delete leads elsewhere",
        |request| is_to(request, "DELETE", "/manifests/"),
        307,
        "location",
        "http://FOREIGN/v2/team/app/manifests/2",
    ),
    Shape::new(
        "a proxy asks for a login",
        has_login,
        407,
        "proxy-authenticate",
        "Basic realm=\"http://FOREIGN/\"",
    ),
];

impl Shape {
    const fn new(
        name: &'static str,
        answers: fn(&RequestView<'_>) -> bool,
        status: u16,
        header: &'static str,
        value: &'static str,
    ) -> Shape {
        Shape { name, answers, status, header: (header, value) }
    }

    fn is_redirect(&self) -> bool {
        matches!(self.status, 301..=308)
    }

    /// Returns whether only writes meet it.
    fn is_of_writes(&self) -> bool {
        ["upload", "put", "delete"].iter().any(|word| self.name.contains(word))
    }

    fn answer(&self, foreign: &str, home: &str) -> Fault {
        let (name, value) = self.header;
        let value = value.replace("FOREIGN", foreign).replace("HOME", home);
        match self.status {
            // The true list, with one more header.
            200 => Fault::Headers(vec![(name.into(), Some(value))]),
            status => Fault::answer(status, &[(name, &value)], ""),
        }
    }
}

fn modes() -> [AuthMode; 2] {
    let account = || Account::new(USER, PASSWORD);
    let tokens = TokenIssuer { anonymous_pull: false, ..TokenIssuer::new(account()) };
    [AuthMode::Basic(account()), AuthMode::Bearer(tokens)]
}

async fn run(shell: &Shell, arguments: &[&str], input: &str) -> Ended {
    let log = shell.home.path().join("log");
    let log = log.to_str().expect("a path");
    let options = ["--log-file", log, "--log-level", "trace", "--timeout", "2"];
    shell.run_with(&[arguments, &options].concat(), input).await
}

/// Reads or changes a repository, so that the shape is met. Returns everything that was printed.
async fn use_registry(shell: &Shell, shape: &Shape, host: &str, source: &str) -> String {
    let name = |rest: &str| format!("{host}/team/app{rest}");
    let reads: [&[&str]; 2] = [&["ls", &format!("{host}/")], &["ls", "--long", &name("")]];
    let inspects: [&[&str]; 1] = [&["inspect", &name(":1")]];
    let writes: [&[&str]; 3] = [
        &["copy", "--yes", source, &name(":2")],
        &["tag", "--yes", &name(":1"), "3"],
        &["delete", "--yes", &name(":1")],
    ];
    let commands = match shape.is_of_writes() {
        true => writes.to_vec(),
        false if shape.is_redirect() || shape.status == 200 => [&reads[..], &inspects[..]].concat(),
        false => [&inspects[..], &writes[..1]].concat(),
    };
    let mut printed = String::new();
    for arguments in commands {
        let ended = run(shell, arguments, "").await;
        printed += &format!("{arguments:?}: {}{}\n", ended.stdout, ended.stderr);
    }
    printed
}

/// Returns the secret parts of everything that authorized requests to the registry.
fn secrets_of(demo: &Demo) -> Vec<String> {
    let requests = demo.requests();
    let sent = requests.iter().filter_map(|request| request.header("authorization"));
    let sent = sent.filter_map(|value| Some(value.split_once(' ')?.1.to_string()));
    sent.filter(|secret| secret != "FOREIGN").chain([PASSWORD.into(), ENCODED.into()]).collect()
}

/// Returns whether the other server was reached.
async fn attempt(shape: &'static Shape, auth: AuthMode, answer: &'static [u8], source: &str) -> bool {
    let foreign = Eavesdropper::listen(answer).await;
    let store = Store::new();
    store.image("team/app").tag("1").push();
    let demo = open(DemoSettings { auth, ..DemoSettings::default() }, store).await;
    let (home, there) = (demo.address().to_string(), foreign.host());
    let is_hostile = Arc::new(AtomicBool::new(true));
    let (acts, here) = (is_hostile.clone(), home.clone());
    demo.fault(move |request, _| {
        let acts = acts.load(Ordering::SeqCst) && (shape.answers)(request);
        acts.then(|| shape.answer(&there, &here))
    });
    let shell = Shell::new();
    let log_in = ["login", &home, "--username", USER, "--password-stdin"];
    let mut printed = String::new();
    if !shape.is_of_writes() {
        printed += &run(&shell, &log_in, PASSWORD).await.stderr;
    }
    // The registry becomes hostile once it has a login.
    is_hostile.store(false, Ordering::SeqCst);
    let login = run(&shell, &log_in, PASSWORD).await;
    login.assert_code(0);
    is_hostile.store(true, Ordering::SeqCst);
    printed += &login.stderr;
    printed += &use_registry(&shell, shape, &home, source).await;
    let heard = foreign.heard();
    let name = shape.name;
    for secret in secrets_of(&demo) {
        assert!(!heard.contains(&secret), "{name}: {heard}");
        assert!(!printed.contains(&secret), "{name}: {printed}");
        let expected: &[&str] = if secret == ENCODED { &[".docker/config.json"] } else { &[] };
        assert_eq!(shell.files_with(&secret), expected, "{name}");
    }
    !heard.is_empty()
}

#[tokio::test]
async fn no_registry_gets_a_stored_login_to_another_server() {
    let source = Source::small().await;
    let image = source.image();
    let mut reached = 0;
    for shapes in SHAPES.chunks(8) {
        let attempts = shapes.iter().flat_map(|shape| {
            let answers = if shape.is_redirect() { [ASKS, GRANTS] } else { [GRANTS; 2] };
            let ways = modes().into_iter().zip(answers);
            ways.map(|(auth, answer)| attempt(shape, auth, answer, &image)).collect::<Vec<_>>()
        });
        let all = futures_util::future::join_all(attempts).await;
        reached += all.into_iter().filter(|is_reached| *is_reached).count();
    }
    assert!(reached > 10, "the other servers are reached, without a login: {reached}");
}
