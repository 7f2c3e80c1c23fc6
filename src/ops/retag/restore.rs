//! The return of a tag to an earlier image that the registry API does not serve any more, because no tag has it. The
//! vendor keeps it and puts the tag there by its own API.

use crate::client::Registry;
use crate::model::change::retag::{RetagMode, RetagRequest};
use crate::model::change::rules::Refusal;
use crate::model::digest::Digest;
use crate::model::reference::{Host, Repository, Selector, Tag};
use crate::model::server::OwnApiRestore;
use crate::model::text::SafeText;

/// Returns how the vendor puts tags back, if it does.
pub(super) async fn ask(registry: &dyn Registry) -> Option<OwnApiRestore> {
    registry.own_api()?.restoring().await
}

/// Returns the digest that an item names, if the vendor keeps that image in the past of the repository and can put the tag back
/// on it.
pub(super) async fn kept_image(
    registry: &dyn Registry,
    request: &RetagRequest,
    (selector, to, tag): &(Selector, Repository, Tag),
) -> Option<Digest> {
    let Selector::Digest(digest) = selector else { return None };
    if request.mode != RetagMode::Add || *to != request.from {
        return None;
    }
    ask(registry).await?;
    // Another tag may have had the image.
    for tag in [Some(tag), None] {
        let past = registry.own_api()?.history(&to.name, tag).await.ok()?;
        if past.periods.iter().any(|period| period.digest.as_ref() == Some(digest)) {
            return Some(*digest);
        }
    }
    None
}

/// Returns the reason why the vendor's own API cannot be used, if there is one.
pub(super) fn refusal(host: &Host, api: &OwnApiRestore) -> Option<Refusal> {
    let why = format!(
        "the registry does not serve the image by its digest any more, and there is no login of {host} that {}'s own API \
         takes to put the tag back",
        api.vendor
    );
    let log_in = format!("log in: `L`, or `regtui login {host}`");
    let hint = match &api.login_hint {
        Some(needed) => format!("{log_in}; {needed}"),
        None => log_in,
    };
    let refusal = Refusal { why: SafeText::from(why), answer: None, hint: Some(SafeText::from(hint)) };
    (!api.has_login).then_some(refusal)
}
