//! `tags/list`: distribution-spec § Listing Tags.

use super::page::List;
use super::scope::Scope;
use super::{Client, Error};
use crate::model::page::{Listed, Next, Page};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::text::SafeText;

impl Client {
    /// One page of a repository's tags; the first one without `next`.
    pub async fn tags(&self, name: &RepositoryName, next: Option<Next>) -> Result<Page<Tag>, Error> {
        let url = self.http().base().await?.tags(name);
        self.page(&List { url, scope: Scope::Pull(name.clone()), member: "tags", read }, next).await
    }
}

/// Artifactory lists digests among its tags: no tag holds a colon, and none is meant.
fn read(name: &str) -> Option<Listed<Tag>> {
    match Tag::parse(name) {
        Ok(tag) => Some(Listed::Named(tag)),
        Err(_) if name.starts_with("sha256:") || name.starts_with("sha512:") => None,
        Err(_) => Some(Listed::Odd(SafeText::clean(name))),
    }
}
