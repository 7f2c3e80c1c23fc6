//! Lenient parsing of JSON from outside, field by field: a value that is null, absent or of the wrong type hides its
//! field, and no other.
//!
//! The structs of manifests around these fields stay strict about one thing: a name that comes twice is an error. Configs
//! are read through [`Members`], which takes them as Go does.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::capped::{Capped, MOST};

/// Parses a JSON object. Anything else is an error, because serde would accept a list for a struct.
pub(crate) fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let starts_well = bytes.trim_ascii_start().starts_with(b"{");
    serde_json::from_slice(bytes).ok().filter(|_| starts_well)
}

/// Decodes a document as text. A byte order mark is removed, UTF-16 is read if a mark announces it, and bytes that are no
/// UTF-8 are replaced, as builders on Windows write them.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(read);
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8_lossy(text),
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes).into(),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes).into(),
        text => String::from_utf8_lossy(text),
    }
}

/// The members of an object as Go's `encoding/json` reads them: a name fits whatever its case, and the last member of a
/// name counts. Most builders and clients are written in Go: <https://pkg.go.dev/encoding/json#Unmarshal>. Only for
/// documents that nothing is decided by: two readers of a manifest must never see two different things.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(HashMap<&'static str, &'a RawValue>);

impl<'a> Members<'a> {
    /// Reads the members with these names, which are in lower case. Returns `None` if the text is no object.
    pub(crate) fn of(text: &'a str, names: &'static [&'static str]) -> Option<Members<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let members = deserializer.deserialize_map(NamedMembers { names, found: HashMap::new() }).ok()?;
        deserializer.end().ok()?;
        Some(Members(members))
    }

    /// Reads the members of a member that is an object. Anything else has none.
    pub(crate) fn object(&self, name: &str, names: &'static [&'static str]) -> Members<'a> {
        self.0.get(name).and_then(|raw| Members::of(raw.get(), names)).unwrap_or_default()
    }

    /// Reads a member with one of the functions of this module. A member that is absent or of another type has the
    /// default value.
    pub(crate) fn read<T: Default>(
        &self,
        name: &str,
        read: impl FnOnce(&'a RawValue) -> Result<T, serde_json::Error>,
    ) -> T {
        self.0.get(name).and_then(|raw| read(raw).ok()).unwrap_or_default()
    }

    /// Reads a member that is a list of objects. Elements that are none are dropped.
    pub(crate) fn objects<T>(
        &self,
        name: &str,
        names: &'static [&'static str],
        mut take: impl FnMut(&Members<'a>) -> T,
    ) -> Capped<Vec<T>> {
        self.objects_within(name, names, |members| Some((take(members), 0)))
    }

    /// Reads a member that is a list of objects with `take`, which returns for each element the result and its weight, as
    /// [`kept_of`] counts it. Elements for which it returns `None` are dropped.
    pub(crate) fn objects_within<T>(
        &self,
        name: &str,
        names: &'static [&'static str],
        mut take: impl FnMut(&Members<'a>) -> Option<(T, usize)>,
    ) -> Capped<Vec<T>> {
        let mut element = |raw: &'a RawValue| take(&Members::of(raw.get(), names)?);
        self.0.get(name).and_then(|raw| kept_of(*raw, &mut element).ok()).unwrap_or_default()
    }

    /// Returns whether there is a member of this name, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the JSON text of a member.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|raw| raw.get())
    }
}

/// A reader that keeps the members with some names.
struct NamedMembers<'a> {
    names: &'static [&'static str],
    found: HashMap<&'static str, &'a RawValue>,
}

impl<'a> Visitor<'a> for NamedMembers<'a> {
    type Value = HashMap<&'static str, &'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some((name, raw)) = map.next_entry::<LossyText, &RawValue>()? {
            if let Some(name) = self.names.iter().find(|known| known.eq_ignore_ascii_case(&name.0)) {
                self.found.insert(name, raw);
            }
        }
        Ok(self.found)
    }
}

/// A text in which halves of surrogate pairs that stand alone are replaced.
struct LossyText(String);

impl<'de> Deserialize<'de> for LossyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LossyText, D::Error> {
        deserializer.deserialize_byte_buf(LossyTextVisitor)
    }
}

struct LossyTextVisitor;

impl Visitor<'_> for LossyTextVisitor {
    type Value = LossyText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E>(self, text: &[u8]) -> Result<LossyText, E> {
        Ok(LossyText(String::from_utf8_lossy(text).into_owned()))
    }

    fn visit_str<E>(self, text: &str) -> Result<LossyText, E> {
        Ok(LossyText(text.to_owned()))
    }
}

/// Parses a value, or returns the default.
pub(crate) fn value<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(read(<&RawValue>::deserialize(deserializer)?).unwrap_or_default())
}

/// Parses a list and drops the elements that cannot be read.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Capped<Vec<T>>, D::Error> {
    kept_of(deserializer, |raw| Some((read(raw)?, 0)))
}

/// Parses a list with `take`, which returns for each element the result and the number of elements inside it. The list
/// also ends if there are more than [`MOST_INSIDE`] of those in all.
pub(crate) fn kept_of<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    take: impl FnMut(&'de RawValue) -> Option<(T, usize)>,
) -> Result<Capped<Vec<T>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let elements = Elements { take, kept: Vec::new(), left_out: 0, inside: 0 };
    Ok(serde_json::Deserializer::from_str(raw.get()).deserialize_seq(elements).unwrap_or_default())
}

/// Parses a map of texts and drops the members that are not text.
pub(crate) fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Capped<BTreeMap<String, String>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let members = AllMembers { take: read_text, kept: BTreeMap::new(), left_out: 0 };
    Ok(serde_json::Deserializer::from_str(raw.get()).deserialize_map(members).unwrap_or_default())
}

/// Parses the names of a map, whatever their values: `{"80/tcp": {}}`. Some builders write a list of the names instead.
pub(crate) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Capped<Vec<String>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    if raw.get().starts_with('[') {
        return strings(raw).or(Ok(Capped::default()));
    }
    let members = AllMembers { take: |_: &RawValue| Some(()), kept: BTreeMap::new(), left_out: 0 };
    let members = serde_json::Deserializer::from_str(raw.get()).deserialize_map(members).unwrap_or_default();
    let left_out = members.left_out();
    Ok(Capped::new(members.into_iter().map(|(name, ())| name).collect(), left_out))
}

/// Parses a list of words, or a single word.
pub(crate) fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Capped<Vec<String>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    match read_text(raw) {
        Some(word) => Ok(vec![word].into()),
        None => strings(raw).or(Ok(Capped::default())),
    }
}

/// Parses a list of texts and drops the elements that are none.
pub(crate) fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Capped<Vec<String>>, D::Error> {
    kept_of(deserializer, |raw| Some((read_text(raw)?, 0)))
}

/// The greatest number of elements inside the elements of one list that are kept: annotations of layers and the like.
const MOST_INSIDE: usize = 100_000;

/// A reader that keeps the first elements of a list and counts the others.
struct Elements<T, F> {
    take: F,
    kept: Vec<T>,
    left_out: usize,
    inside: usize,
}

impl<'de, T, F: FnMut(&'de RawValue) -> Option<(T, usize)>> Visitor<'de> for Elements<T, F> {
    type Value = Capped<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Capped<Vec<T>>, A::Error> {
        while self.kept.len() < MOST && self.inside <= MOST_INSIDE {
            let Some(raw) = list.next_element()? else { break };
            if let Some((element, inside)) = (self.take)(raw) {
                self.kept.push(element);
                self.inside += inside;
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.left_out += 1;
        }
        Ok(Capped::new(self.kept, self.left_out))
    }
}

/// A reader that keeps the first members of a map and counts the others.
struct AllMembers<V> {
    take: fn(&RawValue) -> Option<V>,
    kept: BTreeMap<String, V>,
    left_out: usize,
}

impl<'de, V> Visitor<'de> for AllMembers<V> {
    type Value = Capped<BTreeMap<String, V>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        while self.kept.len() < MOST {
            let Some((name, raw)) = map.next_entry::<String, &RawValue>()? else { break };
            if let Some(value) = (self.take)(raw) {
                self.kept.insert(name, value);
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            self.left_out += 1;
        }
        Ok(Capped::new(self.kept, self.left_out))
    }
}

/// Parses a text; an empty one counts as absent.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = read_text(<&RawValue>::deserialize(deserializer)?);
    Ok(text.filter(|text| !text.is_empty()))
}

/// Parses a whole number, which may be written as a text, as protobuf writes one of 64 bits.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(raw.get().trim_matches('"').parse().ok())
}

/// Parses a date by RFC 3339.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = value(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn read_text(raw: &RawValue) -> Option<String> {
    read::<LossyText>(raw).map(|text| text.0)
}

fn read<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_of(text: &str) -> Capped<Vec<u64>> {
        let raw: &RawValue = serde_json::from_str(text).expect("JSON");
        list(raw).expect("a list")
    }

    #[test]
    fn a_list_keeps_its_first_elements_and_counts_the_others() {
        let of = |count: usize| list_of(&format!("[{}]", vec!["7"; count].join(",")));
        assert_eq!((of(MOST).len(), of(MOST).left_out()), (MOST, 0));
        assert_eq!((of(MOST + 3).len(), of(MOST + 3).left_out()), (MOST, 3));
        assert_eq!(*list_of(r#"[1,"x",null,2]"#), [1, 2], "what cannot be read is left out as ever");
        assert_eq!(list_of(r#"{"no":"list"}"#), Capped::default());
    }

    #[test]
    fn a_map_keeps_its_first_members_and_counts_the_others() {
        let members: Vec<String> = (0..MOST + 5).map(|number| format!(r#""k{number}":"v""#)).collect();
        let text = format!("{{{}}}", members.join(","));
        let raw: &RawValue = serde_json::from_str(&text).expect("JSON");
        let (values, named) = (texts(raw).expect("a map"), names(raw).expect("a map"));
        assert_eq!((values.len(), values.left_out()), (MOST, 5));
        assert_eq!((named.len(), named.left_out()), (MOST, 5));
    }

    #[test]
    fn the_content_of_elements_counts_towards_the_end_of_a_list() {
        let raw: &RawValue = serde_json::from_str("[1,2,3,4]").expect("JSON");
        let kept = kept_of(raw, |_| Some(((), MOST_INSIDE / 2 + 1))).expect("a list");
        assert_eq!((kept.len(), kept.left_out()), (2, 2));
    }
}
