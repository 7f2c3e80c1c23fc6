//! Binary search for the first image for which something holds. It is right only if it holds for all later ones too.

use super::lookup::Lookup;
use crate::model::failure::Failure;
use crate::model::price::Price;
use crate::model::since::SinceRow;
use crate::model::text::SafeText;
use crate::ops::files::image::ImageSource;
use crate::ops::spending::SpendingError;

/// The result of a search.
pub(super) enum Bisected {
    /// The numbers of the images that were looked at.
    Found(Vec<usize>),
    /// The oldest and the newest image contradict the assumption: the reason.
    Contradicted(SafeText),
}

/// Returns the most images that a search in so many looks at: both ends, and the middle of what is left.
pub(super) fn most_looks(images: usize) -> usize {
    images.min(2 + usize::BITS as usize - images.saturating_sub(1).leading_zeros() as usize)
}

/// Looks at both ends, and then at the middle of what is left. An image that cannot be read is passed over. `sources` has
/// the images if they were read already.
pub(super) async fn search(
    lookup: &mut Lookup<'_, '_>,
    rows: &mut [SinceRow],
    sources: &[Option<Result<ImageSource, Failure>>],
) -> Result<Bisected, SpendingError> {
    let mut looked_at = Vec::new();
    let mut open: Vec<usize> = (0..rows.len()).collect();
    let mut ends = Vec::new();
    for is_newest in [true, false] {
        while !open.is_empty() {
            let number = open.remove(if is_newest { open.len() - 1 } else { 0 });
            look(lookup, rows, sources, number, open.len()).await?;
            looked_at.push(number);
            if let Some(holds) = rows[number].holds() {
                ends.push((number, holds));
                break;
            }
        }
    }
    if let [(newest, false), (oldest, true)] = ends[..] {
        let (newest, oldest) = (&rows[newest].tag, &rows[oldest].tag);
        return Ok(Bisected::Contradicted(SafeText::from(format!(
            "{oldest} has it and {newest} does not, so a binary search would be wrong: all images were looked at"
        ))));
    }
    // If both ends agree, so do all others.
    if let [(_, true), (_, false)] = ends[..] {
        while !open.is_empty() {
            let middle = open.len() / 2;
            let number = open[middle];
            look(lookup, rows, sources, number, open.len()).await?;
            looked_at.push(number);
            match rows[number].holds() {
                Some(true) => open.truncate(middle),
                Some(false) => drop(open.drain(..=middle)),
                None => drop(open.remove(middle)),
            }
        }
    }
    looked_at.sort_unstable();
    Ok(Bisected::Found(looked_at))
}

/// Looks at one image. `left` is the number of those that may follow.
async fn look(
    lookup: &mut Lookup<'_, '_>,
    rows: &mut [SinceRow],
    sources: &[Option<Result<ImageSource, Failure>>],
    number: usize,
    left: usize,
) -> Result<(), SpendingError> {
    let source = match sources.get(number).cloned().flatten() {
        Some(source) => source,
        None => lookup.choose(&rows[number]).await,
    };
    if lookup.question.is_about_files() {
        let step = lookup.price(source.as_ref().ok()).await;
        // Nothing tells the sizes of the images that follow: they are taken to be alike.
        let looks = most_looks(left) as u64 + 1;
        let all = Price {
            bytes: step.bytes.saturating_mul(looks),
            requests: step.requests.saturating_mul(looks),
            is_more: step.is_more || left > 0,
            whole_layers: step.whole_layers,
            ..step
        };
        lookup.spending.allow_all(step, all)?;
    }
    lookup.answer(&mut rows[number], source).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_at_both_ends_and_the_logarithm_of_the_rest() {
        let table = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (100, 9), (1_000, 12)];
        for (images, expected) in table {
            assert_eq!(most_looks(images), expected, "{images}");
        }
    }
}
