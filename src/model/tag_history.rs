//! The past of tags, as the vendor of a registry keeps it: which image a tag had when, and which tags and images lost
//! their place.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use super::digest::Digest;
use super::plural::counted;
use super::reference::{Repository, Tag};
use super::text::SafeText;

/// The reason why there may be many images without a tag.
const PARTS: &str = " (parts of indexes count)";
/// Seconds between the end of a period and the start of the next one that still count as one move of the tag.
const MOVE_SECONDS: i64 = 1;

/// The past of a tag or of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagHistory {
    /// The name of the vendor.
    pub vendor: SafeText,
    /// The periods, the newest first.
    pub periods: Vec<TagPeriod>,
    /// The reason why periods may be missing.
    pub incomplete: Option<SafeText>,
}

/// The time in which a tag had one image. Nothing proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPeriod {
    /// The tag; `None` for an image that has no tag now, if the vendor does not keep the tags that it had.
    pub tag: Option<Tag>,
    /// The digest of the image.
    pub digest: Option<Digest>,
    /// The size of the image, as the vendor counts it.
    pub size: Option<u64>,
    /// When the tag got the image, or when the image was pushed.
    pub start: Option<Timestamp>,
    /// When the tag lost the image, or will lose it.
    pub end: Option<Timestamp>,
    /// Whether the tag was put back on an earlier image.
    pub is_restored: bool,
    /// Whether the tag went on to another image at the end.
    pub is_followed: bool,
}

/// The state of a period at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodState {
    /// The tag has the image, without an end.
    Current,
    /// The tag has the image, and the registry removes the tag at the end.
    Expires,
    /// The tag went on to another image.
    Moved,
    /// The tag was removed, or it expired: vendors do not tell which.
    Removed,
    /// The image has no tag.
    Untagged,
}

impl PeriodState {
    /// Returns the state in a word or two.
    pub(crate) fn words(self) -> &'static str {
        match self {
            PeriodState::Current => "current",
            PeriodState::Expires => "expires",
            PeriodState::Moved => "moved",
            PeriodState::Removed => "removed or expired",
            PeriodState::Untagged => "no tag",
        }
    }
}

impl TagPeriod {
    /// Creates a period of which only the tag and the digest are known.
    pub fn of(tag: Option<Tag>, digest: Option<Digest>) -> TagPeriod {
        let (size, start, end, is_restored, is_followed) = Default::default();
        TagPeriod { tag, digest, size, start, end, is_restored, is_followed }
    }

    /// Returns the state at this time.
    pub fn state(&self, now: Timestamp) -> PeriodState {
        match (&self.tag, self.end) {
            (None, _) => PeriodState::Untagged,
            (Some(_), None) => PeriodState::Current,
            (Some(_), Some(end)) if end > now => PeriodState::Expires,
            (Some(_), Some(_)) if self.is_followed => PeriodState::Moved,
            (Some(_), Some(_)) => PeriodState::Removed,
        }
    }

    /// Returns the state at this time in words.
    pub(crate) fn describe(&self, now: Timestamp) -> String {
        let restored = if self.is_restored { ", restored" } else { "" };
        format!("{}{restored}", self.state(now).words())
    }

    /// Returns whether the tag has the image at this time.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        matches!(self.state(now), PeriodState::Current | PeriodState::Expires)
    }
}

impl TagHistory {
    /// Sorts the periods, drops those that come twice, and finds those that another one of the same tag follows at once.
    pub fn new(vendor: SafeText, mut periods: Vec<TagPeriod>, incomplete: Option<SafeText>) -> TagHistory {
        let mut seen = HashSet::new();
        periods.retain(|period| seen.insert((period.tag.clone(), period.digest, period.start, period.end)));
        periods.sort_by_key(|period| std::cmp::Reverse(period.start));
        let mut starts: HashMap<Tag, Vec<i64>> = HashMap::new();
        for period in &mut periods {
            let Some(tag) = &period.tag else { continue };
            let later = starts.entry(tag.clone()).or_default();
            if let Some(end) = period.end.map(|end| end.as_second()) {
                // Newer periods come first, so their starts are in falling order.
                let at = later.partition_point(|start| *start > end + MOVE_SECONDS);
                period.is_followed = later.get(at).is_some_and(|start| *start >= end - MOVE_SECONDS);
            }
            later.extend(period.start.map(|start| start.as_second()));
        }
        TagHistory { vendor, periods, incomplete }
    }

    /// Keeps the tags that exist no more, each with its last image, and the images without a tag.
    #[must_use]
    pub fn lost(mut self, now: Timestamp) -> TagHistory {
        let mut seen: HashSet<Tag> = HashSet::new();
        let alive = self.periods.iter().filter(|period| period.is_alive(now));
        seen.extend(alive.filter_map(|period| period.tag.clone()));
        self.periods.retain(|period| period.tag.as_ref().is_none_or(|tag| seen.insert(tag.clone())));
        self
    }

    /// Returns the number of periods in words. `is_of_tag` says whether they are those of one tag.
    pub(crate) fn count(&self, is_of_tag: bool) -> String {
        let periods = self.periods.len();
        if is_of_tag {
            return format!("{} keeps {}", self.vendor, counted(periods, "period", "periods"));
        }
        let tags = self.periods.iter().filter(|period| period.tag.is_some()).count();
        let counts = [
            (tags, counted(tags, "removed tag", "removed tags")),
            (periods - tags, counted(periods - tags, "image without a tag", "images without a tag") + PARTS),
        ];
        let shown: Vec<String> =
            counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
        let shown = if shown.is_empty() {
            "no removed tag and no image without one".into()
        } else {
            shown.join(", ")
        };
        format!("{} keeps {shown}", self.vendor)
    }
}

/// The tag or the repository whose past is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HistorySubject {
    /// The repository.
    pub repository: Repository,
    /// The tag; `None` for the removed tags of the repository and its images without a tag.
    pub tag: Option<Tag>,
}

impl HistorySubject {
    /// Returns the subject as users write it.
    pub(crate) fn name(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}:{tag}", self.repository),
            None => self.repository.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a time")
    }

    fn period(tag: &str, start: i64, end: Option<i64>) -> TagPeriod {
        let tag = Some(Tag::parse(tag).expect("a tag"));
        TagPeriod { start: Some(at(start)), end: end.map(at), ..TagPeriod::of(tag, None) }
    }

    fn history(periods: Vec<TagPeriod>) -> TagHistory {
        TagHistory::new("Quay".into(), periods, None)
    }

    #[test]
    fn a_tag_moved_if_another_image_followed_at_once_and_was_removed_otherwise() {
        let history = history(vec![
            period("a", 0, Some(10)),
            period("a", 10, Some(20)),
            period("a", 50, None),
            period("b", 20, None),
            period("c", 0, Some(5_000)),
        ]);
        let states: Vec<_> = history
            .periods
            .iter()
            .map(|period| (period.tag.as_ref().map(Tag::as_str), period.state(at(1_000))))
            .collect();
        use PeriodState::{Current, Expires, Moved, Removed};
        let expected = [
            (Some("a"), Current),
            (Some("b"), Current),
            (Some("a"), Removed),
            (Some("a"), Moved),
            (Some("c"), Expires),
        ];
        assert_eq!(states, expected);
    }

    #[test]
    fn the_lost_tags_are_those_without_an_image_now_each_with_its_last_one() {
        let untagged = TagPeriod::of(None, None);
        let history = history(vec![
            period("gone", 0, Some(10)),
            period("gone", 10, Some(20)),
            period("back", 0, Some(10)),
            period("back", 30, None),
            period("expired", 5, Some(900)),
            untagged.clone(),
        ]);
        let lost = history.lost(at(1_000));
        let names: Vec<_> =
            lost.periods.iter().map(|period| (period.tag.as_ref().map(Tag::as_str), period.start)).collect();
        assert_eq!(names, [(Some("gone"), Some(at(10))), (Some("expired"), Some(at(5))), (None, None)]);
        assert_eq!(
            lost.count(false),
            "Quay keeps 2 removed tags, 1 image without a tag (parts of indexes count)"
        );
    }
}
