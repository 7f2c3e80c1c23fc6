//! `_catalog`: the repositories of a registry. Not in the OCI distribution-spec; distribution HTTP API V2 § Catalog.

use super::pages::PagedList;
use crate::client::error::Cause;
use crate::client::http::scope::Scope;
use crate::client::{Client, Error};
use crate::model::page::{ListedName, NextPage, Page};
use crate::model::reference::RepositoryName;
use crate::model::server::Ability;
use crate::model::text::SafeText;

impl Client {
    /// Returns one page of the catalog; the first one without `next`.
    pub async fn catalog(&self, next: Option<NextPage>) -> Result<Page<RepositoryName>, Error> {
        let url = self.http().base().await?.catalog();
        let list = PagedList { url, scope: Scope::Catalog, member: "repositories", read };
        let is_first = next.is_none();
        let page = self.page(&list, next).await;
        match &page {
            Ok(_) => self.abilities().learn_catalog(Ability::Yes),
            Err(error) if is_first && is_refused(&error.cause) => {
                self.abilities().learn_catalog(Ability::No(SafeText::from(error.cause.to_string())));
            }
            Err(_) => {}
        }
        page
    }
}

fn is_refused(cause: &Cause) -> bool {
    matches!(cause.status(), Some(400..=499 | 501)) && !cause.is_transient()
        || matches!(cause, Cause::LoginRefused(_) | Cause::WebPage)
}

fn read(name: &str) -> Option<ListedName<RepositoryName>> {
    Some(match RepositoryName::parse(name) {
        Ok(name) => ListedName::Named(name),
        Err(_) => ListedName::Malformed(SafeText::clean(name)),
    })
}
