//! What the configuration forbids: read-only, protected, and where images may be promoted to.

use serde::Serialize;
use wildmatch::WildMatch;

use crate::model::reference::{Host, Repository, RepositoryName};
use crate::model::text::SafeText;

/// Why something is not done: the rule or the fact, and what would change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// `the configuration makes release.example read-only`.
    pub why: SafeText,
    /// `start without `--read-only``.
    pub hint: Option<SafeText>,
}

/// The rules of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Why everything is read-only, where it is: `--read-only`, or the setting.
    pub read_only: Option<&'static str>,
    /// Rules of registries and of repository patterns, in the order in which they stand.
    pub rules: Vec<Rule>,
}

/// What holds for the repositories that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// As it stands in the configuration, to be named when it refuses: `[registries."release.example"]`.
    pub name: String,
    /// The registry.
    pub host: Host,
    /// The repositories: a name, or a pattern where `*` stands for any text and `?` for one character; `None` for all.
    pub repositories: Option<String>,
    /// Whether every change is refused.
    pub read_only: bool,
    /// Whether the repository's name must be typed to confirm a change.
    pub protect: bool,
    /// Prefixes `host/path` of the repositories that images may be copied to; `None` for anywhere.
    pub promote: Option<Vec<String>>,
}

impl Rules {
    /// Whether this repository may be changed.
    pub fn may_change(&self, repository: &Repository) -> Result<(), Refusal> {
        if let Some(by) = self.read_only {
            let why = SafeText::from(format!("{by} refuses every change"));
            return Err(Refusal { why, hint: None });
        }
        match self.of(repository).find(|rule| rule.read_only) {
            None => Ok(()),
            Some(rule) => Err(Refusal {
                why: SafeText::from(format!("{repository} is read-only")),
                hint: Some(SafeText::from(format!("`read_only` of {} says so", rule.name))),
            }),
        }
    }

    /// Whether images of the one may be copied to the other.
    pub fn may_copy(&self, from: &Repository, to: &Repository) -> Result<(), Refusal> {
        self.may_change(to)?;
        let target = to.to_string();
        let forbids = |rule: &&Rule| {
            let allowed = |prefixes: &Vec<String>| prefixes.iter().any(|prefix| is_under(&target, prefix));
            from != to && rule.promote.as_ref().is_some_and(|prefixes| !allowed(prefixes))
        };
        match self.of(from).find(forbids) {
            None => Ok(()),
            Some(rule) => Err(Refusal {
                why: SafeText::from(format!("images of {from} must not be copied to {target}")),
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

    /// The name to type before this repository is changed, where a rule protects it.
    pub fn name_to_type(&self, repository: &Repository) -> Option<RepositoryName> {
        self.of(repository).any(|rule| rule.protect).then(|| repository.name.clone())
    }

    fn of<'a>(&'a self, repository: &'a Repository) -> impl Iterator<Item = &'a Rule> {
        let fits = |pattern: &Option<String>| {
            pattern.as_ref().is_none_or(|pattern| WildMatch::new(pattern).matches(repository.name.as_str()))
        };
        self.rules.iter().filter(move |rule| rule.host == repository.host && fits(&rule.repositories))
    }
}

/// Whether a repository is the one that the prefix names or lies under it; not merely begins with the same letters.
fn is_under(target: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    target.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
            };
            assert_eq!(
                rules.name_to_type(&repository(&format!("r.test/{name}"))).is_some(),
                fits,
                "{rules:?} {name}"
            );
        }
    }

    #[test]
    fn images_go_only_where_promote_says() {
        let promote = Some(vec!["integration.test/team".to_string()]);
        let rules = Rules { read_only: None, rules: vec![Rule { promote, ..rule("sandbox.test") }] };
        let from = repository("sandbox.test/app");
        assert!(rules.may_copy(&from, &repository("integration.test/team/app")).is_ok());
        let refused =
            rules.may_copy(&from, &repository("integration.test/team2/app")).expect_err("another team");
        assert!(refused.hint.is_some_and(|hint| hint.as_str().contains("integration.test/team")));
        assert!(rules.may_copy(&repository("other.test/app"), &repository("release.test/app")).is_ok());
    }

    #[test]
    fn a_read_only_registry_is_not_copied_to() {
        let rules = Rules { read_only: None, rules: vec![Rule { read_only: true, ..rule("release.test") }] };
        assert!(rules.may_change(&repository("release.test/app")).is_err());
        assert!(rules.may_copy(&repository("a.test/app"), &repository("release.test/app")).is_err());
        assert!(rules.may_change(&repository("a.test/app")).is_ok());
    }
}
