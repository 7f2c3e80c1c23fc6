//! The header of an rpm package as the database keeps it:
//! <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/pkgformat.html>, without the magic
//! number in front: the number of entries, the size of the data, the entries, the data.

/// Most entries of a header, as in rpm.
const MOST_ENTRIES: usize = 0xffff;
/// Most bytes of a text that is read. Many entries may point into one long text.
const LONGEST_TEXT: usize = 4096;
/// The size of an entry: tag, type, offset and count, of four bytes each.
const ENTRY: usize = 16;

/// The type of a number of four bytes.
const INT32: u32 = 4;
/// The type of a number of eight bytes.
const INT64: u32 = 5;
/// The type of a text that ends with a NUL.
const STRING: u32 = 6;
/// The type of a text in several languages, of which the first counts.
const I18N_STRING: u32 = 9;

/// The facts of a header. Texts have no NUL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RpmHeader<'a> {
    pub(super) name: Option<&'a [u8]>,
    pub(super) version: Option<&'a [u8]>,
    pub(super) release: Option<&'a [u8]>,
    pub(super) epoch: Option<u32>,
    /// The size of the files in bytes.
    pub(super) size: Option<u64>,
    pub(super) licence: Option<&'a [u8]>,
    pub(super) architecture: Option<&'a [u8]>,
    /// The file name of the source package.
    pub(super) source: Option<&'a [u8]>,
}

impl<'a> RpmHeader<'a> {
    /// Parses a header. Returns `None` if entries and data do not fit into it. Values that point outside of the data or
    /// have another type are absent. Of several values with one tag the last counts: entries that were added on
    /// installation follow those of the package.
    pub(super) fn parse(header: &'a [u8]) -> Option<RpmHeader<'a>> {
        let (count, rest) = split_u32(header)?;
        let (size, rest) = split_u32(rest)?;
        let count = usize::try_from(count).ok().filter(|count| (1..=MOST_ENTRIES).contains(count))?;
        let entries = rest.get(..count * ENTRY)?;
        let data = rest.get(count * ENTRY..)?.get(..usize::try_from(size).ok()?)?;
        let mut parsed = RpmHeader::default();
        for entry in entries.chunks_exact(ENTRY) {
            let (tag, entry) = split_u32(entry)?;
            let (kind, entry) = split_u32(entry)?;
            let (offset, _) = split_u32(entry)?;
            let value = usize::try_from(offset).ok().and_then(|offset| data.get(offset..));
            let Some(value) = value.map(|data| Value { kind, data }) else { continue };
            // <https://github.com/rpm-software-management/rpm/blob/master/include/rpm/rpmtag.h>
            match tag {
                1000 => parsed.name = value.text().or(parsed.name),
                1001 => parsed.version = value.text().or(parsed.version),
                1002 => parsed.release = value.text().or(parsed.release),
                1003 => parsed.epoch = value.int32().or(parsed.epoch),
                1009 => parsed.size = value.int32().map(u64::from).or(parsed.size),
                // The size of packages of 4 GiB and more.
                5009 => parsed.size = value.int64().or(parsed.size),
                1014 => parsed.licence = value.text().or(parsed.licence),
                1022 => parsed.architecture = value.text().or(parsed.architecture),
                1044 => parsed.source = value.text().or(parsed.source),
                _ => {}
            }
        }
        Some(parsed)
    }
}

/// A value of a header: its type, and the data from its first byte on.
struct Value<'a> {
    kind: u32,
    data: &'a [u8],
}

impl<'a> Value<'a> {
    fn text(&self) -> Option<&'a [u8]> {
        if !matches!(self.kind, STRING | I18N_STRING) {
            return None;
        }
        let text = self.data.get(..LONGEST_TEXT).unwrap_or(self.data);
        memchr::memchr(0, text).map(|end| &text[..end])
    }

    fn int32(&self) -> Option<u32> {
        let number = self.data.first_chunk().copied().map(u32::from_be_bytes);
        number.filter(|_| self.kind == INT32)
    }

    fn int64(&self) -> Option<u64> {
        let number = self.data.first_chunk().copied().map(u64::from_be_bytes);
        number.filter(|_| self.kind == INT64)
    }
}

/// Splits a number off.
fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns a header with these tags, types and values.
    pub(in crate::packages) fn header(values: &[(u32, u32, &[u8])]) -> Vec<u8> {
        let (mut entries, mut data) = (Vec::new(), Vec::new());
        for (tag, kind, value) in values {
            for number in [*tag, *kind, data.len() as u32, 1] {
                entries.extend_from_slice(&number.to_be_bytes());
            }
            data.extend_from_slice(value);
        }
        let sizes = [values.len() as u32, data.len() as u32].map(u32::to_be_bytes).concat();
        [sizes, entries, data].concat()
    }

    #[test]
    fn values_are_read_by_tag_and_type() {
        let region = [0; 16];
        let values: &[(u32, u32, &[u8])] = &[
            (63, 7, &region),
            (1000, 6, b"name\0"),
            (1001, 9, b"1.0\0"),
            (1003, 4, &[0, 0, 0, 2]),
            (1009, 4, &[0, 0, 1, 0]),
            (1022, 8, b"wrong type\0"),
            (1044, 6, b"no end"),
            (1000, 6, b"later\0"),
        ];
        let bytes = header(values);
        let parsed = RpmHeader::parse(&bytes).expect("a header");
        let expected = RpmHeader {
            name: Some(b"later"),
            version: Some(b"1.0"),
            epoch: Some(2),
            size: Some(256),
            // The text goes on to the next NUL.
            source: Some(b"no endlater"),
            ..RpmHeader::default()
        };
        assert_eq!(parsed, expected);
        let large = header(&[(5009, 5, &(5_u64 << 30).to_be_bytes()), (1000, 6, b"unended")]);
        let parsed = RpmHeader::parse(&large).expect("a header");
        assert_eq!((parsed.size, parsed.name), (Some(5 << 30), None));
    }

    #[test]
    fn headers_that_do_not_fit_are_refused() {
        let whole = header(&[(1000, 6, b"name\0")]);
        for length in 0..whole.len() {
            assert_eq!(RpmHeader::parse(&whole[..length]), None, "{length} bytes");
        }
        let far = {
            let mut bytes = whole.clone();
            bytes[16..20].fill(0xff);
            bytes
        };
        assert_eq!(RpmHeader::parse(&far), Some(RpmHeader::default()));
        for sizes in [[0, 0], [u32::MAX, 0], [1, u32::MAX], [0x1_0000, 0], [u32::MAX, u32::MAX]] {
            let bytes = [sizes.map(u32::to_be_bytes).concat(), vec![0; 100]].concat();
            assert_eq!(RpmHeader::parse(&bytes), None, "{sizes:?}");
        }
    }

    #[test]
    fn many_entries_that_point_into_one_long_text_cost_little() {
        let long = vec![b'x'; 1 << 20];
        let mut values: Vec<(u32, u32, &[u8])> = vec![(1000, 6, &long)];
        values.resize(20_000, (1000, 6, b""));
        let parsed = header(&values);
        let parsed = RpmHeader::parse(&parsed).expect("a header");
        assert_eq!(parsed.name, None);
        let bound = vec![b'y'; LONGEST_TEXT - 1];
        let bytes = header(&[(1000, 6, &bound), (1000, 7, b"\0")]);
        assert_eq!(
            RpmHeader::parse(&bytes).and_then(|found| found.name).map(<[u8]>::len),
            Some(LONGEST_TEXT - 1)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            RpmHeader::parse(&bytes);
            let small = [&[0, 0, 0, 3, 0, 0, 0, 40], &bytes[..]].concat();
            RpmHeader::parse(&small);
        }
    }
}
