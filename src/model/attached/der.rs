//! A walk through DER, ITU-T X.690, as far as certificates and public keys need it: definite lengths, tags of one byte.

/// The tags of the values that are read.
pub(super) mod tag {
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8: u8 = 0x0c;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
}

/// The values of a DER encoding that have not been read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct DerReader<'a>(&'a [u8]);

impl<'a> DerReader<'a> {
    /// Creates a reader for a sequence of values.
    pub(super) fn new(bytes: &'a [u8]) -> DerReader<'a> {
        DerReader(bytes)
    }

    /// Returns the tag and the content of the next value. Returns `None` at the end, and for anything that is no DER.
    pub(super) fn next_value(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = digits.iter().fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
                (usize::try_from(length).ok()?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (tag & 0x1f != 0x1f).then_some((tag, content))
    }

    /// Returns the content of the next value if it has this tag.
    pub(super) fn content_of(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next_value().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// Returns a reader for the values in the next value, which is a sequence.
    pub(super) fn sequence(&mut self) -> Option<DerReader<'a>> {
        self.content_of(tag::SEQUENCE).map(DerReader)
    }

    /// Returns whether all values have been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for DerReader<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        self.next_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_lead_out_of_the_bytes_end_the_walk() {
        type Expected = Option<(u8, usize)>;
        let table: [(&[u8], Expected); 8] = [
            (&[0x04, 0x02, 1, 2], Some((4, 2))),
            (&[0x04, 0x81, 0x02, 1, 2], Some((4, 2))),
            (&[0x04, 0x03, 1, 2], None),
            (&[0x04, 0x80, 1, 2], None),
            (&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], None),
            (&[0x04, 0x85, 0, 0, 0, 0, 1, 1], None),
            (&[0x1f, 0x01, 1], None),
            (&[], None),
        ];
        for (bytes, expected) in table {
            let found = DerReader::new(bytes).next_value();
            assert_eq!(found.map(|(tag, content)| (tag, content.len())), expected, "{bytes:02x?}");
        }
    }
}
