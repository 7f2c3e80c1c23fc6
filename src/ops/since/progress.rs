//! The progress of a question to many images, shared with the code that shows it, and the way to pause it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::model::since::SinceProgress;
use crate::ops::files::image::ImageSource;
use crate::ops::files::tree::Reading;

/// A question to many images while it is answered.
#[derive(Debug, Default)]
pub struct SinceReading(Mutex<ReadingState>);

#[derive(Debug, Default)]
struct ReadingState {
    is_paused: bool,
    progress: SinceProgress,
    /// The bytes of layers of images that were looked at.
    received: u64,
    /// The layers of the image that is looked at.
    reading: Option<Arc<Reading>>,
}

impl SinceReading {
    /// Pauses the reading of layers, or lets it go on.
    pub fn pause(&self, is_paused: bool) {
        self.with(|state| {
            state.is_paused = is_paused;
            state.reading.iter().for_each(|reading| reading.pause.set(is_paused));
        });
    }

    /// Returns the progress so far.
    pub fn progress(&self) -> SinceProgress {
        self.with(|state| {
            let received = state.reading.as_ref().map_or(0, |reading| reading.received());
            SinceProgress { bytes_read: state.received + received, ..state.progress }
        })
    }

    /// Notes the number of images in the order.
    pub(super) fn set_images(&self, images: usize) {
        self.with(|state| state.progress.images = images);
    }

    /// Begins to look at an image. Returns the state of its layers.
    pub(super) fn begin_image(&self, source: &ImageSource) -> Arc<Reading> {
        let reading = Arc::new(Reading::new(source));
        self.with(|state| {
            reading.pause.set(state.is_paused);
            state.reading = Some(reading.clone());
        });
        reading
    }

    /// Notes that an image was looked at.
    pub(super) fn end_image(&self) {
        self.with(|state| {
            state.progress.looked_at += 1;
            state.received += state.reading.take().map_or(0, |reading| reading.received());
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut ReadingState) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
