//! The files of a layer that is read from its first byte on.

use std::collections::HashMap;

use tokio::sync::mpsc::Sender;

use super::check::ContentCheck;
use crate::layer::files::at_root;
use crate::layer::{EntryKind, LayerError, LayerStream, StreamLimits};
use crate::ops::files::pipe::PipeReader;

/// A part of a file for the caller.
pub(super) enum Portion {
    Bytes(u32, Vec<u8>),
    End(u32),
}

/// A file that is looked for.
pub(super) struct WantedFile {
    pub(super) path: Vec<u8>,
    /// The number of files at this path that stand before it.
    pub(super) nth: usize,
    /// Whether the list tells its digest. Otherwise only the digest of the whole layer proves it.
    pub(super) is_told: bool,
    pub(super) check: ContentCheck,
}

/// The thread that looks for files in a layer.
pub(super) struct StreamFinder {
    pub(super) wanted: Vec<WantedFile>,
    /// Whether only the path tells a file, because the numbers are those of a table of contents.
    pub(super) is_by_path: bool,
    /// The directory of the layer whose content the list has at its root.
    pub(super) root: &'static [u8],
    pub(super) contents: Sender<Portion>,
}

impl StreamFinder {
    /// Returns whether all files were found.
    pub(super) fn run(mut self, reader: PipeReader) -> Result<bool, LayerError> {
        let mut stream = LayerStream::new(reader, StreamLimits::default())?;
        let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (index, wanted) in self.wanted.iter().enumerate() {
            places.entry(wanted.path.clone()).or_default().push(index);
        }
        let mut passed: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut number = 0_u32;
        let mut left = self.wanted.len();
        let mut untold = Vec::new();
        while left > 0 {
            let Some(entry) = stream.next_entry()? else { return Ok(false) };
            let path = at_root(self.root, entry.kind, &entry.path);
            let indexes = places.get(&*path).filter(|_| entry.kind == EntryKind::File);
            let nth = indexes.map_or(0, |_| {
                let passed = passed.entry(path.to_vec()).or_default();
                *passed += 1;
                *passed - 1
            });
            let is_it = |index: &&usize| {
                let wanted = &self.wanted[**index];
                if self.is_by_path { wanted.nth == nth } else { wanted.check.number == number }
            };
            let place = indexes.and_then(|indexes| indexes.iter().find(is_it)).copied();
            number += 1;
            let Some(index) = place else { continue };
            let mut portion = vec![0; 64 * 1024];
            let WantedFile { is_told, check, .. } = &mut self.wanted[index];
            loop {
                let read = stream.read_content(&mut portion)?;
                if read == 0 {
                    break;
                }
                check.update(&portion[..read]);
                let bytes = portion[..read].to_vec();
                if self.contents.blocking_send(Portion::Bytes(check.number, bytes)).is_err() {
                    return Ok(false);
                }
            }
            check.check()?;
            if !check.is_complete() {
                return Err(LayerError::Truncated("a file"));
            }
            left -= 1;
            if !*is_told {
                untold.push(check.number);
            } else if self.contents.blocking_send(Portion::End(check.number)).is_err() {
                return Ok(false);
            }
        }
        if untold.is_empty() {
            return Ok(true);
        }
        // The reader of the blob compares the digest before it tells the end.
        stream.finish()?;
        Ok(untold.into_iter().all(|number| self.contents.blocking_send(Portion::End(number)).is_ok()))
    }
}
