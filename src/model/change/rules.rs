//! Rules of the configuration: read-only and protected repositories, and the destinations that images may be promoted
//! to.

use std::net::{IpAddr, Ipv6Addr};

use serde::Serialize;
use wildmatch::WildMatch;

use crate::model::failure::{Failure, FailureKind};
use crate::model::reference::{Host, Repository, RepositoryName};
use crate::model::text::SafeText;

/// The reason why something is not done, a rule or a fact, and a hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The reason: `release.example/app is read-only`.
    pub why: SafeText,
    /// The answer of the server behind the reason, if there is one: `405 UNSUPPORTED`. The abilities of the server in a
    /// plan have it, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<SafeText>,
    /// A hint: `` see `read_only` of [registries."release.example"] ``.
    pub hint: Option<SafeText>,
}

impl Refusal {
    /// Returns the reason with the answer of the server: `the server does not delete by tag (405 UNSUPPORTED)`.
    pub(crate) fn text(&self) -> SafeText {
        match &self.answer {
            Some(answer) => SafeText::from(format!("{} ({answer})", self.why)),
            None => self.why.clone(),
        }
    }

    /// Returns the refusal of an action as a failure.
    pub(crate) fn failure(&self, what: impl Into<SafeText>) -> Failure {
        Failure { what: what.into(), why: self.text(), hint: self.hint.clone(), kind: FailureKind::Denied }
    }
}

/// The rules of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The source of a ban on every change, if there is one: `--read-only`, or the setting.
    pub read_only: Option<&'static str>,
    /// Rules for registries and for repository patterns, in the order of the configuration.
    pub rules: Vec<Rule>,
    /// Names whose content is at another place.
    pub relocations: Vec<Relocation>,
}

/// Names whose content is at another place, by the system's `registries.conf`. Changes name that place, so that its rules
/// hold and an undo later finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relocation {
    /// The names: `host/path`, or `*.domain`.
    pub prefix: String,
    /// The place.
    pub place: SafeText,
    /// The file and the line.
    pub source: SafeText,
}

impl Relocation {
    fn concerns(&self, repository: &Repository) -> bool {
        match self.prefix.strip_prefix('*') {
            Some(domain) => repository.host.without_port().ends_with(domain),
            None => is_under(repository, &self.prefix),
        }
    }
}

/// A rule for the repositories that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The name of the rule as the configuration writes it, for messages of refusal: `[registries."release.example"]`.
    pub name: String,
    /// The registry.
    pub host: Host,
    /// The repositories: a name, or a pattern with `*` for any text and `?` for one character; `None` for all.
    pub repositories: Option<String>,
    /// Whether every change is refused.
    pub read_only: bool,
    /// Whether the user must type the repository's name to confirm a change.
    pub protect: bool,
    /// Prefixes `host/path` of the repositories that images may be copied to; `None` for any repository.
    pub promote: Option<Vec<String>>,
}

impl Rules {
    /// Fails if this repository must not be changed.
    pub(crate) fn may_change(&self, repository: &Repository) -> Result<(), Refusal> {
        if let Some(by) = self.read_only {
            let why = SafeText::from(format!("{by} refuses every change"));
            return Err(Refusal { why, answer: None, hint: None });
        }
        if let Some(elsewhere) = self.relocations.iter().find(|elsewhere| elsewhere.concerns(repository)) {
            let Relocation { place, source, .. } = elsewhere;
            let why = format!("{repository} is at another place, `{place}`, by {source}");
            let hint = "name that place to change it, so that its rules hold";
            return Err(Refusal { why: SafeText::from(why), answer: None, hint: Some(hint.into()) });
        }
        match self.of(repository).find(|rule| rule.read_only) {
            None => Ok(()),
            Some(rule) => Err(Refusal {
                answer: None,
                why: SafeText::from(format!("{repository} is read-only")),
                hint: Some(SafeText::from(format!("see `read_only` of {}", rule.name))),
            }),
        }
    }

    /// Fails if images of one repository must not be copied to the other.
    pub(crate) fn may_copy(&self, from: &Repository, to: &Repository) -> Result<(), Refusal> {
        self.may_change(to)?;
        let forbids = |rule: &&Rule| {
            let allowed = |prefixes: &Vec<String>| prefixes.iter().any(|prefix| is_under(to, prefix));
            from != to && rule.promote.as_ref().is_some_and(|prefixes| !allowed(prefixes))
        };
        match self.of(from).find(forbids) {
            None => Ok(()),
            Some(rule) => Err(Refusal {
                answer: None,
                why: SafeText::from(format!("images of {from} must not be copied to {to}")),
                hint: Some(SafeText::from(format!(
                    "`promote` of {} allows {}",
                    rule.name,
                    rule.promote
                        .as_ref()
                        .filter(|all| !all.is_empty())
                        .map_or("nothing".into(), |all| all.join(", "))
                ))),
            }),
        }
    }

    /// Returns the name that the user must type before this repository is changed, if a rule protects it.
    pub(crate) fn name_to_type(&self, repository: &Repository) -> Option<RepositoryName> {
        self.of(repository).any(|rule| rule.protect).then(|| repository.name.clone())
    }

    fn of<'a>(&'a self, repository: &'a Repository) -> impl Iterator<Item = &'a Rule> {
        let fits = |pattern: &Option<String>| {
            pattern.as_ref().is_none_or(|pattern| WildMatch::new(pattern).matches(repository.name.as_str()))
        };
        let asked = Address::of(&repository.host);
        self.rules.iter().filter(move |rule| Address::of(&rule.host) == asked && fits(&rule.repositories))
    }
}

/// Returns whether a repository is the one that the prefix names, or is below it. Names that merely begin with the same
/// letters do not count.
fn is_under(target: &Repository, prefix: &str) -> bool {
    let (host, path) = prefix.trim_end_matches('/').split_once('/').unwrap_or((prefix, ""));
    let is_host = Host::parse(host.trim_end_matches('/'))
        .is_ok_and(|host| Address::of(&host) == Address::of(&target.host));
    let under = target.name.as_str().strip_prefix(path);
    is_host && (path.is_empty() || under.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The address that a registry's name leads to, so that no other spelling of the name gets around a rule. The usual
/// ports count as no port, this machine has one name, and IP addresses are compared as numbers. Names that only the
/// network knows to be the same stay different.
#[derive(PartialEq, Eq)]
struct Address {
    machine: String,
    port: Option<u16>,
}

impl Address {
    fn of(host: &Host) -> Address {
        let name = host.without_port();
        let number = match name.parse::<Ipv6Addr>() {
            Ok(address) => Some(IpAddr::V6(address)),
            // `127.1` and `2130706433` are addresses too.
            Err(_) => match url::Host::parse(name) {
                Ok(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
                _ => None,
            },
        };
        let number = number.map(|address| address.to_canonical());
        let is_here = number.is_some_and(|address| address.is_loopback() || address.is_unspecified());
        let machine = match number {
            _ if is_here || host.is_loopback() => "localhost".into(),
            Some(address) => address.to_string(),
            None => Host::parse(name).map_or_else(|_| name.into(), |host| host.to_string()),
        };
        Address { machine, port: host.port().filter(|port| !matches!(port, 80 | 443)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(text: &str) -> Repository {
        Repository::parse(text).expect("a repository")
    }

    fn rule(host: &str) -> Rule {
        Rule {
            name: format!("[registries.{host:?}]"),
            host: Host::parse(host).expect("a host"),
            repositories: None,
            read_only: false,
            protect: false,
            promote: None,
        }
    }

    #[test]
    fn a_pattern_fits_whole_names() {
        for (pattern, name, fits) in [
            ("team/*", "team/app", true),
            ("team/*", "team", false),
            ("*", "a/b", true),
            ("*/app", "team/app", true),
            ("app", "app2", false),
            ("ap", "app", false),
        ] {
            let pattern = Some(pattern.to_string());
            let rules = Rules {
                read_only: None,
                rules: vec![Rule { repositories: pattern, protect: true, ..rule("r.test") }],
                relocations: Vec::new(),
            };
            assert_eq!(
                rules.name_to_type(&repository(&format!("r.test/{name}"))).is_some(),
                fits,
                "{rules:?} {name}"
            );
        }
    }

    #[test]
    fn names_whose_content_is_elsewhere_are_not_changed() {
        let relocation = |prefix: &str| Relocation {
            prefix: prefix.into(),
            place: "real.test/team".into(),
            source: "`registries.conf:3`".into(),
        };
        let rules = Rules {
            relocations: vec![relocation("r.test/foo"), relocation("*.sub.test")],
            ..Rules::default()
        };
        let refused = |name: &str| rules.may_change(&repository(name)).is_err();
        assert!(refused("r.test/foo/app") && refused("r.test:443/foo") && refused("a.sub.test:5000/x"));
        assert!(!refused("r.test/foobar") && !refused("other.test/foo") && !refused("real.test/team/app"));
    }

    #[test]
    fn images_are_copied_only_to_destinations_that_promote_names() {
        let promote = Some(vec!["integration.test/team".to_string()]);
        let rules = Rules { rules: vec![Rule { promote, ..rule("sandbox.test") }], ..Rules::default() };
        let from = repository("sandbox.test/app");
        assert!(rules.may_copy(&from, &repository("integration.test/team/app")).is_ok());
        let refused =
            rules.may_copy(&from, &repository("integration.test/team2/app")).expect_err("another team");
        assert!(refused.hint.is_some_and(|hint| hint.as_str().contains("integration.test/team")));
        assert!(rules.may_copy(&repository("other.test/app"), &repository("release.test/app")).is_ok());
    }

    #[test]
    fn a_read_only_registry_is_not_copied_to() {
        let rules =
            Rules { rules: vec![Rule { read_only: true, ..rule("release.test") }], ..Rules::default() };
        assert!(rules.may_change(&repository("release.test/app")).is_err());
        assert!(rules.may_copy(&repository("a.test/app"), &repository("release.test/app")).is_err());
        assert!(rules.may_change(&repository("a.test/app")).is_ok());
    }

    #[test]
    fn a_rule_holds_however_its_registry_is_spelled() {
        for (named, spelled) in [
            ("release.test", "Release.test:443/app"),
            ("release.test:443", "release.test/app"),
            ("release.test:80", "release.test/app"),
            ("release.test:5000", "release.test:05000/app"),
            ("localhost:5000", "127.0.0.1:5000/app"),
            ("127.0.0.1:5000", "localhost:5000/app"),
            ("localhost:5000", "127.1:5000/app"),
            ("localhost:5000", "2130706433:5000/app"),
            ("localhost:5000", "[::1]:5000/app"),
            ("localhost:5000", "[::ffff:127.0.0.1]:5000/app"),
            ("localhost:5000", "0.0.0.0:5000/app"),
            ("[fd00::1]:5000", "[fd00:0:0::1]:5000/app"),
            ("docker.io", "index.docker.io:443/library/app"),
            ("docker.io", "registry-1.docker.io/library/app"),
        ] {
            let rules = Rules { rules: vec![Rule { read_only: true, ..rule(named) }], ..Rules::default() };
            assert!(rules.may_change(&repository(spelled)).is_err(), "{spelled} is {named}");
        }
        for (named, other) in [
            ("release.test", "release.test:5000/app"),
            ("release.test", "a.release.test/app"),
            ("localhost:5000", "localhost:5001/app"),
            ("localhost:5000", "10.0.0.1:5000/app"),
        ] {
            let rules = Rules { rules: vec![Rule { read_only: true, ..rule(named) }], ..Rules::default() };
            assert!(rules.may_change(&repository(other)).is_ok(), "{other} is not {named}");
        }
    }

    #[test]
    fn promote_allows_a_destination_however_it_is_spelled() {
        let promote = Some(vec!["integration.test/team".to_string()]);
        let rules = Rules { rules: vec![Rule { promote, ..rule("sandbox.test") }], ..Rules::default() };
        let from = repository("sandbox.test:443/app");
        assert!(rules.may_copy(&from, &repository("integration.test:443/team/app")).is_ok());
        assert!(rules.may_copy(&from, &repository("integration.test:5000/team/app")).is_err());
        assert!(rules.may_copy(&from, &repository("other.test/team/app")).is_err());
    }
}
