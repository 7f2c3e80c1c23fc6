//! Reads the past of a tag or a repository, as the vendor of the registry keeps it.

use jiff::Timestamp;

use crate::client::Registry;
use crate::model::failure::{Failure, FailureKind};
use crate::model::tag_history::{HistorySubject, TagHistory};
use crate::model::text::SafeText;

/// Returns the past of a tag. For a repository, returns the tags that it has no more, each with its last image, and its
/// images without a tag.
pub(crate) async fn read(
    registry: &dyn Registry,
    subject: &HistorySubject,
    now: Timestamp,
) -> Result<TagHistory, Failure> {
    let Some(api) = registry.own_api() else {
        return Err(Failure {
            what: SafeText::from(format!("cannot list the past of {}", subject.name())),
            why: "the registry API keeps no past, and the registry has no own API".into(),
            hint: None,
            kind: FailureKind::Unsupported,
        });
    };
    let history = api.history(&subject.repository.name, subject.tag.as_ref()).await?;
    Ok(if subject.tag.is_some() { history } else { history.lost(now) })
}
