//! A repository with releases of many years: about a thousand tags in every style, each with an image of its own.

use jiff::{SignedDuration, Timestamp};

use super::file;
use crate::demo::layer::DemoLayer;
use crate::demo::store::Store;
use crate::model::digest::Digest;

/// 6 January 2025, noon.
const FIRST_DAY: i64 = 1_736_164_800;

/// Pushes `count` tags to `repository`: releases with their candidates, dated nightlies, and builds named after
/// commits, each with a config of its own. A few of the tags are aliases of the newest release.
pub(crate) fn push_releases(store: &Store, repository: &str, count: usize) {
    let run = file("srv/web/run.sh", "#!/bin/sh\nexec node /srv/web/server.js\n");
    let mut newest = None;
    let aliases = ["latest", "stable"];
    let tags = names().take(count.saturating_sub(aliases.len()));
    for (i, (tag, stable)) in tags.enumerate() {
        // Most days have one or two builds.
        let created = created(i);
        let revision = revision(i);
        let (modules, assets) =
            if i % 3 == 0 { ("web modules", "web assets") } else { ("web modules", "web assets next") };
        let pushed = store
            .image(repository)
            .created(created.as_str())
            .built("ADD alpine-minirootfs.tar.gz /", DemoLayer::large("alpine"))
            .built("RUN /bin/sh -c apk add --no-cache nodejs", DemoLayer::large("node"))
            .built("COPY node_modules /srv/web/node_modules", DemoLayer::large(modules))
            .built("COPY dist /srv/web/dist", DemoLayer::large(assets))
            .built("COPY run.sh /srv/web/", run.clone())
            .noted("CMD [\"/srv/web/run.sh\"]")
            .env("NODE_ENV=production")
            .config("Cmd", vec!["/srv/web/run.sh"])
            .label("org.opencontainers.image.version", tag.as_str())
            .label("org.opencontainers.image.revision", revision.as_str())
            .label("org.opencontainers.image.created", created.as_str())
            .tag(tag)
            .push();
        if stable {
            newest = Some(pushed.digest);
        }
    }
    if let Some(newest) = newest {
        aliases.into_iter().for_each(|alias| store.tag(repository, alias, newest));
    }
}

/// Returns an endless list of tags, the oldest first, each with whether it is a release. Every version has two
/// candidates, then patches up to `.11`, with nightlies and commits between them.
fn names() -> impl Iterator<Item = (String, bool)> {
    let version = (1..).flat_map(|major| (0..9).map(move |minor| (major, minor)));
    let releases = version.flat_map(|(major, minor)| {
        let candidates = (1..3).map(move |n| (format!("{major}.{minor}.0-rc.{n}"), false));
        candidates.chain((0..12).map(move |patch| (format!("{major}.{minor}.{patch}"), true)))
    });
    releases.enumerate().flat_map(|(i, release)| {
        let nightly = Timestamp::from_second(FIRST_DAY)
            .and_then(|first| first.checked_add(SignedDuration::from_hours(24 * i as i64)))
            .map(|day| format!("nightly-{}", day.strftime("%Y%m%d")));
        let commit = format!("sha-{}", &revision(i * 7 + 3)[..7]);
        [Some((commit, false)), nightly.ok().map(|name| (name, false)), Some(release)].into_iter().flatten()
    })
}

/// Returns when build `i` was made: about every sixteen hours, at irregular times.
fn created(i: usize) -> String {
    let seconds = i as i64 * 57_600 + (i as i64 * 7919) % 40_000;
    Timestamp::from_second(FIRST_DAY + seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// Returns a made-up commit id for build `i`.
fn revision(i: usize) -> String {
    Digest::sha256(&i.to_le_bytes()).hex()[..40].to_owned()
}
