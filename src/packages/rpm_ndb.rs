//! The database of rpm on SUSE, `Packages.db`:
//! <https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c>.
//!
//! All numbers are little-endian. Pages of slots stand at the beginning, each slot with the number of a package and the
//! place of its blob. The first two slots of the first page hold the header of the database. A blob begins with its own
//! header; its content is the header of the package.

use super::package::{PackageError, ParsedPackages};
use super::rpm::add_header;
use super::rpm_header::RpmHeader;

/// The first bytes of a database.
const MAGIC: &[u8; 4] = b"RpmP";
/// The version of the format.
const VERSION: u32 = 0;
/// The size of the header of the database.
const HEADER: usize = 32;
/// The size of a page.
const PAGE: usize = 4_096;
/// The size of a slot, and the unit in which places and lengths of blobs are counted.
const SLOT: usize = 16;
/// The first bytes of a slot.
const SLOT_MAGIC: &[u8; 4] = b"Slot";
/// The first bytes of a blob.
const BLOB_MAGIC: &[u8; 4] = b"BlbS";
/// The size of the header of a blob: its magic number, the number of the package, the generation, the length.
const BLOB_HEADER: usize = 16;

/// Parses `Packages.db`. Keys of signatures, which rpm lists as packages of the name `gpg-pubkey`, are left out.
pub(super) fn parse_ndb(content: &[u8]) -> Result<ParsedPackages, PackageError> {
    let damaged = |why: &str| PackageError::Damaged(why.into());
    if !content.starts_with(MAGIC) || number_at(content, 4) != Some(VERSION) {
        return Err(damaged("it is no rpm database in the ndb format"));
    }
    let pages = number_at(content, 12).and_then(|pages| usize::try_from(pages).ok()).unwrap_or(usize::MAX);
    let slots = pages.checked_mul(PAGE).and_then(|end| content.get(HEADER..end));
    let slots = slots.ok_or_else(|| damaged("its pages are larger than the file"))?;
    let mut parsed = ParsedPackages::default();
    // Blobs that are more than the file overlap, so a small file could take hours.
    let mut left = content.len();
    for slot in slots.chunks_exact(SLOT) {
        if !slot.starts_with(SLOT_MAGIC) {
            return Err(damaged("one of its slots is damaged"));
        }
        let (Some(package), Some(place), Some(units)) =
            (number_at(slot, 4), number_at(slot, 8), number_at(slot, 12))
        else {
            continue;
        };
        if package == 0 {
            continue;
        }
        let blob = blob(content, package, place, units);
        left = left
            .checked_sub(blob.map_or(0, <[u8]>::len))
            .ok_or_else(|| damaged("its packages are larger than the file"))?;
        add_header(&mut parsed, blob.and_then(RpmHeader::parse).as_ref())?;
    }
    Ok(parsed)
}

/// Returns the content of a blob. Returns `None` if it is another one than the slot says, or outside of the file.
fn blob(content: &[u8], package: u32, place: u32, units: u32) -> Option<&[u8]> {
    let start = usize::try_from(place).ok()?.checked_mul(SLOT)?;
    let size = usize::try_from(units).ok()?.checked_mul(SLOT)?;
    let whole = content.get(start..start.checked_add(size)?)?;
    let is_it = whole.starts_with(BLOB_MAGIC) && number_at(whole, 4) == Some(package);
    let length = usize::try_from(number_at(whole, 12)?).ok()?;
    whole.get(BLOB_HEADER..)?.get(..length).filter(|_| is_it)
}

/// Reads a number of four bytes.
fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::rpm_header::tests::header;
    use super::*;

    /// Returns a database with these headers of packages.
    fn database(headers: &[Vec<u8>]) -> Vec<u8> {
        let numbers =
            |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
        let mut content =
            [&MAGIC[..], &numbers(&[VERSION, 7, 1, headers.len() as u32 + 1, 0, 0, 0])].concat();
        let mut blobs = Vec::new();
        for (index, header) in headers.iter().enumerate() {
            let start = (PAGE + blobs.len()) / SLOT;
            blobs.extend(
                [&BLOB_MAGIC[..], &numbers(&[index as u32 + 1, 7, header.len() as u32]), header].concat(),
            );
            // The checksum, the length and the magic number at the end.
            blobs.resize(blobs.len().next_multiple_of(SLOT) + SLOT, 0);
            let units = (PAGE + blobs.len()) / SLOT - start;
            content.extend(
                [&SLOT_MAGIC[..], &numbers(&[index as u32 + 1, start as u32, units as u32])].concat(),
            );
        }
        while content.len() < PAGE {
            content.extend([&SLOT_MAGIC[..], &numbers(&[0, 0, 0])].concat());
        }
        [content, blobs].concat()
    }

    fn package(name: &str) -> Vec<u8> {
        let name = format!("{name}\0");
        header(&[(1000, 6, name.as_bytes()), (1001, 6, b"1.2\0"), (1002, 6, b"3\0")])
    }

    fn found(content: &[u8]) -> (Vec<String>, usize) {
        let parsed = parse_ndb(content).expect("a database");
        let names = parsed.packages.iter().map(|package| format!("{} {}", package.name, package.version));
        (names.collect(), parsed.left_out)
    }

    #[test]
    fn packages_are_listed_and_keys_are_not() {
        let content =
            database(&[package("bash"), package("gpg-pubkey"), b"damaged".to_vec(), package("zypper")]);
        assert_eq!(found(&content), (vec!["bash 1.2-3".into(), "zypper 1.2-3".into()], 1));
        assert_eq!(found(&database(&[])), (Vec::new(), 0));
    }

    #[test]
    fn blobs_that_are_not_those_of_their_slots_are_left_out() {
        let good = database(&[package("bash")]);
        let slot = HEADER;
        for (what, at, bytes) in [
            ("another package", slot + 4, 9_u32.to_le_bytes()),
            ("outside of the file", slot + 8, u32::MAX.to_le_bytes()),
            ("on a slot", slot + 8, 0_u32.to_le_bytes()),
            ("too long", slot + 12, u32::MAX.to_le_bytes()),
            ("no unit", slot + 12, 0_u32.to_le_bytes()),
            ("a length beyond the blob", PAGE + 12, u32::MAX.to_le_bytes()),
            ("no blob", PAGE, *b"BlbE"),
        ] {
            let mut content = good.clone();
            content[at..at + 4].copy_from_slice(&bytes);
            assert_eq!(found(&content), (Vec::new(), 1), "{what}");
        }
    }

    #[test]
    fn hostile_databases_are_refused() {
        let good = database(&[package("bash")]);
        let changed = |at: usize, bytes: [u8; 4]| {
            let mut content = good.clone();
            content[at..at + 4].copy_from_slice(&bytes);
            content
        };
        // One large blob that every slot names.
        let mut overlapping = database(&[vec![0; 100 * PAGE]]);
        let slot = overlapping[HEADER..HEADER + SLOT].to_vec();
        for at in (HEADER..PAGE).step_by(SLOT) {
            overlapping[at..at + SLOT].copy_from_slice(&slot);
        }
        for (what, content) in [
            ("empty", Vec::new()),
            ("only the magic number", MAGIC.to_vec()),
            ("another magic number", changed(0, *b"RpmQ")),
            ("another version", changed(4, 1_u32.to_le_bytes())),
            ("no page", changed(12, 0_u32.to_le_bytes())),
            ("too many pages", changed(12, u32::MAX.to_le_bytes())),
            ("no slot", changed(HEADER + SLOT, *b"slot")),
            ("blobs that are one and the same", overlapping),
        ] {
            assert!(matches!(parse_ndb(&content), Err(PackageError::Damaged(_))), "{what}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_change_makes_it_panic(at in 0_usize..5_000, byte in proptest::num::u8::ANY, length in 0_usize..5_000) {
            let mut content = database(&[package("bash"), package("zypper")]);
            let at = at % content.len();
            content[at] = byte;
            parse_ndb(&content).ok();
            parse_ndb(&content[..length.min(content.len())]).ok();
        }
    }
}
