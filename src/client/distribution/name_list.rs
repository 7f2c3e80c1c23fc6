//! The JSON of the two lists of names: `_catalog` and `tags/list`, as servers really write it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::client::error::Cause;

/// Passes the names under `member` to `take`, one by one. Elements that are null, empty or not a text are left out. If
/// this fails, the caller must discard the names that it was passed before.
pub(crate) fn read(body: &[u8], member: &'static str, mut take: impl FnMut(&str)) -> Result<(), Cause> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = deserializer.deserialize_map(NameList { member, take: &mut take });
    let read = read.and_then(|()| deserializer.end());
    read.map_err(|error| {
        if error.is_eof() {
            Cause::BadAnswer("the list breaks off in the middle".into())
        } else {
            Cause::BadAnswer("the answer is not the list that a registry sends".into())
        }
    })
}

struct NameList<'t, F> {
    member: &'static str,
    take: &'t mut F,
}

impl<'de, F: FnMut(&str)> Visitor<'de> for NameList<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_read = false;
        while let Some(key) = map.next_key::<String>()? {
            if key != self.member {
                map.next_value::<IgnoredAny>()?;
            } else if std::mem::replace(&mut is_read, true) {
                return Err(serde::de::Error::duplicate_field(self.member));
            } else {
                map.next_value_seed(NamesOrNull(&mut *self.take))?;
            }
        }
        Ok(())
    }
}

/// A list of names, or null.
struct NamesOrNull<'t, F>(&'t mut F);

impl<'de, F: FnMut(&str)> DeserializeSeed<'de> for NamesOrNull<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, F: FnMut(&str)> Visitor<'de> for NamesOrNull<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Element(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// A text, or anything else.
struct Element<'t, F>(&'t mut F);

impl<'de, F: FnMut(&str)> DeserializeSeed<'de> for Element<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&str)> Visitor<'de> for Element<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        if !name.is_empty() {
            (self.0)(name);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/REGISTRIES.md §10 rows 5 and 20, docs/RELIABILITY.md C6.
    #[test]
    fn names_are_read_and_everything_else_is_left_out() {
        let table = [
            (r#"{"tags":["b","a"]}"#, Some(vec!["b", "a"])),
            (r#"{"name":"x","tags":null}"#, Some(vec![])),
            (r#"{"name":"x"}"#, Some(vec![])),
            (r#"{"tags":[null,1,-1,1.5,true,"",{"a":[1]},["c"],"a"]}"#, Some(vec!["a"])),
            (r#"{"tags":["\u001b[2J"],"manifest":{"sha256:1":{"tag":["v"]}}}"#, Some(vec!["\u{1b}[2J"])),
            (r#"{"tags":["a"],"tags":["b"]}"#, None),
            (r#"{"tags":{"a":1}}"#, None),
            (r#"{"tags":"a"}"#, None),
            (r#"{"tags":["a"]} x"#, None),
            (r#"{"tags":["a""#, None),
            ("[]", None),
            ("true", None),
            ("", None),
            ("\u{feff}{}", None),
        ];
        for (body, expected) in table {
            let mut names = Vec::new();
            let read = read(body.as_bytes(), "tags", |name| names.push(name.to_string()));
            assert_eq!(read.is_ok(), expected.is_some(), "{body}");
            assert!(expected.is_none_or(|expected| expected == names), "{body}");
        }
    }

    #[test]
    fn a_depth_bomb_is_refused() {
        let body = format!("{{\"tags\":[{}", "[".repeat(1_000_000));
        assert!(read(body.as_bytes(), "tags", |_| ()).is_err());
    }
}
