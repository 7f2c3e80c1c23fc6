//! Numbers and texts of a file, of which only the first bytes are there.

/// Why a value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadError {
    /// It stands behind the bytes that are there: it ends at this byte of the file.
    Beyond(u64),
    /// It contradicts itself or the size of the file.
    Wrong(&'static str),
}

/// A place in the first bytes of a file.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// The size of the whole file.
    size: u64,
    at: u64,
    is_big_endian: bool,
}

impl<'a> Cursor<'a> {
    /// Begins at the first byte.
    pub(super) fn new(bytes: &'a [u8], size: u64, is_big_endian: bool) -> Cursor<'a> {
        Cursor { bytes, size, at: 0, is_big_endian }
    }

    /// Goes to a byte of the file.
    pub(super) fn seek(&mut self, at: u64) {
        self.at = at;
    }

    /// Passes over some bytes, which have to be in the file.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), ReadError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.size);
        let end = end.ok_or(ReadError::Wrong("a length leads beyond the end of the file"))?;
        if end > self.bytes.len() as u64 {
            return Err(ReadError::Beyond(end));
        }
        self.at = end;
        Ok(())
    }

    /// Returns some bytes.
    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], ReadError> {
        let start = self.at;
        self.skip(count)?;
        Ok(self.bytes.get(start as usize..self.at as usize).unwrap_or_default())
    }

    /// Returns an unsigned number of 1 to 8 bytes.
    pub(super) fn number(&mut self, width: u64) -> Result<u64, ReadError> {
        let bytes = self.take(width)?;
        let join = |number, byte: &u8| number << 8 | u64::from(*byte);
        Ok(if self.is_big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
    }

    /// Returns the bytes up to a NUL, without it, at most `most`.
    pub(super) fn until_nul(&mut self, most: usize) -> Result<&'a [u8], ReadError> {
        if self.at >= self.size {
            return Err(ReadError::Wrong("a text leads beyond the end of the file"));
        }
        let rest = usize::try_from(self.at).ok().and_then(|at| self.bytes.get(at..));
        let rest =
            rest.filter(|rest| !rest.is_empty()).ok_or(ReadError::Beyond(self.at.saturating_add(1)))?;
        let end = memchr::memchr(0, rest).unwrap_or(rest.len()).min(most);
        Ok(&rest[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_behind_the_bytes_is_beyond_and_one_behind_the_file_is_wrong() {
        let mut cursor = Cursor::new(&[1, 2, 3, 0], 100, false);
        assert_eq!(cursor.number(2), Ok(0x0201));
        assert_eq!(cursor.number(4), Err(ReadError::Beyond(6)));
        assert!(matches!(cursor.skip(u64::MAX), Err(ReadError::Wrong(_))));
        assert!(matches!(cursor.take(99), Err(ReadError::Wrong(_))));
        assert_eq!(cursor.until_nul(9), Ok(&[3][..]));
        cursor.seek(50);
        assert_eq!(cursor.until_nul(9), Err(ReadError::Beyond(51)));
        cursor.seek(u64::MAX);
        assert!(matches!(cursor.until_nul(9), Err(ReadError::Wrong(_))));
        assert_eq!(Cursor::new(&[1, 2], 2, true).number(2), Ok(0x0102));
    }
}
