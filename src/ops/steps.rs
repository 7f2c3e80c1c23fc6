//! Steps that several kinds of changes share: putting and removing one tag, replacements, throw-away tags, kept tags,
//! and the tracker that reports how far a change is.

pub(super) mod loss;
pub mod probe;
pub(super) mod remains;
pub(super) mod replacement;
pub(super) mod tag;
pub(super) mod telling;
pub(super) mod tracker;
