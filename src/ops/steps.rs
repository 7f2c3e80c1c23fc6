//! Steps that several kinds of changes share: putting and removing one tag, replacements, throw-away tags, kept tags,
//! and the tracker that reports how far a change is.

pub(super) mod ended;
pub(super) mod kept_tags;
pub mod probe;
pub(super) mod replacement;
pub(super) mod report_while;
pub(super) mod tag;
pub(super) mod tracker;
pub(super) mod undo_check;
