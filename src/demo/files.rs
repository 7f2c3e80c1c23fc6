//! The entries of a sample layer, in the order of their tar (POSIX ustar).

use std::sync::LazyLock;

use bytes::Bytes;

/// The size of a tar record.
pub(super) const RECORD: usize = 512;

/// The end of a tar: two records of zeros.
pub(super) const TAR_END: [u8; 2 * RECORD] = [0; 2 * RECORD];

/// The date of files that say nothing else: 14 November 2023.
const DATE: u64 = 1_700_000_000;

/// The entries of a layer. Directories above an entry are added before it.
#[derive(Debug, Clone, Default)]
pub struct DemoFiles {
    pub(super) entries: Vec<DemoEntry>,
}

/// The kind of an entry, as the tar names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DemoKind {
    File = b'0' as isize,
    HardLink = b'1' as isize,
    Symlink = b'2' as isize,
    Directory = b'5' as isize,
}

/// One entry.
#[derive(Debug, Clone)]
pub(super) struct DemoEntry {
    pub(super) path: String,
    pub(super) kind: DemoKind,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    /// Seconds since 1970.
    pub(super) date: u64,
    pub(super) link: String,
    pub(super) content: Bytes,
}

impl DemoEntry {
    /// Creates an entry of root without content.
    pub(super) fn new(kind: DemoKind, path: impl Into<String>) -> DemoEntry {
        let mode = match kind {
            DemoKind::Directory => 0o755,
            DemoKind::Symlink => 0o777,
            DemoKind::File | DemoKind::HardLink => 0o644,
        };
        DemoEntry {
            path: path.into(),
            kind,
            mode,
            owner: (0, 0),
            date: DATE,
            link: String::new(),
            content: Bytes::new(),
        }
    }

    /// Returns its header for `size` bytes of content. A path has at most 100 bytes.
    pub(super) fn header(&self, size: usize) -> [u8; RECORD] {
        let mut header = [0; RECORD];
        let mut put = |at: usize, text: &str| {
            if let Some(field) = header.get_mut(at..at + text.len()) {
                field.copy_from_slice(text.as_bytes());
            }
        };
        put(0, self.path.get(..100).unwrap_or(&self.path));
        put(100, &format!("{:07o}\0", self.mode));
        put(108, &format!("{:07o}\0", self.owner.0));
        put(116, &format!("{:07o}\0", self.owner.1));
        put(124, &format!("{size:011o}\0"));
        put(136, &format!("{:011o}\0", self.date));
        // The checksum is computed with blanks in its own field.
        put(148, "        ");
        put(156, char::from(self.kind as u8).encode_utf8(&mut [0; 4]));
        put(157, self.link.get(..100).unwrap_or(&self.link));
        put(257, "ustar\x0000");
        let sum: u32 = header.iter().copied().map(u32::from).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        header
    }
}

impl DemoFiles {
    /// Starts without entries.
    pub fn new() -> DemoFiles {
        DemoFiles::default()
    }

    /// Adds a file that all may read.
    pub fn file(self, path: &str, content: impl Into<Bytes>) -> DemoFiles {
        let content = content.into();
        self.add(DemoEntry { content, ..DemoEntry::new(DemoKind::File, path) })
    }

    /// Adds a program: a file that all may run.
    pub fn program(self, path: &str, content: impl Into<Bytes>) -> DemoFiles {
        self.file(path, content).mode(0o755)
    }

    /// Adds a directory.
    pub fn directory(self, path: &str) -> DemoFiles {
        self.add(DemoEntry::new(DemoKind::Directory, format!("{path}/")))
    }

    /// Adds a symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> DemoFiles {
        self.add(DemoEntry { link: target.to_owned(), ..DemoEntry::new(DemoKind::Symlink, path) })
    }

    /// Adds another name of a file.
    pub fn hard_link(self, path: &str, target: &str) -> DemoFiles {
        self.add(DemoEntry { link: target.to_owned(), ..DemoEntry::new(DemoKind::HardLink, path) })
    }

    /// Removes a path of lower layers (image-spec, `layer.md` § Whiteouts).
    pub fn whiteout(self, path: &str) -> DemoFiles {
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let slash = if folder.is_empty() { "" } else { "/" };
        self.file(&format!("{folder}{slash}.wh.{name}"), "").mode(0)
    }

    /// Sets the mode of the last entry.
    pub fn mode(mut self, mode: u32) -> DemoFiles {
        self.entries.last_mut().into_iter().for_each(|entry| entry.mode = mode);
        self
    }

    /// Sets the ids of the owner and of the group of the last entry.
    pub fn owner(mut self, user: u32, group: u32) -> DemoFiles {
        self.entries.last_mut().into_iter().for_each(|entry| entry.owner = (user, group));
        self
    }

    /// Sets the date of all entries so far, in seconds since 1970.
    pub fn dated(mut self, date: u64) -> DemoFiles {
        self.entries.iter_mut().for_each(|entry| entry.date = date);
        self
    }

    /// Leaves the directories out.
    pub fn without_directories(mut self) -> DemoFiles {
        self.entries.retain(|entry| entry.kind != DemoKind::Directory);
        self
    }

    /// Adds an entry alone, without the directories above it.
    pub(super) fn add_alone(mut self, entry: DemoEntry) -> DemoFiles {
        self.entries.push(entry);
        self
    }

    fn add(mut self, entry: DemoEntry) -> DemoFiles {
        let above = entry.path.trim_end_matches('/').match_indices('/').map(|(end, _)| &entry.path[..=end]);
        for directory in above {
            if !self.entries.iter().any(|other| other.path == directory) {
                self.entries.push(DemoEntry::new(DemoKind::Directory, directory));
            }
        }
        self.add_alone(entry)
    }
}

/// The most bytes of [`noise`].
pub(super) const MOST_NOISE: usize = 127 * RECORD;

/// Returns bytes that look like a program (xorshift64), always the same ones and at most [`MOST_NOISE`].
pub(super) fn noise(length: usize) -> Bytes {
    static NOISE: LazyLock<Bytes> = LazyLock::new(|| {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .flatten()
        .take(MOST_NOISE)
        .collect()
    });
    NOISE.slice(..length.min(MOST_NOISE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_once_and_before_their_entries() {
        let files = DemoFiles::new().file("a/b/c", "1").file("a/b/d", "2").whiteout("a/e").whiteout("f");
        let paths: Vec<&str> = files.entries.iter().map(|entry| &*entry.path).collect();
        assert_eq!(paths, ["a/", "a/b/", "a/b/c", "a/b/d", "a/.wh.e", ".wh.f"]);
    }
}
