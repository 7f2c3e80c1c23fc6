//! The lines of the keys in the file, for messages that name the origin of a value.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{Config, HostKey, RegistryConfig};

/// The line of each key that a file sets. A key is the list of its parts: `registries`, the registry, the setting.
#[derive(Debug, Default)]
pub(super) struct KeyLines(BTreeMap<Vec<String>, usize>);

impl KeyLines {
    /// Finds the keys of a text. A text that is not TOML has those before its errors.
    pub(super) fn of(text: &str) -> KeyLines {
        let mut lines = KeyLines::default();
        let (table, _) = DeTable::parse_recoverable(text);
        lines.add_table(text, &[], table.get_ref());
        lines
    }

    /// Returns the line of a key.
    pub(super) fn line(&self, key: &[&str]) -> Option<usize> {
        self.0.iter().find(|(found, _)| found.iter().eq(key)).map(|(_, line)| *line)
    }

    /// Returns the keys that are no settings, each with its line, in the order of the file.
    pub(super) fn unknown(&self) -> Vec<(usize, String)> {
        let settings = |value: serde_json::Result<serde_json::Value>| value.unwrap_or_default();
        let of_all = settings(serde_json::to_value(Config::default()));
        let of_registry = settings(serde_json::to_value(RegistryConfig::default()));
        let is_unknown = |key: &[String]| match key {
            [first] => of_all.get(first).is_none(),
            [first, _, setting] if first == "registries" => of_registry.get(setting).is_none(),
            _ => false,
        };
        let unknown = self.0.iter().filter(|(key, _)| is_unknown(key));
        let mut unknown: Vec<_> = unknown.map(|(key, line)| (*line, key.join("."))).collect();
        unknown.sort();
        unknown
    }

    fn add_table(&mut self, text: &str, within: &[String], table: &DeTable<'_>) {
        for (key, value) in table {
            let before = text.get(..key.span().start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let name = key.get_ref().to_string();
            let path = match within {
                // `"tags.delete"`, `tags.delete` and `[keys.tags]` mean the same.
                [first, rest @ ..] if first == "keys" => {
                    vec![first.clone(), rest.iter().chain([&name]).cloned().collect::<Vec<_>>().join(".")]
                }
                [first] if first == "registries" => match HostKey::try_from(name.clone()) {
                    Ok(HostKey(host, scheme)) => {
                        let path = vec![first.clone(), host.to_string()];
                        if scheme.is_some() {
                            self.0.insert([path.as_slice(), &["plain_http".into()]].concat(), line);
                        }
                        path
                    }
                    Err(_) => vec![first.clone(), name],
                },
                within => [within, &[name]].concat(),
            };
            if let DeValue::Table(inner) = value.get_ref() {
                self.add_table(text, &path, inner);
            }
            self.0.entry(path).or_insert(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_line_however_it_is_written() {
        let text = "theme = \"dark\"\n\n[registries.\"http://R.test/\"]\nprotect = true\n[keys]\ntags.delete = \"F8\"\n\"plan.keep\" = \"x\"\n";
        let lines = KeyLines::of(text);
        for (key, line) in [
            (&["theme"][..], Some(1)),
            (&["registries", "r.test", "plain_http"], Some(3)),
            (&["registries", "r.test", "protect"], Some(4)),
            (&["keys", "tags.delete"], Some(6)),
            (&["keys", "plan.keep"], Some(7)),
            (&["mouse"], None),
        ] {
            assert_eq!(lines.line(key), line, "{key:?}");
        }
        assert!(lines.unknown().is_empty());
    }

    #[test]
    fn all_unknown_keys_are_found() {
        let text = "mose = false\n[registries.\"r.test\"]\nprotekt = true\n[[registries.\"r.test\".repositories]]\npattern = \"a\"\n[color]\nred = 1\n";
        let expected = [(1, "mose"), (3, "registries.r.test.protekt"), (6, "color")];
        assert_eq!(KeyLines::of(text).unknown(), expected.map(|(line, key)| (line, key.to_string())));
    }
}
