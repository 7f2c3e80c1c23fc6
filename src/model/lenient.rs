//! Reading JSON from outside, field by field: what is null, absent or of the wrong type hides itself, not its neighbours.
//!
//! The structs around these fields stay strict about one thing: a name that comes twice is an error.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

/// Reads a JSON object. Anything else is an error: serde would take a list for a struct.
pub fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let starts_well = bytes.trim_ascii_start().starts_with(b"{");
    serde_json::from_slice(bytes).ok().filter(|_| starts_well)
}

/// A value, or the default one.
pub fn value<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(read(<&RawValue>::deserialize(deserializer)?).unwrap_or_default())
}

/// A list without the elements that cannot be read.
pub fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    Ok(elements.into_iter().filter_map(read).collect())
}

/// A map to text, without the members that are no text.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    Ok(members.into_iter().filter_map(|(name, raw)| Some((name, read(raw)?))).collect())
}

/// The names of a map, whatever they map to: `{"80/tcp": {}}`.
pub fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    Ok(members.into_keys().collect())
}

/// A list of words, or one word alone.
pub fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    match read::<String>(raw) {
        Some(word) => Ok(vec![word]),
        None => {
            let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
            Ok(elements.into_iter().filter_map(read).collect())
        }
    }
}

/// A text that is not empty.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = value(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// A date by RFC 3339.
pub fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = value(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn read<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}
