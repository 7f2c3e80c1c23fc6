//! The header of a safetensors file: <https://github.com/huggingface/safetensors#format>.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{fact, parameters, value};
use crate::model::plural::counted;
use crate::model::size;
use crate::model::text::SafeText;

/// Bytes of the length of the header.
const LENGTH: u64 = 8;
/// The longest header that the format allows.
const LONGEST: u64 = 100_000_000;
/// Most tensors that are shown.
const MOST_TENSORS: usize = 200;
/// Most values of metadata that are shown.
const MOST_VALUES: usize = 100;

/// Returns the end of the header in the file.
pub(super) fn header_end(start: &[u8]) -> Option<u64> {
    let length = start.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes))?;
    Some(length).filter(|length| (2..=LONGEST).contains(length)).map(|length| LENGTH + length)
}

/// Returns whether a file begins like this format.
pub(super) fn is_one(start: &[u8], file_size: u64) -> bool {
    start.get(LENGTH as usize) == Some(&b'{') && header_end(start).is_some_and(|end| end <= file_size)
}

/// A tensor in the header.
#[derive(Debug, serde::Deserialize)]
struct Tensor<'a> {
    #[serde(borrow)]
    dtype: Cow<'a, str>,
    shape: Vec<u64>,
}

/// Texts, the first ones.
#[derive(Debug, Default)]
struct Texts(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some((key, text)) = map.next_entry::<Cow<'de, str>, Cow<'de, str>>()? {
                    if texts.0.len() < MOST_VALUES {
                        texts.0.push((value(key.as_bytes()), value(text.as_bytes())));
                    }
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_map(TextVisitor)
    }
}

/// The header.
#[derive(Debug, Default)]
struct Header {
    metadata: Texts,
    /// The name, the type and the shape of the first tensors.
    shown: Vec<(String, String, Vec<u64>)>,
    tensors: usize,
    parameters: u64,
    /// The number of tensors and their elements, by type.
    types: BTreeMap<String, (usize, u64)>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Header, D::Error> {
        struct HeaderVisitor;
        impl<'de> Visitor<'de> for HeaderVisitor {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    if name == "__metadata__" {
                        header.metadata = map.next_value()?;
                    } else {
                        header.add(&name, map.next_value()?);
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(HeaderVisitor)
    }
}

impl Header {
    fn add(&mut self, name: &str, tensor: Tensor<'_>) {
        let count = tensor.shape.iter().fold(1_u64, |all, size| all.saturating_mul(*size));
        let dtype = value(tensor.dtype.as_bytes());
        self.tensors += 1;
        self.parameters = self.parameters.saturating_add(count);
        // A header that invents types has one row for the rest of them.
        let is_new = !self.types.contains_key(&dtype) && self.types.len() >= 20;
        let of_type = self.types.entry(if is_new { "other".into() } else { dtype.clone() }).or_default();
        *of_type = (of_type.0 + 1, of_type.1.saturating_add(count));
        if self.shown.len() < MOST_TENSORS {
            let shape = tensor.shape.into_iter().take(8).collect();
            self.shown.push((value(name.as_bytes()), dtype, shape));
        }
    }
}

/// Returns the facts.
pub(super) fn describe(start: &[u8], file_size: u64) -> Vec<SafeText> {
    let end = header_end(start).unwrap_or(u64::MAX);
    let json = usize::try_from(end).ok().and_then(|end| start.get(LENGTH as usize..end));
    let Some(json) = json else {
        let why = format!(
            "its header has {}, more than the {} that were read",
            size::bytes(end.saturating_sub(LENGTH)),
            size::bytes(start.len() as u64)
        );
        return vec!["safetensors model".into(), fact("incomplete", why)];
    };
    let mut facts = Vec::new();
    match serde_json::from_slice::<Header>(json) {
        Ok(header) => {
            let tensors = counted(header.tensors, "tensor", "tensors");
            let bytes = size::bytes(file_size.saturating_sub(end));
            facts.push(SafeText::from(format!("safetensors model: {tensors} in {bytes}")));
            facts.push(fact("parameters", parameters(header.parameters)));
            let mut types: Vec<_> = header.types.iter().collect();
            types.sort_by_key(|(_, (_, elements))| Reverse(*elements));
            let types: Vec<String> = types
                .iter()
                .map(|(name, (count, elements))| format!("{count} {name} ({})", parameters(*elements)))
                .collect();
            facts.push(fact("tensors", types.join(", ")));
            facts.extend(header.metadata.0.iter().map(|(name, text)| fact(name, text)));
            facts.push(SafeText::default());
            facts.extend(header.shown.iter().map(|(name, dtype, shape)| {
                let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
                SafeText::clean(&format!("{dtype:<8} [{}]  {name}", shape.join(", ")))
            }));
            let left_out = header.tensors.saturating_sub(header.shown.len());
            if left_out > 0 {
                facts.push(SafeText::from(format!("… and {}", counted(left_out, "tensor", "tensors"))));
            }
        }
        Err(error) => {
            facts.push("safetensors model".into());
            facts.push(fact("damaged", format!("its header is no list of tensors: {error}")));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(json: &[u8]) -> Vec<u8> {
        [&(json.len() as u64).to_le_bytes()[..], json].concat()
    }

    fn described(bytes: &[u8], file_size: u64) -> String {
        assert!(is_one(bytes, file_size));
        describe(bytes, file_size).iter().map(|fact| format!("{fact}\n")).collect()
    }

    #[test]
    fn a_header_tells_tensors_types_parameters_and_metadata() {
        let bytes = file(
            br#"{"__metadata__":{"format":"pt\u001b"},
            "wte.weight":{"dtype":"BF16","shape":[50257,768],"data_offsets":[0,77194752]},
            "scale":{"dtype":"F32","shape":[],"data_offsets":[77194752,77194756]}}"#,
        );
        let text = described(&bytes, 77_194_756 + bytes.len() as u64);
        for part in [
            "safetensors model: 2 tensors in 77.2 MB",
            "parameters       38.59 million",
            "tensors          1 BF16 (38.59 million), 1 F32 (1)",
            "format           pt␛",
            "BF16     [50257, 768]  wte.weight",
            "F32      []  scale",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn headers_that_lie_or_are_none_are_damage() {
        let deep = [&b"{\"a\":{\"dtype\":"[..], &b"[".repeat(100_000)].concat();
        let shape = br#"{"t":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807]}}"#;
        let none = br#"{"t":[1,2]}"#;
        let bytes = b"{\"\xff\xfe\":{\"dtype\":\"F32\",\"shape\":[1]}}";
        for (json, part) in [
            (&deep[..], "its header is no list of tensors: "),
            (&shape[..], "18446744.07 trillion"),
            (&none[..], "its header is no list of tensors: invalid type"),
            (&bytes[..], "its header is no list of tensors: "),
        ] {
            let text = described(&file(json), 1 << 30);
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_header_longer_than_the_bytes_is_incomplete_and_one_longer_than_the_file_is_none() {
        let start = [&80_000_000_u64.to_le_bytes()[..], b"{\"a\":"].concat();
        assert_eq!(header_end(&start), Some(80_000_008));
        assert!(
            described(&start, 1 << 40).contains("its header has 80 MB, more than the 13 B that were read")
        );
        assert!(!is_one(&start, 1_000));
        for length in [0, 1, LONGEST + 1, u64::MAX] {
            assert!(!is_one(&[&length.to_le_bytes()[..], b"{}"].concat(), u64::MAX), "{length}");
        }
    }
}
