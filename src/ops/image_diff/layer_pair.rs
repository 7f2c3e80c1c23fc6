//! Two layers instead of two images: each is the only layer of its side.

use super::{DiffedImages, input};
use crate::model::image_diff::ImageDiff;
use crate::ops::files::image::ImageSource;

impl DiffedImages {
    /// Compares only one layer of each image, by its number from 1. Returns `None` if there is no such layer, or if its
    /// digest cannot be checked.
    pub fn compare_layers(self, numbers: [usize; 2]) -> Option<DiffedImages> {
        let (left, right) = (&self.diff.left.reference, &self.diff.right.reference);
        let sides = ((input(left, &self.left), numbers[0]), (input(right, &self.right), numbers[1]));
        let diff = ImageDiff::of_layers(sides.0, sides.1)?;
        Some(DiffedImages { diff, ..self }.keep_layers(numbers))
    }

    /// Keeps only one layer of each image, by its number from 1. The differences are those of these layers already.
    pub fn keep_layers(mut self, numbers: [usize; 2]) -> DiffedImages {
        keep_layer(&mut self.left, numbers[0]);
        keep_layer(&mut self.right, numbers[1]);
        DiffedImages { single: Some(numbers), ..self }
    }
}

fn keep_layer(image: &mut ImageSource, number: usize) {
    image.layers = image.layers.drain(..).skip(number.saturating_sub(1)).take(1).collect();
}
