//! The price of an extraction, which is told before it begins.

use super::size;

/// Reading more bytes than this is told.
const MUCH_READ: u64 = 32 << 20;
/// Writing more bytes than this is told.
const MUCH_WRITTEN: u64 = 256 << 20;

/// The bytes that an extraction moves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExtractionPrice {
    /// Most bytes that are read from the registry.
    pub read: u64,
    /// The bytes that are written to the disk.
    pub written: u64,
    /// The bytes that the disk has free, if that is known.
    pub free: Option<u64>,
}

impl ExtractionPrice {
    /// Returns whether the price is told before the extraction begins.
    pub fn is_told(&self) -> bool {
        self.read > MUCH_READ || self.written > MUCH_WRITTEN || !self.has_room()
    }

    /// Returns whether the disk has room for the files, as far as that is known.
    pub fn has_room(&self) -> bool {
        self.free.is_none_or(|free| self.written <= free)
    }

    /// Returns the bytes that are moved in all.
    pub fn total(&self) -> u64 {
        self.read.saturating_add(self.written)
    }

    /// Returns the price in words: `reads up to 40 MB and writes 1.2 GB`.
    pub fn describe(&self) -> String {
        let (read, written) = (size::bytes(self.read), size::bytes(self.written));
        let free = self.free.filter(|_| !self.has_room()).map(size::bytes);
        let free = free.map_or_else(String::new, |free| format!(", and the disk has {free} free"));
        let read = if self.read == 0 { String::new() } else { format!("reads up to {read} and ") };
        format!("{read}writes {written}{free}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bytes_and_a_full_disk_are_told() {
        let price = |read, written, free| ExtractionPrice { read, written, free };
        assert!(!price(1 << 20, 1 << 20, None).is_told());
        assert!(!price(1 << 20, 1 << 20, Some(1 << 20)).is_told());
        assert!(price(33 << 20, 1, None).is_told());
        assert!(price(1, 257 << 20, None).is_told());
        let full = price(0, u64::MAX, Some(5_000_000_000));
        assert!(full.is_told() && !full.has_room());
        assert_eq!(full.total(), u64::MAX);
        assert_eq!(full.describe(), "writes over 18 EB, and the disk has 5 GB free");
        assert_eq!(
            price(40_000_000, 1_000, Some(1_000)).describe(),
            format!("reads up to {} and writes {}", size::bytes(40_000_000), size::bytes(1_000))
        );
    }
}
