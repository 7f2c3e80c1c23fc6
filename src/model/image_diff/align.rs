//! Aligns two lists: the elements that both have in the same order, and those of one alone.

use std::hash::Hash;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Most elements of both lists together, without those at both ends that are the same, that are aligned one by one. The
/// work grows with the square of the differences.
const MOST: usize = 10_000;

/// A place in two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aligned {
    /// The same element: its index on the left and on the right.
    Same(usize, usize),
    /// An element of the left list alone.
    Left(usize),
    /// An element of the right list alone.
    Right(usize),
}

/// Aligns two lists. If too many elements differ, all between the first and the last difference count as different.
pub(super) fn align<T: Hash + Eq + Ord>(left: &[T], right: &[T]) -> Vec<Aligned> {
    let head = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left_rest, right_rest) = (&left[head..], &right[head..]);
    let ends = left_rest.iter().rev().zip(right_rest.iter().rev());
    let tail = ends.take_while(|(left, right)| left == right).count();
    let (left_middle, right_middle) =
        (&left_rest[..left_rest.len() - tail], &right_rest[..right_rest.len() - tail]);
    let mut all: Vec<Aligned> = (0..head).map(|index| Aligned::Same(index, index)).collect();
    let removed = |at: usize, count: usize| (at..at + count).map(move |index| Aligned::Left(head + index));
    let added = |at: usize, count: usize| (at..at + count).map(move |index| Aligned::Right(head + index));
    if left_middle.len() + right_middle.len() > MOST {
        all.extend(removed(0, left_middle.len()));
        all.extend(added(0, right_middle.len()));
    } else {
        for part in capture_diff_slices(Algorithm::Myers, left_middle, right_middle) {
            match part {
                DiffOp::Equal { old_index, new_index, len } => all.extend(
                    (0..len).map(|index| Aligned::Same(head + old_index + index, head + new_index + index)),
                ),
                DiffOp::Delete { old_index, old_len, .. } => all.extend(removed(old_index, old_len)),
                DiffOp::Insert { new_index, new_len, .. } => all.extend(added(new_index, new_len)),
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    all.extend(removed(old_index, old_len));
                    all.extend(added(new_index, new_len));
                }
            }
        }
    }
    let (left_end, right_end) = (left.len() - tail, right.len() - tail);
    all.extend((0..tail).map(|index| Aligned::Same(left_end + index, right_end + index)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements with `=`, `-` or `+` in front.
    fn aligned(left: &str, right: &str) -> String {
        let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
        let show = |place| match place {
            Aligned::Same(at, other) => {
                assert_eq!(left[at], right[other]);
                format!("={}", left[at])
            }
            Aligned::Left(at) => format!("-{}", left[at]),
            Aligned::Right(at) => format!("+{}", right[at]),
        };
        align(&left, &right).into_iter().map(show).collect()
    }

    #[test]
    fn elements_that_both_lists_have_in_order_are_the_same() {
        let table = [
            ("", "", ""),
            ("ab", "ab", "=a=b"),
            ("", "ab", "+a+b"),
            ("ab", "", "-a-b"),
            ("abcd", "axcd", "=a-b+x=c=d"),
            ("abc", "abcabc", "=a=b=c+a+b+c"),
            ("aaa", "aa", "=a=a-a"),
        ];
        for (left, right, expected) in table {
            assert_eq!(aligned(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn lists_that_differ_in_too_many_elements_differ_from_the_first_to_the_last_difference() {
        let left: Vec<usize> = (0..20_000).collect();
        let mut right = left.clone();
        (right[1], right[19_998]) = (100_000, 100_001);
        let all = align(&left, &right);
        assert_eq!(all.iter().filter(|place| matches!(place, Aligned::Same(..))).count(), 2);
        assert_eq!(all.len(), 2 + 2 * 19_998);
    }
}
