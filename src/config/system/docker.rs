//! Docker's `daemon.json`: `registry-mirrors` of Docker Hub and `insecure-registries`.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{DOCKER_VARIABLE, FileLine, SystemRegistries, file_of_user, folder};
use crate::client::{Location, MirrorPulls, MirrorRoute, Route, RoutePrefix};
use crate::model::reference::{Host, Scheme};
use crate::model::text::SafeText;

/// Reads the file of the user's daemon if it exists, otherwise that of the system.
pub(super) fn read(system: &mut SystemRegistries, variable: &impl Fn(&str) -> Option<OsString>) {
    let own = file_of_user(variable, "docker/daemon.json");
    let named = folder(variable, DOCKER_VARIABLE);
    let file = named.or_else(|| own.filter(|file| file.exists()));
    let file = file.unwrap_or_else(|| PathBuf::from("/etc/docker/daemon.json"));
    system.places.push(file.clone());
    let Some(text) = system.read_file(&file) else { return };
    if text.trim().is_empty() {
        return;
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(settings)) => {
            let list = |key: &str| settings.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            add_mirrors(system, &file, &text, &list("registry-mirrors"));
            add_insecure(system, &file, &text, &list("insecure-registries"));
        }
        Ok(_) => system.add_problem(&file, "line 1: a JSON object is expected"),
        Err(error) => {
            let why = format!("line {}: it is not valid JSON", error.line().max(1));
            system.add_problem(&file, why);
        }
    }
}

/// Adds the mirrors of Docker Hub, unless a `registries.conf` has a rule for it.
fn add_mirrors(system: &mut SystemRegistries, file: &Path, text: &str, urls: &[Value]) {
    let line = FileLine { file: file.to_path_buf(), line: line_of(text, "registry-mirrors") };
    let mut mirrors = Vec::new();
    for url in urls {
        let read = url.as_str().and_then(|url| Scheme::split(url).ok());
        let location = read.and_then(|(scheme, rest)| {
            let location = Location::parse(rest.trim_end_matches('/')).ok()?;
            Some((scheme, location)).filter(|(_, location)| location.path.is_empty())
        });
        match location {
            // Docker reaches a mirror by the scheme of its address.
            Some((scheme, location)) => {
                let insecure = scheme == Some(Scheme::Http);
                mirrors.push(MirrorRoute { location, insecure, pulls: MirrorPulls::All });
            }
            None => {
                let why = format!("line {}: a mirror is expected as `https://host`", line.line);
                system.add_problem(file, why);
            }
        }
    }
    let prefix = RoutePrefix::Within(Location { host: Host::docker_hub(), path: String::new() });
    let has_rule = system.routes.iter().any(|(route, _)| route.prefix == prefix);
    if !mirrors.is_empty() && !has_rule {
        let source = SafeText::from(line.to_string());
        let (location, insecure, blocked) = (None, false, false);
        system.add_route(Route { prefix, location, insecure, blocked, mirrors, source }, line);
    }
}

fn add_insecure(system: &mut SystemRegistries, file: &Path, text: &str, items: &[Value]) {
    let line = FileLine { file: file.to_path_buf(), line: line_of(text, "insecure-registries") };
    for item in items {
        let item = item.as_str().unwrap_or_default();
        if let Some(network) = network(item) {
            system.networks.push(network);
            continue;
        }
        let (_, named) = Scheme::split(item).unwrap_or((None, item));
        let Ok(host) = Host::parse(named.trim_end_matches('/')) else {
            let why =
                format!("line {}: `host:port` or a network such as `10.0.0.0/8` is expected", line.line);
            system.add_problem(file, why);
            continue;
        };
        let prefix = RoutePrefix::Within(Location { host, path: String::new() });
        // A rule of a `registries.conf` for the same registry comes first.
        if !system.routes.iter().any(|(route, _)| route.prefix == prefix) {
            let source = SafeText::from(line.to_string());
            let (location, mirrors) = (None, Vec::new());
            let route = Route { prefix, location, insecure: true, blocked: false, mirrors, source };
            system.add_route(route, line.clone());
        }
    }
}

/// Parses a network: `10.0.0.0/8`.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, bits))
}

/// Returns the first line with a key.
fn line_of(text: &str, key: &str) -> usize {
    let quoted = format!("\"{key}\"");
    text.lines().position(|line| line.contains(&quoted)).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> SystemRegistries {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("daemon.json");
        std::fs::write(&file, text).expect("a file");
        let mut system = SystemRegistries::default();
        read(&mut system, &|name: &str| (name == DOCKER_VARIABLE).then(|| file.clone().into()));
        system
    }

    fn host(text: &str) -> Host {
        Host::parse(text).expect(text)
    }

    #[test]
    fn mirrors_are_for_docker_hub_and_insecure_registries_are_hosts_or_networks() {
        let system = parse(
            "{\n \"registry-mirrors\": [\"https://mirror.test/\", \"http://plain.test:5000\"],\n \"insecure-registries\": [\"vm:5000\", \"10.0.0.0/8\"],\n \"debug\": true\n}",
        );
        assert_eq!(system.problems, []);
        let routes = system.routes();
        let hub: Vec<_> = routes.concerning(&Host::docker_hub()).flat_map(|route| &route.mirrors).collect();
        assert_eq!(hub.len(), 2);
        assert_eq!((hub[0].location.host.clone(), hub[0].insecure), (host("mirror.test"), false));
        assert_eq!((hub[1].location.host.clone(), hub[1].insecure), (host("plain.test:5000"), true));
        for (name, expected) in
            [("vm:5000", true), ("10.9.8.7", true), ("r.test", false), ("docker.io", false)]
        {
            assert_eq!(routes.is_insecure(&host(name)), expected, "{name}");
        }
        assert_eq!(system.routes[0].1.line, 2);
    }

    #[test]
    fn errors_are_named_with_their_line() {
        for (text, said) in [
            ("{\n\"debug\": CANARY7\n}", "line 2: it is not valid JSON"),
            ("[]", "an object is expected"),
            ("{\"registry-mirrors\": [\"https://m.test/path\"]}", "line 1: a mirror"),
            ("{\"insecure-registries\": [\"a b\", 3]}", "line 1: `host:port`"),
        ] {
            let problems = parse(text).problems;
            let why = problems.first().map(|problem| problem.why.replace("a JSON object", "an object"));
            assert!(why.as_ref().is_some_and(|why| why.contains(said)), "{text}: {why:?}");
            assert!(!format!("{problems:?}").contains("CANARY7"));
        }
        assert_eq!(parse("").problems, []);
    }
}
