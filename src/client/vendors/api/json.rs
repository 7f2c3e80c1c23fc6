//! Reading values of an API: whatever is absent, null or of another type is not known.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::digest::Digest;
use crate::model::platform::Platform;
use crate::model::text::SafeText;

/// Longest description that is kept, in characters.
const LONGEST_TEXT: usize = 300;
/// Longest part of a platform's name, in bytes.
const LONGEST_PART: usize = 64;
/// Most platforms of an image that are kept.
const MOST_PLATFORMS: usize = 64;
/// The time before which no registry existed: servers write zero dates for events that never happened.
const FIRST_SECOND: i64 = 946_684_800;

/// Returns a member that is a text and not empty.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Returns a member that is a list.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> Option<&'a [Value]> {
    value.get(name)?.as_array().map(Vec::as_slice)
}

/// Returns a member that is a number of something, also one that is written as a text.
pub(crate) fn count(value: &Value, name: &str) -> Option<u64> {
    let value = value.get(name)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Returns a member that is a size in bytes. No image has none.
pub(crate) fn size(value: &Value, name: &str) -> Option<u64> {
    count(value, name).filter(|size| *size > 0)
}

/// Returns a member that is a point in time in the form of RFC 3339.
pub(crate) fn time(value: &Value, name: &str) -> Option<Timestamp> {
    text(value, name)?.parse().ok().filter(is_possible)
}

/// Returns a member that counts the seconds since 1970, or smaller units of which a second has `per_second`.
pub(crate) fn unix_time(value: &Value, name: &str, per_second: i64) -> Option<Timestamp> {
    let value = value.get(name)?;
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    Timestamp::from_second(number.checked_div(per_second)?).ok().filter(is_possible)
}

fn is_possible(time: &Timestamp) -> bool {
    time.as_second() > FIRST_SECOND
}

/// Returns a member that is a digest.
pub(crate) fn digest(value: &Value, name: &str) -> Option<Digest> {
    text(value, name)?.parse().ok()
}

/// Returns a member that describes something, in one line that may be shown.
pub(crate) fn description(value: &Value, name: &str) -> SafeText {
    let words = text(value, name).unwrap_or_default().split_whitespace();
    let line = words.collect::<Vec<_>>().join(" ");
    SafeText::clean(&line.chars().take(LONGEST_TEXT).collect::<String>())
}

/// Returns the platform that the members of a value name, if it is one.
fn platform(value: &Value) -> Option<Platform> {
    let part = |name| text(value, name).filter(|part| part.len() <= LONGEST_PART && !part.contains('/'));
    let parts = [part("os")?, part("architecture")?, part("variant").unwrap_or_default()];
    let name = parts.join("/");
    Platform::parse(&name).filter(|platform| !platform.is_unknown())
}

/// Returns the platforms that some values name, each once.
pub(crate) fn platforms<'a>(values: impl IntoIterator<Item = &'a Value>) -> Arc<[Platform]> {
    let mut found: Vec<Platform> = Vec::new();
    for platform in values.into_iter().filter_map(platform) {
        if found.len() == MOST_PLATFORMS {
            break;
        }
        if !found.contains(&platform) {
            found.push(platform);
        }
    }
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_another_form_are_not_known() {
        let value = serde_json::json!({
            "name": "app", "empty": "", "null": null, "size": 0, "text": "12", "zero": "0001-01-01T00:00:00.000Z",
            "pushed": "2024-05-06T05:20:30.5Z", "second": 1_700_000_000, "milli": "1700000000000", "list": {}
        });
        assert_eq!((text(&value, "name"), text(&value, "empty")), (Some("app"), None));
        assert_eq!(
            (count(&value, "text"), size(&value, "size"), count(&value, "null")),
            (Some(12), None, None)
        );
        assert_eq!((time(&value, "zero"), time(&value, "name")), (None, None));
        assert_eq!(time(&value, "pushed").map(|time| time.as_second()), Some(1_714_972_830));
        let second = unix_time(&value, "second", 1);
        assert!(second.is_some() && second == unix_time(&value, "milli", 1000));
        assert_eq!(list(&value, "list"), None);
        assert_eq!(description(&value, "none").as_str(), "");
        let windows = serde_json::json!({"os": "windows", "architecture": "amd64", "variant": ""});
        assert_eq!(platform(&windows).map(|platform| platform.to_string()).as_deref(), Some("windows/amd64"));
        assert_eq!(platform(&serde_json::json!({"os": "unknown", "architecture": "unknown"})), None);
    }
}
