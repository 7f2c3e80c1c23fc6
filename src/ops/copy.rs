//! Copying images within and across registries, byte for byte.
//!
//! | question | file |
//! |---|---|
//! | what will be copied, and what is there already | `plan` |
//! | which images are meant | `picked` |
//! | one of them, read | `source` |
//! | what hangs on them | `tree`, and `parts` of one manifest |
//! | only some platforms of an index | `platforms` |
//! | referrers and digest tags | `companions` |
//! | what the destination has | `destination` |
//! | how is it carried out, and when is a tag put | `run` |
//! | blobs and manifests on their way, each digest once | `bring` |
//! | referrers listed under tags, where there is no API | `fallback` |
//! | are all referrers listed in the end | `listed` |
//! | what the journal keeps of it | `entry` |

mod bring;
pub(super) mod companions;
mod destination;
mod entry;
mod fallback;
mod listed;
pub(super) mod parts;
mod picked;
mod plan;
mod platforms;
mod run;
mod source;
mod tree;

pub use plan::plan;
pub use run::run;
