//! Changes of a file of logins: one login is put in or taken out, and every other byte of a value stays as it is.
//!
//! Only the members on the way to the login are taken apart. The rest is kept as the text that it is, so that settings
//! which regtui does not know survive: docs/REGISTRIES.md §4.8.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::key::{Key, KeyRule, server_key};
use crate::client::credentials::login::Login;
use crate::model::reference::Host;

/// The fields of an entry that hold a login. Others, such as `email`, are kept.
const LOGIN_FIELDS: [&str; 5] = ["auth", "username", "password", "identitytoken", "registrytoken"];

/// The reason why a file of logins is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditError {
    /// The text is no JSON, as of this line and column.
    NotJson(usize, usize),
    /// The text, or its part `auths`, is something else than an object.
    NotObject(&'static str),
    /// The login cannot be written as text.
    Unwritable,
}

/// An object as its members, in their order, each with its text.
#[derive(Default)]
struct ObjectText(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for ObjectText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ObjectText, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = ObjectText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ObjectText, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(ObjectText(members))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

impl ObjectText {
    fn parse(text: &str, name: &'static str) -> Result<ObjectText, EditError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || text == "null" {
            return Ok(ObjectText::default());
        }
        serde_json::from_str::<&RawValue>(text)
            .map_err(|error| EditError::NotJson(error.line(), error.column()))?;
        serde_json::from_str(text).map_err(|_| EditError::NotObject(name))
    }

    /// Returns the text of the member that counts if a name comes twice: the last one.
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, raw)| &**raw)
    }

    /// Puts a member in the place of the last one of this name, or at the end.
    fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, place)) => *place = value,
            None => self.0.push((name.to_string(), value)),
        }
    }

    /// Writes the object as docker does, with its members at this depth.
    fn write(&self, depth: usize) -> Result<Box<RawValue>, EditError> {
        let written = || {
            if self.0.is_empty() {
                return RawValue::from_string("{}".into());
            }
            let indent = "\t".repeat(depth);
            let members = self.0.iter().map(|(name, value)| {
                Ok(format!("{indent}{}: {}", serde_json::to_string(name)?, value.get()))
            });
            let members: Result<Vec<String>, serde_json::Error> = members.collect();
            RawValue::from_string(format!("{{\n{}\n{}}}", members?.join(",\n"), "\t".repeat(depth - 1)))
        };
        written().map_err(|_| EditError::Unwritable)
    }
}

/// Returns the text of a file with this login for a registry, in the place of every other spelling of the registry.
/// Without a login the entry is a mark that a helper has it, as docker writes it.
pub(crate) fn put_login(
    text: &str,
    rule: KeyRule,
    host: &Host,
    login: Option<&Login>,
) -> Result<String, EditError> {
    let mut file = ObjectText::parse(text, "the whole text")?;
    let mut auths = ObjectText::parse(file.get("auths").map_or("", RawValue::get), "`auths`")?;
    let key = match rule {
        KeyRule::Docker => server_key(host),
        KeyRule::Podman => host.to_string(),
    };
    let old = auths.get(&key).map_or("", RawValue::get);
    let mut entry = ObjectText::parse(old, "the entry").unwrap_or_default();
    entry.0.retain(|(name, _)| !LOGIN_FIELDS.contains(&name.as_str()));
    for (name, value) in login.map(fields).unwrap_or_default() {
        entry.set(name, serde_json::value::to_raw_value(&value).map_err(|_| EditError::Unwritable)?);
    }
    auths.0.retain(|(known, _)| *known == key || !is_spelling(known, host));
    auths.set(&key, entry.write(3)?);
    file.set("auths", auths.write(2)?);
    Ok(format!("{}\n", file.write(1)?.get()))
}

/// Returns the text of a file without the logins for a whole registry. `None` if it has none. Logins for parts of the
/// registry stay.
pub(crate) fn remove_login(text: &str, host: &Host) -> Result<Option<String>, EditError> {
    let mut file = ObjectText::parse(text, "the whole text")?;
    let mut auths = ObjectText::parse(file.get("auths").map_or("", RawValue::get), "`auths`")?;
    let before = auths.0.len();
    auths.0.retain(|(known, _)| !is_spelling(known, host));
    if auths.0.len() == before {
        return Ok(None);
    }
    file.set("auths", auths.write(2)?);
    Ok(Some(format!("{}\n", file.write(1)?.get())))
}

fn is_spelling(key: &str, host: &Host) -> bool {
    Key::of(key).registry_rank(key, host).is_some()
}

/// Returns the fields of an entry as docker writes them.
fn fields(login: &Login) -> Vec<(&'static str, String)> {
    match login {
        Login::Password { user, password } => {
            vec![("auth", STANDARD.encode(format!("{user}:{}", password.reveal())))]
        }
        Login::Identity(token) => {
            vec![("auth", STANDARD.encode("<token>:")), ("identitytoken", token.reveal().to_string())]
        }
        Login::Bearer(token) => vec![("registrytoken", token.reveal().to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::super::{File, FileLogin};
    use super::*;
    use crate::model::secret::Secret;

    fn host(text: &str) -> Host {
        Host::parse(text).expect("a host")
    }

    fn ann() -> Login {
        Login::Password { user: "ann".into(), password: Secret::new("p:w\u{e9}") }
    }

    fn stored(text: &str, rule: KeyRule, name: &str) -> Option<FileLogin> {
        File::parse(text).expect("a file").find(rule, &host(name), None).0
    }

    #[test]
    fn a_login_is_read_back_as_it_was_put_in() {
        for (name, rule) in [
            ("r.test:5000", KeyRule::Docker),
            ("docker.io", KeyRule::Docker),
            ("docker.io", KeyRule::Podman),
            ("r.test", KeyRule::Podman),
        ] {
            for login in [ann(), Login::Identity(Secret::new("i")), Login::Bearer(Secret::new("b"))] {
                for before in ["", "{}", "\u{feff}null", r#"{"auths":null}"#, r#"{"auths":{"r.test":{}}}"#] {
                    let text = put_login(before, rule, &host(name), Some(&login)).expect("a text");
                    assert_eq!(stored(&text, rule, name), Some(FileLogin::Login(login.clone())), "{text}");
                }
            }
        }
        let hub = put_login("", KeyRule::Docker, &host("docker.io"), Some(&ann())).expect("a text");
        assert!(hub.contains("\"https://index.docker.io/v1/\""), "{hub}");
    }

    /// docs/REGISTRIES.md §4.8: a program that writes the file keeps what it does not know.
    #[test]
    fn everything_else_keeps_its_text_and_its_order() {
        let before = "{\n  \"z\": 12345678901234567890.10,\n  \"HttpHeaders\": {\"X\": \"\\u00e9\"},\n  \"auths\": {\n    \"b.test\": {\"auth\": \"Yg==\", \"x\": [1 , 2]},\n    \"r.test\": {\"auth\":\"eA==\",\"email\":\"a@b\"},\n    \"https://r.test/v2/\": {\"auth\":\"eA==\"},\n    \"r.test/team\": {\"auth\":\"dDp0\"}\n  },\n  \"psFormat\": \"table {{.ID}}\"\n}";
        let text = put_login(before, KeyRule::Podman, &host("r.test"), Some(&ann())).expect("a text");
        for kept in [
            "\"z\": 12345678901234567890.10",
            "{\"X\": \"\\u00e9\"}",
            "{\"auth\": \"Yg==\", \"x\": [1 , 2]}",
            "\"email\": \"a@b\"",
            "\"r.test/team\": {\"auth\":\"dDp0\"}",
            "\"psFormat\": \"table {{.ID}}\"",
        ] {
            assert!(text.contains(kept), "{kept}\n{text}");
        }
        assert!(!text.contains("eA==") && !text.contains("https://r.test"), "{text}");
        let order: Vec<_> =
            ["\"z\"", "\"HttpHeaders\"", "\"auths\"", "\"b.test\"", "\"r.test\"", "\"psFormat\""]
                .iter()
                .map(|name| text.find(name))
                .collect();
        assert!(order.is_sorted() && order.iter().all(Option::is_some), "{text}");
        let without = remove_login(&text, &host("r.test")).expect("a text").expect("a change");
        assert!(without.contains("r.test/team") && !without.contains("\"r.test\""), "{without}");
        assert_eq!(remove_login(&without, &host("r.test")), Ok(None));
    }

    #[test]
    fn a_text_that_cannot_be_read_is_not_changed() {
        for (text, expected) in [
            ("{\"auths\": CANARY7", EditError::NotJson(1, 11)),
            ("{} {}", EditError::NotJson(1, 4)),
            ("[]", EditError::NotObject("the whole text")),
            (r#"{"auths":[1]}"#, EditError::NotObject("`auths`")),
        ] {
            assert_eq!(put_login(text, KeyRule::Docker, &host("r.test"), Some(&ann())), Err(expected));
            assert_eq!(remove_login(text, &host("r.test")), Err(expected));
        }
    }

    #[test]
    fn a_mark_for_a_helper_removes_the_password_that_stood_there() {
        let text = put_login("", KeyRule::Docker, &host("r.test"), Some(&ann())).expect("a text");
        let text = put_login(&text, KeyRule::Docker, &host("r.test"), None).expect("a text");
        assert_eq!(text, "{\n\t\"auths\": {\n\t\t\"r.test\": {}\n\t}\n}\n");
        assert_eq!(File::registries_of(&text), [host("r.test")]);
    }
}
