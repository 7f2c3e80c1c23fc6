//! Content that a tool must survive: text that attacks terminals, invalid dates, and histories and indexes that
//! contradict themselves. All of it has been seen in registries.

use serde_json::{Value, json};

use crate::demo::layer::DemoLayer;
use crate::demo::manifest::media_type;
use crate::demo::store::Store;
use crate::model::digest::Digest;

use super::file;

/// Pushes `odd/…`.
pub(crate) fn push(store: &Store) {
    dates(store);
    store.create("odd/empty");
    escapes(store);
    history(store);
    indexes(store);
}

fn dates(store: &Store) {
    let dated = |tag: &str| {
        store.image("odd/dates").layer("COPY app /", file("app", tag)).label("case", tag).tag(tag)
    };
    dated("epoch").created("1970-01-01T00:00:00Z").push();
    dated("nix-1980").created("1980-01-01T00:00:01Z").push();
    dated("go-zero").created("0001-01-01T00:00:00Z").push();
    dated("future").created("2099-12-31T23:59:59Z").push();
    dated("offset").created("2026-10-25T02:30:00.123456789+02:00").push();
    dated("nonsense").created("last tuesday").push();
    dated("number").created(1_700_000_000).push();
    dated("null").created(Value::Null).push();
    dated("absent").push();
    dated("only-steps").steps_created("2026-08-08T08:08:08Z").step("CMD [\"/app\"]").push();
    dated("by-annotation")
        .created("1970-01-01T00:00:00Z")
        .annotation("org.opencontainers.image.created", "2026-04-01T12:00:00Z")
        .push();
}

fn escapes(store: &Store) {
    let pushed = store
        .image("odd/escapes")
        .created("2026-09-01T00:00:00Z\u{1b}[2J")
        .layer("RUN /bin/sh -c printf '\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31mred' # buildkit", file("a", "1"))
        .comment("\u{1b}]52;c;cm0gLXJmIC8=\u{7}")
        .layer("COPY \u{202e}gpj.exe\u{202c} /bin/ # buildkit", file("b", "2"))
        .step("CMD [\"line one\nline two\r\u{9b}31mC1\"]")
        .label(
            "description",
            "\u{1b}[1;5;41mbuy now\u{1b}[0m\u{1b}]8;;https://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\",
        )
        .label("bidi", "\u{2066}user\u{2069} \u{202e}nimda\u{202c}")
        .label("look\u{200b}alike", "zero\u{200b}width\u{feff}")
        .label("zalgo", format!("z{}", "\u{0301}\u{0323}\u{0337}".repeat(40)))
        .label("emoji", "👩‍👩‍👧‍👦 family, ❤️ heart, 漢字 wide")
        .label("empty", "")
        .label("long", "0123456789".repeat(200))
        .env("PS1=\u{1b}[32m\\u@\\h\u{1b}[0m ")
        .annotation("org.opencontainers.image.title", "\u{1b}Pq#0;2;0;0;0\u{1b}\\title")
        .annotation("org.opencontainers.image.url", "javascript:alert(1)")
        .tag("latest")
        .push();
    store.tag("odd/escapes", "v1", pushed.digest);
    // No push could create these names. Only a broken or hostile server lists them.
    store.tag("odd/escapes", "v1\u{200b}", pushed.digest);
    store.tag("odd/escapes", "v2\u{1b}[2J", pushed.digest);
}

fn history(store: &Store) {
    let layers = |tag: &str| {
        store
            .image("odd/history")
            .created("2026-06-06T06:06:06Z")
            .bare_layer(DemoLayer::large("debian"))
            .bare_layer(DemoLayer::large("web assets"))
            .label("case", tag)
            .tag(tag)
    };
    layers("none").push();
    layers("fewer").layer("jib-maven-plugin:3.4", file("app/libs.txt", "libs")).push();
    layers("more")
        .step("FROM base")
        .steps_created("2026-06-07T00:00:00Z")
        .ghost_layer("RUN make")
        .ghost_layer("RUN make install")
        .ghost_layer("RUN clean")
        .push();
    store.image("odd/history").created("2026-06-06T06:06:06Z").step("CMD [\"true\"]").tag("no-layers").push();
}

fn indexes(store: &Store) {
    let image = |architecture: &str| {
        store
            .image("odd/index")
            .platform("linux", architecture)
            .created("2026-02-03T04:05:06Z")
            .layer("COPY app /app # buildkit", file("app", architecture))
            .push()
    };
    let (amd64, arm64) = (image("amd64"), image("arm64"));
    let missing = Digest::sha256(b"a child that was collected");
    store
        .index("odd/index")
        .child(&amd64)
        .descriptor(json!({
            "mediaType": media_type::OCI_MANIFEST,
            "digest": missing,
            "size": 1234,
            "platform": { "architecture": "s390x", "os": "linux" },
        }))
        .tag("missing-child")
        .push();
    let inner = store.index("odd/index").child(&amd64).child(&arm64).push();
    store.index("odd/index").child(&inner).child(&amd64).tag("nested").push();
    store.index("odd/index").tag("no-children").push();
    store.index("odd/index").child(&amd64).child(&amd64).child(&arm64).tag("twice-the-same").push();
    let nameless = json!({ "mediaType": arm64.media_type, "digest": arm64.digest, "size": arm64.size });
    store.index("odd/index").descriptor(nameless).tag("no-platform").push();
}
