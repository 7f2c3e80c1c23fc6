//! Headers of a tar: v7, ustar, GNU and pax. POSIX.1-2024, `pax` § ustar Interchange Format and § pax Header Block; GNU
//! tar manual, § Basic Tar Format. The crate `tar` reads extended headers whole into memory, whatever their size.

/// The size of a header and of everything that contents are padded to.
pub(super) const BLOCK: usize = 512;

/// One header.
pub(super) struct Header<'a>(pub(super) &'a [u8; BLOCK]);

/// Whether the bytes may be the beginning of a tar: a header whose checksum fits, or zeros.
pub(super) fn is_header(start: &[u8]) -> bool {
    let block: Option<&[u8; BLOCK]> = start.get(..BLOCK).and_then(|block| block.try_into().ok());
    block.is_some_and(|block| Header(block).is_empty() || Header(block).has_checksum())
}

impl Header<'_> {
    /// Whether it is the end of the tar.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Whether the checksum fits, added up of unsigned bytes or, as old programs did, of signed ones.
    pub(super) fn has_checksum(&self) -> bool {
        let Some(expected) = parse_number(&self.0[148..156]) else { return false };
        let (mut unsigned, mut signed) = (0_i64, 0_i64);
        for (at, byte) in self.0.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { *byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        expected == unsigned || expected == signed
    }

    /// Returns the letter of the kind.
    pub(super) fn kind(&self) -> u8 {
        self.0[156]
    }

    /// Returns the path. Only ustar has a prefix: GNU keeps times at its place.
    pub(super) fn path(&self) -> Vec<u8> {
        let name = until_nul(&self.0[..100]);
        let prefix = until_nul(&self.0[345..500]);
        if self.0[257..263] == *b"ustar\0" && !prefix.is_empty() {
            return [prefix, b"/", name].concat();
        }
        name.to_vec()
    }

    /// Returns the target of a link.
    pub(super) fn link(&self) -> Vec<u8> {
        until_nul(&self.0[157..257]).to_vec()
    }

    /// Returns permissions, or `None` if they are no number.
    pub(super) fn mode(&self) -> Option<i64> {
        parse_number(&self.0[100..108])
    }

    /// Returns the number of the owner.
    pub(super) fn uid(&self) -> Option<i64> {
        parse_number(&self.0[108..116])
    }

    /// Returns the number of the group.
    pub(super) fn gid(&self) -> Option<i64> {
        parse_number(&self.0[116..124])
    }

    /// Returns the size of the content that follows.
    pub(super) fn size(&self) -> Option<u64> {
        parse_number(&self.0[124..136]).and_then(|size| u64::try_from(size).ok())
    }

    /// Returns the time of the last change.
    pub(super) fn mtime(&self) -> Option<i64> {
        parse_number(&self.0[136..148])
    }

    /// Returns the size with holes of a GNU sparse file, and whether another block with its map follows.
    pub(super) fn sparse(&self) -> Option<(u64, bool)> {
        let size = parse_number(&self.0[483..495]).and_then(|size| u64::try_from(size).ok())?;
        Some((size, self.0[482] != 0))
    }
}

/// Returns the bytes before the first NUL.
fn until_nul(field: &[u8]) -> &[u8] {
    &field[..memchr::memchr(0, field).unwrap_or(field.len())]
}

/// Returns the number of a field: octal digits between spaces and NULs, or base 256 if the highest bit is set. An empty
/// field is 0.
fn parse_number(field: &[u8]) -> Option<i64> {
    let first = *field.first()?;
    if first & 0x80 == 0 {
        let digits = field.trim_ascii_start();
        let digits = digits.split(|byte| matches!(byte, 0 | b' ')).next().unwrap_or_default();
        return digits.iter().try_fold(0_i64, |number, digit| match digit {
            b'0'..=b'7' => number.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
            _ => None,
        });
    }
    let start = if first & 0x40 == 0 { i64::from(first & 0x3f) } else { i64::from(first.cast_signed()) };
    field[1..].iter().try_fold(start, |number, byte| number.checked_mul(256)?.checked_add(i64::from(*byte)))
}

/// The records of pax headers and the GNU headers for long names, which hold for the next entry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<i64>,
    /// The size with holes of a sparse file, and its own path.
    pub(super) sparse_size: Option<u64>,
    pub(super) sparse_path: Option<Vec<u8>>,
    pub(super) is_sparse: bool,
}

impl Extensions {
    /// Adds the records of a pax header. Returns `None` if they are malformed.
    pub(super) fn add_records(&mut self, mut records: &[u8]) -> Option<()> {
        while !records.is_empty() {
            let space = memchr::memchr(b' ', records).filter(|digits| *digits <= 10)?;
            let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
            let record = records.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = memchr::memchr(b'=', record)?;
            self.add_record(&record[..equals], &record[equals + 1..])?;
            records = &records[length..];
        }
        Some(())
    }

    fn add_record(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        if value.is_empty() {
            // An empty value takes a record back.
            match key {
                b"path" => self.path = None,
                b"linkpath" => self.link = None,
                b"size" => self.size = None,
                b"uid" => self.uid = None,
                b"gid" => self.gid = None,
                b"mtime" => self.mtime = None,
                _ => {}
            }
            return Some(());
        }
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(parse_decimal(value)?),
            b"uid" => self.uid = Some(parse_decimal(value)?),
            b"gid" => self.gid = Some(parse_decimal(value)?),
            b"mtime" => self.mtime = Some(parse_seconds(value)?),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse_size = Some(parse_decimal(value)?),
            b"GNU.sparse.name" => self.sparse_path = Some(value.to_vec()),
            _ => {}
        }
        self.is_sparse |= key.starts_with(b"GNU.sparse.");
        Some(())
    }

    /// Adds the content of a GNU header for a long path or link.
    pub(super) fn add_long_name(&mut self, kind: u8, content: &[u8]) {
        let name = until_nul(content).to_vec();
        *(if kind == b'K' { &mut self.link } else { &mut self.path }) = Some(name);
    }
}

fn parse_decimal(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Returns the whole seconds of a time such as `1700000000.25`, rounded down.
fn parse_seconds(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let is_between = whole.starts_with('-') && fraction.bytes().any(|byte| byte != b'0');
    seconds.checked_sub(i64::from(is_between))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_of_base_256() {
        for (field, number) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"00000000000\0", Some(0)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"77777777777", Some(0o77_777_777_777)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(0x2_0000_0000)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"9999999\0", None),
            (b"-1\0", None),
            (b"", None),
        ] {
            assert_eq!(parse_number(field), number, "{field:?}");
        }
    }

    #[test]
    fn pax_records_are_read_and_malformed_ones_refused() {
        let read = |records: &[u8]| {
            let mut extensions = Extensions::default();
            extensions.add_records(records).map(|()| extensions)
        };
        let all = read(b"12 path=a b\n13 size=1234\n16 mtime=-1.250\n19 comment=anythin\n");
        assert_eq!(
            all,
            Some(Extensions {
                path: Some(b"a b".to_vec()),
                size: Some(1_234),
                mtime: Some(-2),
                ..Extensions::default()
            })
        );
        for malformed in [
            &b"12 path=a b"[..],
            b"99999999999999999999 path=a\n",
            b"5 path=a\n",
            b"0 \n",
            b"12 pathxa b\n",
            b"x path=a\n",
            b"10 size=-1\n",
            b"3\n",
        ] {
            assert_eq!(read(malformed), None, "{}", String::from_utf8_lossy(malformed));
        }
    }
}
