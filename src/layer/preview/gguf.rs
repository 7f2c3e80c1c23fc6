//! The header of a GGUF model: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::cursor::{Cursor, ReadError};
use super::{fact, parameters, value};
use crate::model::plural::{counted, group_thousands};
use crate::model::size;
use crate::model::text::SafeText;

/// The first bytes.
pub(super) const MAGIC: &[u8] = b"GGUF";
/// Bytes that are read at first to see how long the header is.
const FIRST: u64 = 256 << 10;
/// Most values of metadata that are shown.
const MOST_VALUES: usize = 200;
/// The longest name of a value that the format allows.
const LONGEST_KEY: u64 = 65_535;
/// Most dimensions of a tensor. Programs know four.
const MOST_DIMENSIONS: u64 = 8;

/// Widths of the types of values, by number. 0 is no fixed width.
const WIDTHS: [u64; 13] = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const STRING: u64 = 8;
const ARRAY: u64 = 9;

/// The header, as far as it could be read.
#[derive(Debug, Default)]
struct Header {
    version: u64,
    tensors: u64,
    values: u64,
    /// Names and values of metadata, the first ones.
    metadata: Vec<(String, String)>,
    /// The quantization by its number.
    file_type: Option<u64>,
    /// The number of tensors by their type.
    types: BTreeMap<u64, u64>,
    parameters: u64,
    /// The number of tensors that were read.
    tensors_read: u64,
    /// Why the rest was not read.
    error: Option<ReadError>,
}

impl Header {
    fn read(start: &[u8], file_size: u64) -> Header {
        let mut header = Header::default();
        header.error = header.fill(start, file_size).err();
        header
    }

    fn fill(&mut self, start: &[u8], file_size: u64) -> Result<(), ReadError> {
        let mut cursor = Cursor::new(start, file_size, false);
        cursor.skip(MAGIC.len() as u64)?;
        self.version = cursor.number(4)?;
        // The version is a small number, so its place tells the order of bytes.
        if self.version & 0xffff == 0 && self.version > 0 {
            cursor = Cursor::new(start, file_size, true);
            cursor.skip(MAGIC.len() as u64)?;
            self.version = cursor.number(4)?;
        }
        let width = match self.version {
            1 => 4,
            2 | 3 => 8,
            _ => return Err(ReadError::Wrong("its version is not known")),
        };
        self.tensors = cursor.number(width)?;
        self.values = cursor.number(width)?;
        for _ in 0..self.values {
            self.read_value(&mut cursor, width)?;
        }
        for _ in 0..self.tensors {
            self.read_tensor(&mut cursor, width)?;
        }
        Ok(())
    }

    fn read_value(&mut self, cursor: &mut Cursor<'_>, width: u64) -> Result<(), ReadError> {
        let length = cursor.number(width)?;
        if length > LONGEST_KEY {
            return Err(ReadError::Wrong("the name of a value is too long"));
        }
        let key = cursor.take(length)?;
        let kind = cursor.number(4)?;
        let text = match kind {
            STRING => {
                let length = cursor.number(width)?;
                value(cursor.take(length)?)
            }
            ARRAY => read_array(cursor, width)?,
            _ => {
                let bytes = cursor.number(scalar_width(kind)?)?;
                if key == b"general.file_type" {
                    self.file_type = Some(bytes);
                }
                scalar(kind, bytes)
            }
        };
        if self.metadata.len() < MOST_VALUES {
            self.metadata.push((value(key), text));
        }
        Ok(())
    }

    fn read_tensor(&mut self, cursor: &mut Cursor<'_>, width: u64) -> Result<(), ReadError> {
        let length = cursor.number(width)?;
        cursor.skip(length)?;
        let dimensions = cursor.number(4)?;
        if dimensions > MOST_DIMENSIONS {
            return Err(ReadError::Wrong("a tensor has too many dimensions"));
        }
        let mut count = 1_u64;
        for _ in 0..dimensions {
            count = count.saturating_mul(cursor.number(width)?);
        }
        let kind = cursor.number(4)?;
        cursor.skip(8)?;
        *self.types.entry(kind).or_default() += 1;
        self.parameters = self.parameters.saturating_add(count);
        self.tensors_read += 1;
        Ok(())
    }

    fn text_of(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, text)| text.as_str())
    }
}

/// Passes over an array, and returns its length in words, with its first elements if they are numbers.
fn read_array(cursor: &mut Cursor<'_>, width: u64) -> Result<String, ReadError> {
    let (kind, count) = (cursor.number(4)?, cursor.number(width)?);
    match kind {
        STRING => {
            for _ in 0..count {
                let length = cursor.number(width)?;
                cursor.skip(length)?;
            }
            Ok(counted_values(count, "text", "texts"))
        }
        ARRAY => Err(ReadError::Wrong("an array holds arrays")),
        _ => {
            let element = scalar_width(kind)?;
            let all = count.checked_mul(element);
            let all = all.ok_or(ReadError::Wrong("a length leads beyond the end of the file"))?;
            let mut first = cursor.clone();
            cursor.skip(all)?;
            let shown: Result<Vec<_>, _> =
                (0..count.min(8)).map(|_| Ok(scalar(kind, first.number(element)?))).collect();
            let more = if count > 8 { ", …" } else { "" };
            Ok(format!("{}: {}{more}", counted_values(count, "number", "numbers"), shown?.join(", ")))
        }
    }
}

fn counted_values(count: u64, one: &str, many: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), one, many)
}

fn scalar_width(kind: u64) -> Result<u64, ReadError> {
    let width = usize::try_from(kind).ok().and_then(|kind| WIDTHS.get(kind)).copied();
    width.filter(|width| *width > 0).ok_or(ReadError::Wrong("a value has an unknown type"))
}

/// Returns a value of a fixed width as text.
fn scalar(kind: u64, bits: u64) -> String {
    match kind {
        1 => (bits as u8).cast_signed().to_string(),
        3 => (bits as u16).cast_signed().to_string(),
        5 => (bits as u32).cast_signed().to_string(),
        6 => f32::from_bits(bits as u32).to_string(),
        7 => (bits != 0).to_string(),
        11 => bits.cast_signed().to_string(),
        12 => f64::from_bits(bits).to_string(),
        _ => bits.to_string(),
    }
}

/// Returns how many bytes hold the header, as far as these show that.
pub(super) fn bytes_needed(start: &[u8], file_size: u64) -> u64 {
    match Header::read(start, file_size).error {
        // The lengths behind it are not known yet, so twice as many are read.
        Some(ReadError::Beyond(end)) => end.max(2 * start.len() as u64).max(FIRST),
        Some(ReadError::Wrong(_)) | None => start.len() as u64,
    }
}

/// Returns the facts.
pub(super) fn describe(start: &[u8], file_size: u64) -> Vec<SafeText> {
    let header = Header::read(start, file_size);
    let mut facts = vec![SafeText::from(format!(
        "GGUF model, version {}: {}, {} of metadata",
        header.version,
        counted_values(header.tensors, "tensor", "tensors"),
        counted_values(header.values, "value", "values"),
    ))];
    match header.error {
        Some(ReadError::Wrong(why)) => facts.push(fact("damaged", why)),
        Some(ReadError::Beyond(_)) => {
            let read = size::bytes(start.len() as u64);
            facts.push(fact("incomplete", format!("its header has more than the {read} that were read")));
        }
        None => {}
    }
    for (name, key) in [("name", "general.name"), ("architecture", "general.architecture")] {
        facts.extend(header.text_of(key).map(|text| fact(name, text)));
    }
    let context = header.text_of("general.architecture").map(|name| format!("{name}.context_length"));
    if let Some(context) = context.and_then(|key| header.text_of(&key)).and_then(|text| text.parse().ok()) {
        facts.push(fact("context", format!("{} tokens", group_thousands(context))));
    }
    if header.tensors_read > 0 {
        let all = parameters(header.parameters);
        let part = if header.tensors_read < header.tensors { " or more" } else { "" };
        facts.push(fact("parameters", format!("{all}{part}")));
    }
    if let Some(number) = header.file_type {
        facts.push(fact("quantization", file_type(number)));
    }
    if !header.types.is_empty() {
        let mut types: Vec<_> = header.types.iter().collect();
        types.sort_by_key(|(_, count)| Reverse(**count));
        let types: Vec<String> =
            types.iter().take(12).map(|(kind, count)| format!("{count} {}", tensor_type(**kind))).collect();
        facts.push(fact("tensors", types.join(", ")));
    }
    facts.push(SafeText::default());
    facts.extend(header.metadata.iter().map(|(name, text)| SafeText::clean(&format!("{name}  {text}"))));
    let left_out = header.values.saturating_sub(header.metadata.len() as u64);
    if left_out > 0 {
        facts.push(SafeText::from(format!("… and {}", counted_values(left_out, "value", "values"))));
    }
    facts
}

/// Returns the name of a quantization: `llama_ftype` of llama.cpp.
fn file_type(number: u64) -> String {
    let name = match number {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4",
        other => return format!("number {other}"),
    };
    name.to_string()
}

/// Returns the name of a type of tensors: `ggml_type`.
fn tensor_type(number: u64) -> String {
    let name = match number {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        6 => "Q5_0",
        7 => "Q5_1",
        8 => "Q8_0",
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        12 => "Q4_K",
        13 => "Q5_K",
        14 => "Q6_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        30 => "BF16",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        other => return format!("of type {other}"),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &[u8]) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes()[..], text].concat()
    }

    fn pair(key: &str, kind: u32, bytes: &[u8]) -> Vec<u8> {
        [&text(key.as_bytes())[..], &kind.to_le_bytes(), bytes].concat()
    }

    fn tensor(name: &str, shape: &[u64], kind: u32) -> Vec<u8> {
        let mut bytes = text(name.as_bytes());
        bytes.extend((shape.len() as u32).to_le_bytes());
        shape.iter().for_each(|dimension| bytes.extend(dimension.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes
    }

    fn model(tensors: u64, values: u64, rest: &[Vec<u8>]) -> Vec<u8> {
        let start = [&b"GGUF\x03\0\0\0"[..], &tensors.to_le_bytes(), &values.to_le_bytes()].concat();
        [start, rest.concat()].concat()
    }

    fn sample() -> Vec<u8> {
        let mut words = [&8_u32.to_le_bytes()[..], &3_u64.to_le_bytes()].concat();
        [&b"<s>"[..], b"</s>", b"\xff\x1b"].iter().for_each(|word| words.extend(text(word)));
        let scores = [&6_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &0.5_f32.to_le_bytes()].concat();
        model(
            2,
            6,
            &[
                pair("general.architecture", 8, &text(b"llama")),
                pair("general.name", 8, &text(b"Tiny\x1b[2J")),
                pair("general.file_type", 4, &15_u32.to_le_bytes()),
                pair("llama.context_length", 4, &8_192_u32.to_le_bytes()),
                pair("tokenizer.ggml.tokens", 9, &words),
                pair("tokenizer.ggml.scores", 9, &scores),
                tensor("token_embd.weight", &[4_096, 32_000], 12),
                tensor("output_norm.weight", &[4_096], 0),
            ],
        )
    }

    fn described(bytes: &[u8], file_size: u64) -> String {
        describe(bytes, file_size).iter().map(|fact| format!("{fact}\n")).collect()
    }

    #[test]
    fn a_header_tells_architecture_parameters_quantization_and_metadata() {
        let sample = sample();
        let text = described(&sample, 5_000_000_000);
        for part in [
            "GGUF model, version 3: 2 tensors, 6 values of metadata",
            "name             Tiny␛[2J",
            "architecture     llama",
            "context          8,192 tokens",
            "parameters       131.07 million",
            "quantization     Q4_K_M",
            "tensors          1 F32, 1 Q4_K",
            "tokenizer.ggml.tokens  3 texts",
            "tokenizer.ggml.scores  1 number: 0.5",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(bytes_needed(&sample, 5_000_000_000), sample.len() as u64);
    }

    #[test]
    fn a_header_that_is_cut_asks_for_more_and_tells_what_is_there() {
        let sample = sample();
        for cut in 4..sample.len() {
            assert!(bytes_needed(&sample[..cut], 5_000_000_000) > cut as u64, "{cut}");
        }
        let text = described(&sample[..80], 5_000_000_000);
        assert!(text.contains("architecture     llama") && text.contains("more than the 80 B"), "{text}");
        let text = described(&sample[..sample.len() - 10], 5_000_000_000);
        assert!(text.contains("parameters       131.07 million or more"), "{text}");
    }

    #[test]
    fn lengths_and_counts_that_lie_are_damage() {
        let long = u64::MAX.to_le_bytes();
        let huge = [&4_u32.to_le_bytes()[..], &(1_u64 << 63).to_le_bytes()].concat();
        let nested = [&9_u32.to_le_bytes()[..], &1_u64.to_le_bytes()].concat();
        let key = [&(1_u64 << 20).to_le_bytes()[..], &[b'k'; 100]].concat();
        for (bytes, why) in [
            (model(0, 1, &[pair("a", 8, &long)]), "beyond the end"),
            (model(0, 1, &[pair("a", 9, &huge)]), "beyond the end"),
            (model(0, 1, &[pair("a", 9, &nested)]), "an array holds arrays"),
            (model(0, 1, &[pair("a", 77, &[])]), "unknown type"),
            (model(0, 1, &[key]), "too long"),
            (model(1, 0, &[tensor("t", &[1; 9], 0)]), "too many dimensions"),
            (b"GGUF\x09\0\0\0".to_vec(), "its version is not known"),
        ] {
            let text = described(&bytes, 1 << 30);
            assert!(text.contains(why), "{why}: {text}");
            assert_eq!(bytes_needed(&bytes, 1 << 30), bytes.len() as u64);
        }
        // 2^63 tensors and values: only those that are there are looked at.
        let many = described(&model(1 << 63, 1 << 63, &[]), 1 << 30);
        assert!(many.contains("incomplete"), "{many}");
        let overflow = model(1, 0, &[tensor("t", &[1 << 40, 1 << 40], 0)]);
        assert!(described(&overflow, 1 << 30).contains("18446744.07 trillion"));
    }

    #[test]
    fn the_other_order_of_bytes_and_the_first_version_are_read() {
        let big = [&b"GGUF\0\0\0\x03"[..], &7_u64.to_be_bytes(), &0_u64.to_be_bytes()].concat();
        assert!(described(&big, 1_000).contains("version 3: 7 tensors"));
        let old = [&b"GGUF\x01\0\0\0"[..], &7_u32.to_le_bytes(), &0_u32.to_le_bytes()].concat();
        assert!(described(&old, 1_000).contains("version 1: 7 tensors"));
    }
}
