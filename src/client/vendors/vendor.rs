//! Everything that regtui may know of a vendor, as one value.

use reqwest::header::HeaderMap;

use super::api::VendorApi;
use crate::client::http::error_body::ErrorBody;
use crate::model::reference::Host;
use crate::model::request_budget::CountedRequests;
use crate::model::server::{Cleanup, Cleanups};

/// A vendor's registry: its signs, its cleanup, its words. Each has a value in a file of its own, with the fields that
/// differ from [`Vendor::UNKNOWN`].
#[derive(Debug)]
pub(crate) struct Vendor {
    /// The name of the product or service.
    pub(crate) name: &'static str,
    /// The domains of a service. Their subdomains belong to it as well.
    pub(crate) domains: &'static [&'static str],
    /// Returns whether a registry with these signs is this vendor's.
    pub(crate) has_sign: fn(&Signs<'_>) -> bool,
    /// When it removes content that nothing refers to any more: docs/REGISTRIES.md §7.4.
    pub(crate) cleanups: Cleanups,
    /// The proof that `cleanups` needs, because other products have the same signs.
    pub(crate) proof: Option<Proof>,
    /// How content is deleted, if the registry API never deletes: docs/REGISTRIES.md §7.1.
    pub(crate) delete_hint: Option<&'static str>,
    /// The condition under which it accepts Docker's manifests, if there is one: docs/REGISTRIES.md §8.1.
    pub(crate) docker_condition: Option<&'static str>,
    /// Refusals that protect a tag or image against every change: docs/REGISTRIES.md §7.5.
    pub(crate) protected: &'static [RefusalSign],
    /// Refusals for a size or a quota: docs/REGISTRIES.md §9.1.
    pub(crate) quota: &'static [RefusalSign],
    /// Refusals of an operation that the server does not have: docs/REGISTRIES.md §7.1.
    pub(crate) unsupported: &'static [RefusalSign],
    /// Refusals to delete an image as long as it has tags: docs/REGISTRIES.md §7.1.
    pub(crate) blocked_by_tags: &'static [RefusalSign],
    /// The requests that its rate limit counts: docs/REGISTRIES.md §2.3.
    pub(crate) counts: CountedRequests,
    /// Refusals to delete an image as long as an index lists it: docs/REGISTRIES.md §7.1.
    pub(crate) listed_by_index: &'static [RefusalSign],
    /// Hints for other refusals that its words explain: docs/REGISTRIES.md §9.1.
    pub(crate) hints: &'static [(RefusalSign, &'static str)],
    /// Its own API beside the registry API: docs/REGISTRIES.md §9.4.
    pub(crate) api: Option<&'static VendorApi>,
}

impl Vendor {
    /// A vendor of which nothing is known.
    pub(crate) const UNKNOWN: Vendor = Vendor {
        name: "",
        domains: &[],
        has_sign: |_| false,
        cleanups: Cleanups { untagged: Cleanup::Unknown, deleted: Cleanup::Unknown },
        proof: None,
        delete_hint: None,
        docker_condition: None,
        protected: &[],
        quota: &[],
        unsupported: &[],
        blocked_by_tags: &[],
        counts: CountedRequests::All,
        listed_by_index: &[],
        hints: &[],
        api: None,
    };

    /// Returns whether a host is in one of the vendor's domains.
    pub(crate) fn has_host(&self, host: &Host) -> bool {
        let name = host.without_port();
        self.domains.iter().any(|domain| {
            name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

/// Everything that the first answers of a registry show of its vendor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signs<'a> {
    /// The name of the registry.
    pub(crate) host: &'a Host,
    /// Realm and service of the token service that the registry names, with a space between them. Empty if it names
    /// none.
    pub(crate) service: &'a str,
    /// The realm of its Basic challenge.
    pub(crate) realm: &'a str,
    /// The headers of the answer to a ping.
    pub(crate) headers: &'a HeaderMap,
    /// The body of that answer.
    pub(crate) body: &'a [u8],
}

impl Signs<'_> {
    /// Returns a header in lower case, or an empty text.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
    }

    /// Returns whether the answer has a header.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }
}

/// The proof that a registry is a vendor's and does not only resemble it.
#[derive(Debug)]
pub(crate) struct Proof {
    /// Returns whether the answer to a ping is right in every detail.
    pub(crate) ping: fn(&Signs<'_>) -> bool,
    /// Returns whether the answer to a request for a missing manifest has the vendor's words.
    pub(crate) missing: fn(&ErrorBody) -> bool,
}

/// A sign by which a refusal is understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefusalSign {
    /// The statuses that it may have. Empty for all.
    pub(crate) statuses: &'static [u16],
    /// Its words.
    pub(crate) wording: Wording,
}

/// Words of a refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wording {
    /// The code is this one.
    Code(&'static str),
    /// Code or message hold this text, in lower case.
    Text(&'static str),
    /// Code or message hold a word that begins like this.
    Word(&'static str),
}

impl RefusalSign {
    /// Returns whether a refusal has this sign.
    pub(crate) fn fits(&self, status: u16, said: &ErrorBody) -> bool {
        let is_status = self.statuses.is_empty() || self.statuses.contains(&status);
        is_status
            && match self.wording {
                Wording::Code(code) => said.has_code(code),
                Wording::Text(text) => said.mentions(text),
                Wording::Word(word) => said.has_word(word),
            }
    }
}
