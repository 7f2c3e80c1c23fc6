//! The JSON of the two lists of names: `_catalog` and `tags/list`, as servers really write it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::Cause;

/// The names under `member`; what is null, empty or no text is left out.
pub fn read(body: &[u8], member: &'static str) -> Result<Vec<String>, Cause> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let names = deserializer.deserialize_map(List { member });
    let names = names.and_then(|names| deserializer.end().map(|()| names));
    names.map_err(|error| match error.is_eof() {
        true => Cause::BadAnswer("the list breaks off in the middle".into()),
        false => Cause::BadAnswer("the answer is not the list that a registry sends".into()),
    })
}

struct List {
    member: &'static str,
}

impl<'de> Visitor<'de> for List {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
        let mut names = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != self.member {
                map.next_value::<IgnoredAny>()?;
            } else if names.is_some() {
                return Err(serde::de::Error::duplicate_field(self.member));
            } else {
                names = map.next_value::<Option<Names>>()?;
            }
        }
        Ok(names.unwrap_or_default().0)
    }
}

#[derive(Default)]
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        deserializer.deserialize_seq(Elements)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some(Element(name)) = list.next_element()? {
            names.extend(name.filter(|name| !name.is_empty()));
        }
        Ok(Names(names))
    }
}

/// A text, or anything else.
struct Element(Option<String>);

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Element, D::Error> {
        deserializer.deserialize_any(AnyElement)
    }
}

struct AnyElement;

impl<'de> Visitor<'de> for AnyElement {
    type Value = Element;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, name: &str) -> Result<Element, E> {
        Ok(Element(Some(name.to_owned())))
    }

    fn visit_string<E>(self, name: String) -> Result<Element, E> {
        Ok(Element(Some(name)))
    }

    fn visit_unit<E>(self) -> Result<Element, E> {
        Ok(Element(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Element, E> {
        Ok(Element(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Element, E> {
        Ok(Element(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Element, E> {
        Ok(Element(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Element, E> {
        Ok(Element(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Element, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Element(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Element(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// registries.md §10 rows 5 and 20, reliability.md C6.
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
            let read = read(body.as_bytes(), "tags").ok();
            assert_eq!(read, expected.map(|names| names.into_iter().map(String::from).collect()), "{body}");
        }
    }

    #[test]
    fn a_depth_bomb_is_refused() {
        let body = format!("{{\"tags\":[{}", "[".repeat(1_000_000));
        assert!(read(body.as_bytes(), "tags").is_err());
    }
}
