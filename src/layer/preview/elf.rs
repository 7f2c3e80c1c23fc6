//! Programs and libraries in ELF: <https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html>.

use super::cursor::{Cursor, ReadError};
use super::{fact, value};
use crate::model::text::SafeText;

/// The first bytes.
pub(super) const MAGIC: &[u8] = b"\x7fELF";
/// Most program headers, sections and dynamic entries that are looked at.
const MOST_HEADERS: u64 = 4_096;
/// Most libraries that are named.
const MOST_LIBRARIES: usize = 24;

const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const SHT_SYMTAB: u64 = 2;

/// A program header.
#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

/// The numbers of the file header.
#[derive(Debug)]
struct Header<'a> {
    cursor: Cursor<'a>,
    /// Bytes of an address: 4 or 8.
    word: u64,
    kind: u64,
    machine: u64,
    segments_at: u64,
    segment_size: u64,
    segment_count: u64,
    sections_at: u64,
    section_size: u64,
    section_count: u64,
}

impl<'a> Header<'a> {
    fn read(start: &'a [u8], file_size: u64) -> Result<Header<'a>, ReadError> {
        let byte = |at: usize| start.get(at).copied().ok_or(ReadError::Beyond(at as u64 + 1));
        let word = match byte(4)? {
            1 => 4,
            2 => 8,
            _ => return Err(ReadError::Wrong("its class is not known")),
        };
        let is_big_endian = match byte(5)? {
            1 => false,
            2 => true,
            _ => return Err(ReadError::Wrong("its order of bytes is not known")),
        };
        let mut cursor = Cursor::new(start, file_size, is_big_endian);
        cursor.seek(16);
        let (kind, machine) = (cursor.number(2)?, cursor.number(2)?);
        cursor.skip(4 + word)?;
        let (segments_at, sections_at) = (cursor.number(word)?, cursor.number(word)?);
        cursor.skip(6)?;
        let mut half = || cursor.number(2);
        let (segment_size, segment_count) = (half()?, half()?);
        let (section_size, section_count) = (half()?, half()?);
        Ok(Header {
            cursor,
            word,
            kind,
            machine,
            segments_at,
            segment_size,
            segment_count,
            sections_at,
            section_size,
            section_count,
        })
    }

    fn segments(&self) -> Result<Vec<Segment>, ReadError> {
        let mut segments = Vec::new();
        let mut cursor = self.cursor.clone();
        for number in 0..self.segment_count.min(MOST_HEADERS) {
            cursor.seek(self.segments_at.saturating_add(number * self.segment_size));
            let kind = cursor.number(4)?;
            if self.word == 8 {
                cursor.skip(4)?;
            }
            let (offset, address) = (cursor.number(self.word)?, cursor.number(self.word)?);
            cursor.skip(self.word)?;
            segments.push(Segment { kind, offset, address, size: cursor.number(self.word)? });
        }
        Ok(segments)
    }

    /// Returns the entries of a dynamic segment: tags with their values.
    fn dynamic(&self, segment: Segment) -> Result<Vec<(u64, u64)>, ReadError> {
        let mut cursor = self.cursor.clone();
        cursor.seek(segment.offset);
        let count = segment.size / (2 * self.word);
        let mut entries = Vec::new();
        for _ in 0..count.min(MOST_HEADERS) {
            let entry = (cursor.number(self.word)?, cursor.number(self.word)?);
            if entry.0 == 0 {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn text(&self, at: u64) -> Result<String, ReadError> {
        let mut cursor = self.cursor.clone();
        cursor.seek(at);
        Ok(value(cursor.until_nul(4_096)?))
    }

    /// Returns whether there is a table of symbols. `None` if there are no sections at all.
    fn has_symbols(&self) -> Result<bool, ReadError> {
        let mut cursor = self.cursor.clone();
        for number in 0..self.section_count.min(MOST_HEADERS) {
            cursor.seek(self.sections_at.saturating_add(number * self.section_size).saturating_add(4));
            if cursor.number(4)? == SHT_SYMTAB {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The libraries that a file needs, and its own name.
#[derive(Debug, Default)]
struct Linking {
    libraries: Vec<String>,
    own_name: Option<String>,
}

fn read_linking(header: &Header<'_>, segments: &[Segment], dynamic: Segment) -> Result<Linking, ReadError> {
    let entries = header.dynamic(dynamic)?;
    let find = |tag| entries.iter().find(|entry| entry.0 == tag).map(|entry| entry.1);
    let address = find(DT_STRTAB).ok_or(ReadError::Wrong("it has no table of names"))?;
    let holds = |segment: &&Segment| {
        let inside = address.checked_sub(segment.address);
        segment.kind == PT_LOAD && inside.is_some_and(|inside| inside < segment.size)
    };
    let segment =
        segments.iter().find(holds).ok_or(ReadError::Wrong("its table of names is in no segment"))?;
    let table = segment.offset.saturating_add(address - segment.address);
    let name = |at: u64| header.text(table.saturating_add(at));
    let needed = entries.iter().filter(|entry| entry.0 == DT_NEEDED).take(MOST_LIBRARIES);
    Ok(Linking {
        libraries: needed.map(|entry| name(entry.1)).collect::<Result<_, _>>()?,
        own_name: find(DT_SONAME).map(name).transpose()?,
    })
}

/// Returns the facts.
pub(super) fn describe(start: &[u8], file_size: u64) -> Vec<SafeText> {
    let header = match Header::read(start, file_size) {
        Ok(header) => header,
        Err(error) => return vec!["ELF".into(), fact("damaged", why(error))],
    };
    let order = if start.get(5) == Some(&2) { ", big-endian" } else { "" };
    let mut facts = vec![
        SafeText::from(format!("ELF, {} bits{order}: {}", header.word * 8, kind_name(header.kind))),
        fact("machine", machine_name(header.machine)),
    ];
    let segments = match header.segments() {
        Ok(segments) => segments,
        Err(error) => {
            facts.push(fact("damaged", why(error)));
            return facts;
        }
    };
    let find = |kind| segments.iter().find(|segment| segment.kind == kind).copied();
    let interpreter = find(PT_INTERP);
    let is_program = matches!(header.kind, 2 | 3);
    match interpreter.map(|segment| header.text(segment.offset)) {
        Some(Ok(path)) => facts.push(fact("interpreter", path)),
        Some(Err(error)) => facts.push(fact("interpreter", why(error))),
        None => {}
    }
    match find(PT_DYNAMIC).map(|dynamic| read_linking(&header, &segments, dynamic)) {
        Some(Ok(linking)) => {
            facts.extend(linking.own_name.map(|name| fact("own name", name)));
            if linking.libraries.is_empty() {
                facts.push(fact("needs", "no libraries"));
            }
            for (number, library) in linking.libraries.iter().enumerate() {
                facts.push(fact(if number == 0 { "needs" } else { "" }, library));
            }
        }
        Some(Err(error)) => facts.push(fact("needs", why(error))),
        None if is_program && interpreter.is_none() => {
            facts.push(fact("needs", "nothing: statically linked"));
        }
        None => {}
    }
    let symbols = match header.has_symbols() {
        _ if header.section_count == 0 => "stripped, without sections".to_string(),
        Ok(true) => "not stripped".into(),
        Ok(false) => "stripped".into(),
        Err(error) => why(error),
    };
    facts.push(fact("symbols", symbols));
    facts
}

fn why(error: ReadError) -> String {
    match error {
        ReadError::Beyond(_) => "not known: it stands behind the bytes that were read".into(),
        ReadError::Wrong(why) => format!("not known: {why}"),
    }
}

fn kind_name(kind: u64) -> String {
    match kind {
        1 => "object file".into(),
        2 => "program".into(),
        3 => "shared library, or program at any address".into(),
        4 => "core dump".into(),
        other => format!("type {other}"),
    }
}

/// Returns the name of a machine, with that of its platform.
fn machine_name(number: u64) -> String {
    let name = match number {
        3 => "x86 (386)",
        8 => "MIPS",
        20 => "PowerPC",
        21 => "PowerPC 64 (ppc64, ppc64le)",
        22 => "S/390 (s390x)",
        40 => "ARM (arm)",
        43 => "SPARC 64",
        62 => "x86-64 (amd64)",
        183 => "AArch64 (arm64)",
        243 => "RISC-V (riscv64)",
        247 => "eBPF",
        258 => "LoongArch (loong64)",
        other => return format!("number {other}"),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library of 64 bits that needs two others, with one table of symbols behind them.
    fn library() -> Vec<u8> {
        let names = b"\0libc.so.6\0libm.so.6\0libown.so\0";
        let word = u64::to_le_bytes;
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([3, 0, 62, 0, 1, 0, 0, 0]);
        bytes.extend([word(0), word(64), word(0x200)].concat());
        bytes.extend([0, 0, 0, 0, 64, 0, 56, 0, 3, 0, 64, 0, 2, 0, 1, 0]);
        let segment = |kind: u32, at: u64, address: u64, size: u64| {
            let start = [&kind.to_le_bytes()[..], &[0; 4]].concat();
            [start, [word(at), word(address), word(address), word(size), word(size), word(8)].concat()]
                .concat()
        };
        bytes.extend(segment(1, 0x100, 0x40_0100, 0x100));
        bytes.extend(segment(2, 0x140, 0x40_0140, 80));
        bytes.extend(segment(3, 0x1a0, 0x40_01a0, 12));
        bytes.resize(0x100, 0);
        bytes.extend(names);
        bytes.resize(0x140, 0);
        let dynamic = [(1, 1), (1, 11), (14, 21), (5, 0x40_0100), (0, 0)];
        bytes.extend(dynamic.iter().flat_map(|(tag, value)| [word(*tag), word(*value)].concat()));
        bytes.resize(0x1a0, 0);
        bytes.extend(b"/lib/ld.so\0\0");
        bytes.resize(0x200, 0);
        bytes.extend([0; 64]);
        bytes.extend([0, 0, 0, 0, 2, 0, 0, 0]);
        bytes.resize(0x280, 0);
        bytes
    }

    fn described(bytes: &[u8], file_size: u64) -> String {
        describe(bytes, file_size).iter().map(|fact| format!("{fact}\n")).collect()
    }

    #[test]
    fn a_library_tells_its_machine_interpreter_and_libraries() {
        let library = library();
        let text = described(&library, library.len() as u64);
        for part in [
            "ELF, 64 bits: shared library, or program at any address",
            "machine          x86-64 (amd64)",
            "interpreter      /lib/ld.so",
            "own name         libown.so",
            "needs            libc.so.6",
            "                 libm.so.6",
            "symbols          not stripped",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn parts_behind_the_bytes_are_not_known() {
        let library = library();
        let text = described(&library[..0x200], 1 << 20);
        assert!(
            text.contains("libm.so.6") && text.contains("symbols          not known: it stands"),
            "{text}"
        );
        let text = described(&library[..0x120], 1 << 20);
        assert!(text.contains("needs            not known"), "{text}");
        assert!(described(&library[..20], 1 << 20).contains("damaged"));
    }

    #[test]
    fn numbers_that_lie_are_not_followed() {
        let mut library = library();
        library[0x20..0x28].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(described(&library, library.len() as u64).contains("damaged          not known"));
        let mut library = self::library();
        library[0x28..0x30].copy_from_slice(&(u64::MAX - 8).to_le_bytes());
        assert!(described(&library, library.len() as u64).contains("symbols          not known: a length"));
        for class in [0, 3, 255] {
            library[4] = class;
            assert!(described(&library, 1 << 20).contains("its class is not known"));
        }
    }
}
