//! One record of a layer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The kind of a record. Whiteouts and opaque markers are files in the tar, and no files of the image: image-spec,
/// `layer.md` § Whiteouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file in this layer or a lower one.
    HardLink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// The path is removed from lower layers.
    Whiteout,
    /// The content of the directory is removed from lower layers.
    OpaqueMarker,
}

impl EntryKind {
    /// Returns its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            EntryKind::File => "file",
            EntryKind::Directory => "directory",
            EntryKind::Symlink => "symlink",
            EntryKind::HardLink => "hardlink",
            EntryKind::CharDevice => "char_device",
            EntryKind::BlockDevice => "block_device",
            EntryKind::Fifo => "fifo",
            EntryKind::Whiteout => "whiteout",
            EntryKind::OpaqueMarker => "opaque_marker",
        }
    }
}

/// Returns kind and permissions as `ls -l` writes them: `-rwsr-xr-x`.
pub fn mode_text(kind: EntryKind, mode: u16) -> String {
    let kind = match kind {
        EntryKind::File => '-',
        EntryKind::HardLink => 'h',
        EntryKind::Directory => 'd',
        EntryKind::Symlink => 'l',
        EntryKind::CharDevice => 'c',
        EntryKind::BlockDevice => 'b',
        EntryKind::Fifo => 'p',
        EntryKind::Whiteout | EntryKind::OpaqueMarker => 'w',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// The place of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataPosition {
    /// At this byte of the uncompressed stream.
    Stream(u64),
    /// In these chunks of the table of contents.
    Chunks {
        /// The index of the first chunk.
        first: u32,
        /// The number of chunks.
        count: u32,
    },
}

/// One record of a layer: a file, a directory, a link, a device, or the removal of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerEntry<'a> {
    /// The path without a slash at the beginning and the end; empty for the root. Of a whiteout: the path that it
    /// removes. Of an opaque marker: the directory.
    pub path: Cow<'a, [u8]>,
    /// Its kind.
    pub kind: EntryKind,
    /// The size of the content in bytes; of a sparse file with its holes.
    pub size: u64,
    /// Permissions with setuid, setgid and sticky bit.
    pub mode: u16,
    /// The number of the owner. Larger numbers become the largest one.
    pub uid: u32,
    /// The number of the group. Larger numbers become the largest one.
    pub gid: u32,
    /// The time of the last change, in seconds since 1970.
    pub mtime: i64,
    /// The target of a symbolic link as it is, or the normal path of the target of a hard link; otherwise empty.
    pub link: Cow<'a, [u8]>,
    /// The sha256 of the content, if it was read or a table of contents states it.
    pub sha256: Option<[u8; 32]>,
    /// The place of the content. `None` if there is no content, or if it is stored with holes.
    pub data: Option<DataPosition>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_ls_writes_them() {
        for (kind, mode, text) in [
            (EntryKind::File, 0o644, "-rw-r--r--"),
            (EntryKind::Directory, 0o1777, "drwxrwxrwt"),
            (EntryKind::File, 0o4755, "-rwsr-xr-x"),
            (EntryKind::File, 0o6600, "-rwS--S---"),
            (EntryKind::Symlink, 0o777, "lrwxrwxrwx"),
        ] {
            assert_eq!(mode_text(kind, mode), text);
        }
    }
}
