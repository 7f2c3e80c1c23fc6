//! Puts a tag back on an earlier image by the own API of the registry's vendor.

use futures_util::FutureExt;

use super::removal::own_api_failure;
use super::{LOST, RepositoryClient, describe_move};
use crate::client::{Cause, Error};
use crate::model::change::progress::Outcome;
use crate::model::digest::Digest;
use crate::model::reference::{Selector, Tag};
use crate::model::text::SafeText;

impl RepositoryClient<'_> {
    /// Puts a tag on an image that the registry API does not serve, if the tag still has the `expected` digest (`None` for
    /// a free tag), and checks that it has got the image.
    pub(crate) async fn restore(&self, tag: &Tag, expected: Option<Digest>, image: Digest) -> Outcome {
        let what = || format!("cannot tag {}:{tag}", self.name);
        let none = || {
            Error::unsent(self.registry.host(), Cause::Local("its vendor has no API".into())).failure(what())
        };
        let Some(own_api) = self.registry.own_api() else { return Outcome::Failed(none()) };
        if let Err(outcome) = self.may_put(tag, expected, image).await {
            return outcome;
        }
        let known: Vec<Digest> = expected.into_iter().chain([image]).collect();
        if let Err(error) = own_api.restore(self.name, tag, image).boxed().await {
            match self.look_up_after(&error, tag, &known).await {
                // The change was made, but the answer was lost or wrong.
                Some(now) if now == Some(image) => {}
                Some(now) if now != expected && error.cause.is_transient() => {
                    return Outcome::Skipped(describe_move(now));
                }
                _ => return Outcome::Failed(own_api_failure(&error, what())),
            }
        }
        let selector = Selector::Tag(tag.clone());
        match self.wait_until_shown(&selector, Some(image)).await {
            Ok(true) => Outcome::Done(SafeText::from(format!("{tag} is {} again", image.short()))),
            Ok(false) => match self.tag_digest_among(tag, &known).await {
                Ok(Some(other)) if Some(other) != expected => Outcome::Skipped(SafeText::from(format!(
                    "it was put back, and another client pushed {} right after",
                    other.short()
                ))),
                _ => self.unconfirmed_outcome(&selector, "and does not show it", Some(LOST)),
            },
            Err(error) => self.unseen_outcome(&selector, &error),
        }
    }
}
