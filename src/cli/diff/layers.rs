//! `--layer`: only one layer of each image is compared.

use crate::cli::CliError;
use crate::model::plural::counted;
use crate::model::text::SafeText;
use crate::ops::image_diff::DiffedImages;

/// Keeps the layers of the images that were asked for, by their numbers from 1: one for both images, or one for each.
pub(super) fn choose(images: DiffedImages, numbers: &[usize]) -> Result<DiffedImages, CliError> {
    let numbers = match *numbers {
        [] => return Ok(images),
        [both] => [both; 2],
        [left, right] => [left, right],
        _ => return Err(CliError::Usage("`--layer` takes one number, or two: `--layer 2,3`".into())),
    };
    for (number, image, side) in
        [(numbers[0], &images.left, &images.diff.left), (numbers[1], &images.right, &images.diff.right)]
    {
        let (count, what) = (image.layers.len(), SafeText::clean(&side.reference));
        if number == 0 || number > count {
            let count = counted(count, "layer", "layers");
            let text = format!("`--layer {number}`: {what} has {count}, and 1 is the lowest");
            return Err(CliError::Usage(text));
        }
    }
    let unchecked = || CliError::Usage("the digest of a layer cannot be checked".into());
    images.compare_layers(numbers).ok_or_else(unchecked)
}
