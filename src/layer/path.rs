//! Paths of entries in their normal form.

use std::borrow::Cow;

use super::entry::EntryKind;
use super::finding::{Findings, LONGEST_PATH, Problem};

/// The entry with the table of contents of eStargz.
pub(super) const ESTARGZ_TABLE: &str = "stargz.index.json";
/// Files of eStargz for lazy pulling: one ends those that are fetched early, or says that there are none.
const LANDMARKS: [&str; 2] = [".prefetch.landmark", ".no.prefetch.landmark"];

/// The prefix of whiteouts, and the rest of the names that AUFS reserves.
const WHITEOUT: &[u8] = b".wh.";
const RESERVED: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// A path in its normal form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NormalPath {
    /// The components, joined with one slash each.
    pub(super) path: Vec<u8>,
    /// Whether it began with a slash.
    pub(super) is_absolute: bool,
}

/// Returns whether a path is that of the table or of a landmark. They are no files of the image.
pub(super) fn is_of_estargz(path: &[u8]) -> bool {
    path == ESTARGZ_TABLE.as_bytes() || LANDMARKS.iter().any(|landmark| path == landmark.as_bytes())
}

/// Returns the path without `.`, empty components and slashes at its ends, or the reason why it is refused.
pub(super) fn normalize(raw: &[u8]) -> Result<NormalPath, Problem> {
    if raw.len() > LONGEST_PATH {
        return Err(Problem::LongPath);
    }
    if raw.contains(&0) {
        return Err(Problem::Nul);
    }
    if raw.is_empty() {
        return Err(Problem::EmptyPath);
    }
    let mut path = Vec::with_capacity(raw.len());
    for component in raw.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => return Err(Problem::ParentComponent),
            name => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
            }
        }
    }
    Ok(NormalPath { path, is_absolute: raw.starts_with(b"/") })
}

/// The first character of the paths of a layer that stand beside the directory whose content is at the root. No name of a
/// file on Windows has it: <https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>.
const BESIDE: u8 = b':';

/// Returns the path of an entry if the content of a directory is at the root. The paths beside that directory begin with a
/// colon, so that no two paths become one: `Files/Hives` is `Hives`, and `Hives` is `:Hives`. Only a directory `Files` is the
/// root itself.
pub(crate) fn at_root<'a>(directory: &[u8], kind: EntryKind, path: &'a [u8]) -> Cow<'a, [u8]> {
    let is_directory = matches!(kind, EntryKind::Directory | EntryKind::Whiteout | EntryKind::OpaqueMarker);
    match path.strip_prefix(directory) {
        _ if path.is_empty() || directory.is_empty() => path.into(),
        Some(b"") if is_directory => b"".into(),
        Some([b'/', rest @ ..]) if rest.first() != Some(&BESIDE) => rest.into(),
        _ => [&[BESIDE], path].concat().into(),
    }
}

/// Returns the path of a layer if it stands beside the directory whose content is at the root.
pub(crate) fn beside_root(path: &[u8]) -> Option<&[u8]> {
    path.strip_prefix(&[BESIDE])
}

/// Returns the parent and the name of a normal path.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// Returns the kind and the path of a removal if the name says that the entry is one, and `None` for a file. Leftovers
/// of AUFS (`.wh..wh.plnk`) are an error without a problem.
pub(super) fn as_removal(path: &[u8]) -> Result<Option<(EntryKind, Vec<u8>)>, Option<Problem>> {
    let (parent, name) = split(path);
    if name == OPAQUE {
        return Ok(Some((EntryKind::OpaqueMarker, parent.to_vec())));
    }
    // Its folder of hard links holds files too.
    if path.split(|byte| *byte == b'/').any(|part| part.starts_with(RESERVED)) {
        return Err(None);
    }
    let Some(removed) = name.strip_prefix(WHITEOUT) else { return Ok(None) };
    if matches!(removed, b"" | b"." | b"..") {
        return Err(Some(Problem::BareWhiteout));
    }
    let mut target = parent.to_vec();
    if !parent.is_empty() {
        target.push(b'/');
    }
    target.extend_from_slice(removed);
    Ok(Some((EntryKind::Whiteout, target)))
}

/// Returns the kind and the normal path of an entry. If it is refused, adds a finding and returns `None`.
pub(super) fn accept(kind: EntryKind, raw: &[u8], findings: &mut Findings) -> Option<(EntryKind, Vec<u8>)> {
    let normal = normalize(raw).map_err(|problem| findings.add(problem, raw)).ok()?;
    if normal.is_absolute {
        findings.add(Problem::Absolute, raw);
    }
    if normal.path.is_empty() && kind != EntryKind::Directory {
        findings.add(Problem::EmptyPath, raw);
        return None;
    }
    match as_removal(&normal.path) {
        Ok(None) => Some((kind, normal.path)),
        Ok(removal) => removal,
        Err(problem) => {
            if let Some(problem) = problem {
                findings.add(problem, raw);
            }
            None
        }
    }
}

/// Returns the target of a link, and nothing for other kinds. If the entry is refused because of it, adds a finding
/// about its path `raw` and returns `None`.
pub(super) fn accept_link(
    kind: EntryKind,
    link: Vec<u8>,
    raw: &[u8],
    findings: &mut Findings,
) -> Option<Vec<u8>> {
    match kind {
        EntryKind::HardLink => match normalize(&link) {
            Ok(target) => return Some(target.path),
            Err(problem) => findings.add(problem, raw),
        },
        EntryKind::Symlink if link.len() > LONGEST_PATH => findings.add(Problem::LongPath, raw),
        EntryKind::Symlink if link.contains(&0) => findings.add(Problem::Nul, raw),
        EntryKind::Symlink => return Some(link),
        _ => return Some(Vec::new()),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_form_and_never_lead_out() {
        for (raw, normal) in [
            (&b"a"[..], &b"a"[..]),
            (b"./a//b/./c/", b"a/b/c"),
            (b"/etc/passwd", b"etc/passwd"),
            (b"./", b""),
            (b"/", b""),
            (b"a\xff/b", b"a\xff/b"),
            (b"...", b"..."),
        ] {
            assert_eq!(normalize(raw).map(|path| path.path), Ok(normal.to_vec()), "{raw:?}");
        }
        for (raw, problem) in [
            (&b".."[..], Problem::ParentComponent),
            (b"a/../b", Problem::ParentComponent),
            (b"a/..", Problem::ParentComponent),
            (b"a\0b", Problem::Nul),
            (b"", Problem::EmptyPath),
            (&[b'a'; 4_097][..], Problem::LongPath),
        ] {
            assert_eq!(normalize(raw), Err(problem), "{raw:?}");
        }
        assert!(normalize(b"/a").is_ok_and(|path| path.is_absolute));
        assert_eq!(normalize(&[b'a'; 4_096]).map(|path| path.path.len()), Ok(4_096));
    }

    #[test]
    fn the_content_of_a_directory_can_be_at_the_root_and_no_two_paths_become_one() {
        let table = [
            (&b"Files/Windows/a"[..], &b"Windows/a"[..]),
            (b"Files/Hives/Sam", b"Hives/Sam"),
            (b"Files/UtilityVM", b"UtilityVM"),
            (b"Hives/Sam", b":Hives/Sam"),
            (b"Hives", b":Hives"),
            (b"UtilityVM/Files/a", b":UtilityVM/Files/a"),
            (b"FilesAndMore/a", b":FilesAndMore/a"),
            (b"a/Files/b", b":a/Files/b"),
            // An alternate stream of the directory, and names that no file of Windows has.
            (b"Files:stream", b":Files:stream"),
            (b"Files/:Hives/Sam", b":Files/:Hives/Sam"),
            (b":Files/:Hives/Sam", b"::Files/:Hives/Sam"),
            (b":Hives/Sam", b"::Hives/Sam"),
            (b"Files", b":Files"),
        ];
        for (path, moved) in table {
            assert_eq!(at_root(b"Files", EntryKind::File, path), moved);
            assert_eq!(at_root(b"", EntryKind::File, path), path);
        }
        let moved: std::collections::HashSet<_> = table.iter().map(|(_, moved)| moved).collect();
        assert_eq!(moved.len(), table.len());
        for kind in [EntryKind::Directory, EntryKind::OpaqueMarker, EntryKind::Whiteout] {
            assert_eq!(at_root(b"Files", kind, b"Files"), &b""[..]);
            assert_eq!(at_root(b"Files", kind, b""), &b""[..]);
        }
        assert_eq!(beside_root(b":Hives"), Some(&b"Hives"[..]));
        assert_eq!(beside_root(b"Hives"), None);
    }

    #[test]
    fn whiteouts_are_known_by_their_names() {
        let white = |path: &[u8]| Ok(Some((EntryKind::Whiteout, path.to_vec())));
        for (path, removal) in [
            (&b"a/b"[..], Ok(None)),
            (b"a/.wh.b", white(b"a/b")),
            (b".wh.b", white(b"b")),
            (b".wh..hidden", white(b".hidden")),
            (b"a/.wh..wh..opq", Ok(Some((EntryKind::OpaqueMarker, b"a".to_vec())))),
            (b".wh..wh..opq", Ok(Some((EntryKind::OpaqueMarker, Vec::new())))),
            (b".wh..wh.plnk", Err(None)),
            (b".wh..wh.plnk/12.34", Err(None)),
            (b"a/.wh..wh.orph/x/y", Err(None)),
            (b"a/.wh..wh.aufs/.wh..wh..opq", Ok(Some((EntryKind::OpaqueMarker, b"a/.wh..wh.aufs".to_vec())))),
            (b"a/.wh.", Err(Some(Problem::BareWhiteout))),
            (b"a/.wh...", Err(Some(Problem::BareWhiteout))),
        ] {
            assert_eq!(as_removal(path), removal, "{path:?}");
        }
    }
}
