//! The keys that the file binds to commands. They are checked while the file is read, so that an error is reported with
//! its line.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;

use crate::app::keymap;
use crate::app::keys::{KeyChord, KeyCommand, Keys};

/// The keys of some commands, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct KeySettings(Vec<Rebinding>);

/// The keys of one command.
#[derive(Debug, Clone)]
struct Rebinding {
    command: &'static KeyCommand,
    keys: Vec<KeyChord>,
    span: Range<usize>,
}

/// The place of the setting in the file does not matter.
impl PartialEq for KeySettings {
    fn eq(&self, other: &KeySettings) -> bool {
        self.keys() == other.keys()
    }
}

impl Eq for KeySettings {}

impl KeySettings {
    /// Returns the keys of all commands.
    pub fn keys(&self) -> Keys {
        let mut keys = Keys::default();
        for Rebinding { command, keys: chords, .. } in &self.0 {
            if chords != command.keys {
                keys.rebind(command.name, chords.clone());
            }
        }
        keys
    }

    /// Fails if the keys do not fit together, with the place in the file and the problem.
    pub(super) fn check(&self) -> Result<(), (Range<usize>, String)> {
        keymap::check(&self.keys()).map_err(|problem| {
            let place =
                self.0.iter().rev().find(|rebinding| problem.commands.contains(&rebinding.command.name));
            (place.map(|rebinding| rebinding.span.clone()).unwrap_or_default(), problem.text)
        })
    }
}

impl<'de> Deserialize<'de> for KeySettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KeySettings, D::Error> {
        let mut all = Vec::new();
        deserializer.deserialize_map(Names { prefix: "", all: &mut all })?;
        Ok(KeySettings(all))
    }
}

impl Serialize for KeySettings {
    /// Writes the commands with their keys.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = |keys: &[KeyChord]| keys.iter().map(KeyChord::to_string).collect::<Vec<_>>();
        serializer.collect_map(self.0.iter().map(|bound| (bound.command.name, texts(&bound.keys))))
    }
}

/// Reads names with their keys. `"tags.delete" = "D"`, `tags.delete = "D"` and `[keys.tags]` mean the same.
struct Names<'a> {
    prefix: &'a str,
    all: &'a mut Vec<Rebinding>,
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("commands with their keys, such as `tags.delete = \"D\"`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Spanned<String>>()? {
            let span = name.span();
            let name = match self.prefix {
                "" => name.into_inner(),
                prefix => format!("{prefix}.{}", name.into_inner()),
            };
            map.next_value_seed(Value { name, span, all: self.all })?;
        }
        Ok(())
    }
}

/// Reads the keys of a command, or the commands below a part of a name.
struct Value<'a> {
    name: String,
    span: Range<usize>,
    all: &'a mut Vec<Rebinding>,
}

impl Value<'_> {
    fn bind<E: Error>(self, keys: &[String]) -> Result<(), E> {
        let Some(command) = keymap::command(&self.name) else {
            let nearest = keymap::nearest_command(&self.name).map(|name| format!("; did you mean `{name}`?"));
            let nearest = nearest.unwrap_or_else(|| ":".into());
            let text = format_args!("there is no command of this name{nearest} `regtui keys` lists all");
            return Err(E::custom(text));
        };
        if self.all.iter().any(|other| other.command.name == command.name) {
            return Err(E::custom(format_args!("`{}` is listed twice", command.name)));
        }
        let read = |text: &String| {
            text.parse::<KeyChord>().map_err(|bad| E::custom(format_args!("{}: {bad}", quoted(text))))
        };
        let keys = keys.iter().map(read).collect::<Result<_, _>>()?;
        self.all.push(Rebinding { command, keys, span: self.span });
        Ok(())
    }
}

/// Returns the text of a key for a message. A long text is no key, and may be a secret in the wrong place.
fn quoted(text: &str) -> String {
    match text.chars().count() {
        0..=3 => format!("`{text}`"),
        _ if text.contains('-') && text.len() <= 12 => format!("`{text}`"),
        _ => "this text".into(),
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key or a list of keys")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.bind(&[text.to_string()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut keys: Vec<String> = Vec::new();
        while let Some(key) = seq.next_element()? {
            keys.push(key);
        }
        self.bind(&keys)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Names { prefix: &self.name, all: self.all }.visit_map(map)
    }
}

#[cfg(test)]
mod tests {
    use crate::app::keymap;
    use crate::config::Config;

    fn names(text: &str, command: &str) -> String {
        let keys = Config::parse(text).expect(text).keys.keys();
        keys.names(keymap::command(command).expect(command))
    }

    #[test]
    fn commands_are_bound_to_one_key_to_several_or_to_none() {
        assert_eq!(names("[keys]\n\"tags.delete\" = [\"F8\", \"ctrl-x\"]", "tags.delete"), "F8 Ctrl-x");
        assert_eq!(names("[keys]\ntags.delete = \"F8\"", "tags.delete"), "F8");
        assert_eq!(names("[keys.plan]\nconfirm = \"F5\"", "plan.confirm"), "F5");
        assert_eq!(names("[keys]\ntags.delete = []", "tags.delete"), "");
        assert_eq!(names("[keys]\ntags.delete = \"F8\"", "tags.copy"), "c");
    }

    #[test]
    fn wrong_keys_are_named_with_their_line() {
        for (line, text, said) in [
            (2, "[keys]\n\"tags.delte\" = \"D\"", "did you mean `tags.delete`?"),
            (3, "[keys]\ntags.copy = \"x\"\ntags.delete = \"x\"", "`x` is bound to"),
            (2, "[keys]\ntags.delete = \"c\"", "`c` is bound to"),
            (2, "[keys]\ntags.delete = \"hyper-x\"", "`hyper-x`: a key is expected"),
            (3, "[keys]\ntags.copy = \"x\"\ntags.delete = [\"D\", \"ctrl-i\"]", "as for `Tab`"),
            (2, "[keys]\ntags.delete = true", "a key or a list of keys"),
            (3, "[keys]\ntags.delete = \"D\"\n\"tags.delete\" = \"x\"", "is listed twice"),
            (2, "[keys]\nretag.plan = \"x\"", "typed"),
            (4, "\n\n[keys]\neverywhere.quit = []", "must keep a key"),
            (2, "[keys]\ndialog.cancel = []", "must keep a key"),
            (2, "[keys]\njobs.stop = \"Esc\"", "takes the last key of `dialog.cancel`"),
        ] {
            let problem = Config::parse(text).expect_err(text);
            assert!(problem.contains(&format!("line {line}")), "{text}:\n{problem}");
            assert!(problem.contains(said), "{text}:\n{problem}");
        }
    }

    #[test]
    fn a_password_among_the_keys_is_not_quoted() {
        for text in ["[keys]\npassword = \"CANARY7\"", "[keys]\ntags.delete = \"CANARY7\""] {
            let problem = Config::parse(text).expect_err(text);
            assert!(!problem.contains("CANARY7"), "{problem}");
        }
    }
}
