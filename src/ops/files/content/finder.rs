//! The files of a layer that is read from its first byte on.

use std::collections::HashMap;

use tokio::sync::mpsc::Sender;

use super::check::ContentCheck;
use crate::layer::{EntryKind, LayerError, LayerStream, StreamLimits};
use crate::ops::files::pipe::PipeReader;

/// A part of a file for the caller.
pub(super) enum Portion {
    Bytes(u32, Vec<u8>),
    End(u32),
}

/// The thread that looks for files in a layer.
pub(super) struct StreamFinder {
    /// The path of each file.
    pub(super) wanted: Vec<(Vec<u8>, ContentCheck)>,
    /// Whether only the path tells a file, because the numbers are those of a table of contents.
    pub(super) is_by_path: bool,
    pub(super) media_type: String,
    pub(super) contents: Sender<Portion>,
}

impl StreamFinder {
    /// Returns whether all files were found.
    pub(super) fn run(mut self, reader: PipeReader) -> Result<bool, LayerError> {
        let mut stream = LayerStream::new(reader, &self.media_type, StreamLimits::default())?;
        let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (index, (path, _)) in self.wanted.iter().enumerate() {
            places.entry(path.clone()).or_default().push(index);
        }
        let mut number = 0_u32;
        let mut left = self.wanted.len();
        while left > 0 {
            let Some(entry) = stream.next_entry()? else { return Ok(false) };
            let is_it = |index: &&usize| self.is_by_path || self.wanted[**index].1.number == number;
            let indexes = places.get(&*entry.path).filter(|_| entry.kind == EntryKind::File);
            let place = indexes.and_then(|indexes| indexes.iter().find(is_it)).copied();
            number += 1;
            let Some(index) = place else { continue };
            let mut portion = vec![0; 64 * 1024];
            let check = &mut self.wanted[index].1;
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
            if self.contents.blocking_send(Portion::End(check.number)).is_err() {
                return Ok(false);
            }
            left -= 1;
        }
        Ok(true)
    }
}
