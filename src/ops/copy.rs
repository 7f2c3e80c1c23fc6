//! Copies images within and across registries, byte for byte unless they are to be converted.
//!
//! | subject | file |
//! |---|---|
//! | the plan, and the parts that are there already | `plan` |
//! | the images that the user asked for | `selection` |
//! | reading one of them | `source` |
//! | everything that they need | `tree`, and `Manifest::parts` |
//! | only some platforms of an index | `platforms` |
//! | referrers and digest tags | `companions` |
//! | Docker's manifests as OCI manifests | `conversion`, and `model/manifest/conversion` |
//! | the state of the destination | `destination` |
//! | carrying out the plan, and putting the tags | `run` |
//! | transfer of blobs and manifests, each digest once | `transfer_image` |
//! | lists of referrers under tags, if there is no API | `fallback` |
//! | checking that all referrers are listed in the end | `referrer_check` |
//! | the journal entry | `entry` |
//! | manifests for unit tests | `builders` |

#[cfg(test)]
mod builders;
pub(super) mod companions;
mod conversion;
mod destination;
mod draft;
mod entry;
mod fallback;
mod plan;
mod referrer_check;
mod run;
mod selection;
mod source;
mod there;
mod transfer;
mod tree;

pub use plan::plan;
pub use run::run;
