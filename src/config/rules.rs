//! The prohibitions in the file: read-only, protected, and the destinations to which images may be promoted. They are
//! checked while the file is read, so that an error is reported with its line.

use serde::{Deserialize, Serialize};

use super::{Config, RegistryConfig};
use crate::model::change::rules::{Rule, Rules};
use crate::model::reference::{Host, RepositoryName, Scheme};

/// The rules for the repositories of a registry whose names match a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoryRules {
    /// The pattern of their names.
    pub(crate) pattern: Pattern,
    /// Whether every change in them is refused.
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Whether the name of a repository must be typed before a change in it.
    #[serde(default)]
    pub(crate) protect: bool,
    /// The destinations to which their images may be copied. If it is not set, every destination is allowed.
    #[serde(default)]
    pub(crate) promote: Option<Vec<Prefix>>,
}

/// The name of a repository, or a pattern of names: `*` stands for any text, also with `/`, and `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = String;

    /// Refuses a pattern that can match no repository, because a rule that never applies protects nothing.
    fn try_from(text: String) -> Result<Pattern, String> {
        let fits_a_name = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || "._-/*?".contains(character)
        };
        if !text.is_empty() && text.chars().all(fits_a_name) && !text.starts_with('/') {
            Ok(Pattern(text))
        } else {
            Err(format!(
                "{text:?} matches no repository: lower-case letters, digits, `.`, `_`, `-`, `/`, and `*` or `?` are expected"
            ))
        }
    }
}

/// The beginning of repository names, with their registry: `host`, `host/path`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub(crate) struct Prefix(String);

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Prefix, String> {
        let wrong = |why| format!("{text:?}: {why}; `host` or `host/path` is expected");
        let (_, named) = Scheme::split(&text).map_err(wrong)?;
        let named = named.trim_end_matches('/');
        let (host, path) = named.split_once('/').unwrap_or((named, ""));
        let host = Host::parse(host).map_err(wrong)?;
        if path.is_empty() {
            return Ok(Prefix(host.to_string()));
        }
        let path = RepositoryName::parse(path).map_err(wrong)?;
        Ok(Prefix(format!("{host}/{path}")))
    }
}

impl Config {
    /// Returns the rules for every change of this run, in the order of the file. If several apply, the strictest holds.
    pub fn rules(&self) -> Rules {
        let read_only = self.read_only.then_some("`read_only` of the configuration");
        let mut rules = Vec::new();
        for (host, registry) in &self.registries {
            rules.push(registry_rule(host, registry));
            rules
                .extend(registry.repositories.iter().map(|repositories| repository_rule(host, repositories)));
        }
        Rules { read_only, rules, relocations: Vec::new() }
    }
}

fn registry_rule(host: &Host, registry: &RegistryConfig) -> Rule {
    Rule {
        name: format!("[registries.{host:?}]"),
        host: host.clone(),
        repositories: None,
        read_only: registry.read_only,
        protect: registry.protect,
        promote: texts(registry.promote.as_ref()),
    }
}

fn repository_rule(host: &Host, repositories: &RepositoryRules) -> Rule {
    let pattern = &repositories.pattern.0;
    Rule {
        name: format!("[[registries.{host:?}.repositories]] with the pattern {pattern:?}"),
        host: host.clone(),
        repositories: Some(pattern.clone()),
        read_only: repositories.read_only,
        protect: repositories.protect,
        promote: texts(repositories.promote.as_ref()),
    }
}

fn texts(prefixes: Option<&Vec<Prefix>>) -> Option<Vec<String>> {
    prefixes.map(|all| all.iter().map(|prefix| prefix.0.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::Repository;

    const FILE: &str = r#"
        [registries."sandbox.test"]
        promote = ["Integration.test/team/", "index.docker.io/library"]

        [[registries."sandbox.test".repositories]]
        pattern = "secret/*"
        promote = []

        [registries."release.test"]
        protect = true

        [[registries."release.test".repositories]]
        pattern = "base/*"
        read_only = true
    "#;

    fn rules() -> Rules {
        Config::parse(FILE).expect("a configuration").rules()
    }

    fn repository(text: &str) -> Repository {
        Repository::parse(text).expect("a repository")
    }

    #[test]
    fn a_registry_and_its_patterns_rule_together() {
        let rules = rules();
        assert!(rules.may_change(&repository("release.test/app")).is_ok());
        let refused = rules.may_change(&repository("release.test/base/alpine")).expect_err("read-only");
        let hint = refused.hint.expect("the rule is named");
        assert!(hint.as_str().contains(r#"[[registries."release.test".repositories]]"#), "{hint}");
        assert!(hint.as_str().contains("base/*"), "{hint}");
        assert_eq!(
            rules.name_to_type(&repository("release.test/app")),
            Some(repository("release.test/app").name)
        );
        assert_eq!(rules.name_to_type(&repository("sandbox.test/app")), None);
    }

    #[test]
    fn a_copy_needs_the_permission_of_every_rule() {
        let rules = rules();
        let from = repository("sandbox.test/app");
        assert!(rules.may_copy(&from, &repository("integration.test/team/app")).is_ok());
        assert!(rules.may_copy(&from, &repository("nginx")).is_ok(), "docker.io has several names");
        assert!(rules.may_copy(&from, &repository("release.test/app")).is_err());
        let secret = repository("sandbox.test/secret/app");
        assert!(rules.may_copy(&secret, &repository("integration.test/team/app")).is_err());
    }

    #[test]
    fn read_only_for_all_is_named_as_a_setting() {
        let rules = Config::parse("read_only = true").expect("a configuration").rules();
        let refused = rules.may_change(&repository("any.test/app")).expect_err("read-only");
        assert_eq!(refused.why.as_str(), "`read_only` of the configuration refuses every change");
        assert_eq!(Config::default().rules(), Rules::default());
    }

    #[test]
    fn rules_that_could_never_hold_are_refused_with_their_line() {
        for (line, text, said) in [
            (2, "[registries.\"r.test\"]\npromote = [\"r.test/Team\"]", "not a repository name"),
            (2, "[registries.\"r.test\"]\npromote = [\"\"]", "not a registry host"),
            (2, "[registries.\"r.test\"]\npromote = [\"r.test/*\"]", "not a repository name"),
            (2, "[[registries.\"r.test\".repositories]]\npattern = \"Team/*\"", "matches no repository"),
            (2, "[[registries.\"r.test\".repositories]]\npattern = \"\"", "matches no repository"),
            (1, "[[registries.\"r.test\".repositories]]\nprotect = true", "pattern"),
            (3, "[[registries.\"r.test\".repositories]]\npattern = \"a\"\nprotekt = true", "protekt"),
            (2, "\n[registries.\"a b\"]\nprotect = true", "not a registry host"),
        ] {
            let problem = Config::parse(text).expect_err(text);
            assert!(
                problem.contains(&format!("line {line}")) && problem.contains(said),
                "{text}:\n{problem}"
            );
        }
    }

    #[test]
    fn one_registry_under_two_names_is_refused() {
        let problem = Config::parse("[registries.\"r.test\"]\n[registries.\"R.test\"]\n").expect_err("twice");
        assert!(problem.contains("`r.test` is listed twice"), "{problem}");
    }
}
