//! Two repositories side by side, and the changes that a copy from the left to the right would make.

use serde::Serialize;

use crate::model::digest::Digest;
use crate::model::reference::{Repository, Tag};
use crate::model::text::SafeText;

/// Every tag of two repositories, with the differences. Digest tags are left out, since they belong to their images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The repository to copy from.
    pub left: Repository,
    /// The repository to copy to.
    pub right: Repository,
    /// Each tag that at least one of the repositories has, sorted by name.
    pub rows: Vec<ComparisonRow>,
    /// The reasons why tags may be missing, in words. Empty if both lists are complete.
    pub incomplete: Vec<SafeText>,
}

/// A tag on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparisonRow {
    /// The tag.
    pub tag: Tag,
    /// The digest on the left; `None` if there is no such tag, or the registry could not be asked.
    pub left: Option<Digest>,
    /// The digest on the right; `None` as on the left.
    pub right: Option<Digest>,
    /// The right side compared with the left one.
    pub standing: Standing,
}

/// The right side of a row compared with the left one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The same image on both sides.
    Same,
    /// Another image on the right.
    Moved,
    /// Only on the left.
    Missing,
    /// Only on the right.
    Extra,
    /// Not known: one of the registries did not say which digest the tag has.
    Unknown,
}

impl Standing {
    /// Returns the standing in one word.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Standing::Same => "same",
            Standing::Moved => "moved",
            Standing::Missing => "missing",
            Standing::Extra => "extra",
            Standing::Unknown => "unknown",
        }
    }
}

impl Comparison {
    /// Returns the number of rows with this standing.
    pub fn count(&self, standing: Standing) -> usize {
        self.rows.iter().filter(|row| row.standing == standing).count()
    }

    /// Returns the counts in words: `12 same, 2 moved, 1 missing, 3 extra`. Counts of zero are left out.
    pub fn summary(&self) -> SafeText {
        let words = [
            (Standing::Same, "same"),
            (Standing::Moved, "moved"),
            (Standing::Missing, "missing"),
            (Standing::Extra, "extra"),
            (Standing::Unknown, "unknown"),
        ];
        let counted = words.map(|(standing, word)| (self.count(standing), word));
        let named: Vec<String> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if named.is_empty() { "no tags on either side".into() } else { SafeText::from(named.join(", ")) }
    }
}

/// The answer of one registry about a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonSide {
    /// The tag has this digest.
    Present(Digest),
    /// There is no such tag.
    Absent,
    /// The registry did not say.
    Unknown,
}

impl ComparisonRow {
    /// Returns the row of a tag that at least one side has.
    pub fn of(tag: Tag, left: ComparisonSide, right: ComparisonSide) -> ComparisonRow {
        let standing = match (left, right) {
            (ComparisonSide::Present(left), ComparisonSide::Present(right)) if left == right => {
                Standing::Same
            }
            (ComparisonSide::Present(_), ComparisonSide::Present(_)) => Standing::Moved,
            (ComparisonSide::Present(_), ComparisonSide::Absent) => Standing::Missing,
            (ComparisonSide::Absent, ComparisonSide::Present(_)) => Standing::Extra,
            _ => Standing::Unknown,
        };
        ComparisonRow { tag, left: left.digest(), right: right.digest(), standing }
    }
}

impl ComparisonSide {
    fn digest(self) -> Option<Digest> {
        match self {
            ComparisonSide::Present(digest) => Some(digest),
            ComparisonSide::Absent | ComparisonSide::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(left: ComparisonSide, right: ComparisonSide) -> ComparisonRow {
        ComparisonRow::of(Tag::parse("1").expect("a tag"), left, right)
    }

    #[test]
    fn a_tag_is_the_same_moved_missing_extra_or_not_known() {
        let (one, two) =
            (ComparisonSide::Present(Digest::sha256(b"1")), ComparisonSide::Present(Digest::sha256(b"2")));
        let table = [
            (one, one, Standing::Same),
            (one, two, Standing::Moved),
            (one, ComparisonSide::Absent, Standing::Missing),
            (ComparisonSide::Absent, one, Standing::Extra),
            (ComparisonSide::Unknown, one, Standing::Unknown),
            (one, ComparisonSide::Unknown, Standing::Unknown),
            (ComparisonSide::Unknown, ComparisonSide::Absent, Standing::Unknown),
        ];
        for (left, right, standing) in table {
            assert_eq!(row(left, right).standing, standing, "{left:?} {right:?}");
        }
    }

    #[test]
    fn the_summary_counts_the_kinds_of_rows_that_there_are() {
        let repository = Repository::parse("r.test/app").expect("a repository");
        let one = ComparisonSide::Present(Digest::sha256(b"1"));
        let rows = vec![row(one, one), row(one, ComparisonSide::Absent), row(one, ComparisonSide::Absent)];
        let mut comparison =
            Comparison { left: repository.clone(), right: repository, rows, incomplete: Vec::new() };
        assert_eq!(comparison.summary().as_str(), "1 same, 2 missing");
        comparison.rows.clear();
        assert_eq!(comparison.summary().as_str(), "no tags on either side");
    }
}
