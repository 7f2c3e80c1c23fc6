//! `tags/list`: distribution-spec § Listing Tags.

use super::pages::PagedList;
use crate::client::http::scope::Scope;
use crate::client::{Client, Error};
use crate::model::page::{ListedName, NextPage, Page};
use crate::model::reference::{RepositoryName, Tag};
use crate::model::text::SafeText;

impl Client {
    /// Returns one page of a repository's tags; the first one without `next`.
    pub async fn tags(&self, name: &RepositoryName, next: Option<NextPage>) -> Result<Page<Tag>, Error> {
        let url = self.http().base().await?.tags(name);
        self.page(&PagedList { url, scope: Scope::Pull(name.clone()), member: "tags", read }, next).await
    }
}

/// Reads a tag. Artifactory lists digests among its tags: they are left out, since no tag holds a colon.
fn read(name: &str) -> Option<ListedName<Tag>> {
    match Tag::parse(name) {
        Ok(tag) => Some(ListedName::Named(tag)),
        Err(_) if name.starts_with("sha256:") || name.starts_with("sha512:") => None,
        Err(_) => Some(ListedName::Malformed(SafeText::clean(name))),
    }
}
