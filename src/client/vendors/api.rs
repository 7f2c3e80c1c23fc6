//! A vendor's own API beside the registry API, as a value: its address, the login that it takes, and its abilities. It
//! sends nothing: each ability makes calls and reads their answers, and `client/own_api.rs` sends the calls.
//!
//! Everything here is an addition. If a call fails, or its answer has another form than expected, the registry API alone
//! is used.

pub(crate) mod json;
pub(crate) mod paths;

use serde_json::Value;

use crate::model::digest::Digest;
use crate::model::reference::{Host, RepositoryName, Tag};
use crate::model::tag_history::TagPeriod;
use crate::model::text::SafeText;
use crate::model::vendor_image::VendorImage;
use crate::model::vendor_lists::{SearchHit, VendorCall, VendorTag};

/// A vendor's own API. An ability that is `None` does not exist, or is not known to.
#[derive(Debug)]
pub(crate) struct VendorApi {
    /// Its address, unless the configuration of the registry says otherwise.
    pub(crate) place: ApiPlace,
    /// The login that it takes.
    pub(crate) login: ApiLogin,
    /// Headers that each call has.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The repositories of a namespace.
    pub(crate) repositories: Option<RepositoryLists>,
    /// The facts about many tags at once.
    pub(crate) tags: Option<TagLists>,
    /// The search for repositories.
    pub(crate) search: Option<Searches>,
    /// The removal of a single tag.
    pub(crate) untag: Option<Untags>,
    /// The facts about one image.
    pub(crate) image: Option<ImageLookUps>,
    /// The repositories that have a digest.
    pub(crate) digest: Option<DigestSearches>,
    /// The past of tags.
    pub(crate) history: Option<Histories>,
    /// The return of a tag to an image that the registry API does not serve any more.
    pub(crate) restore: Option<MakeRestore>,
    /// The login that it takes, for users whose login it refuses.
    pub(crate) login_hint: Option<&'static str>,
}

impl VendorApi {
    /// An API at the registry's own origin without any ability.
    pub(crate) const NONE: VendorApi = VendorApi {
        place: ApiPlace::Registry,
        login: ApiLogin::Registry,
        headers: &[],
        repositories: None,
        tags: None,
        search: None,
        untag: None,
        image: None,
        digest: None,
        history: None,
        restore: None,
        login_hint: None,
    };
}

/// The place of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiPlace {
    /// This origin, for the vendor's own domains.
    Origin(&'static str),
    /// The origin of the registry.
    Registry,
    /// The origin of the token service that the registry names.
    TokenService,
}

/// The login that an API takes: always the one of the registry, in some form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiLogin {
    /// As the registry API takes it, with its challenges and tokens.
    Registry,
    /// User and password.
    Basic,
    /// The password as a token. `user` is the only name under which it is one, if there is such a name.
    Bearer {
        /// The name of the user that marks a token.
        user: Option<&'static str>,
    },
    /// The password as a token in a header of this name.
    Header(&'static str),
    /// A token that this path gives for user and password.
    Exchange(TokenExchange),
}

/// How a token is got for user and password.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenExchange {
    /// The path.
    pub(crate) path: &'static str,
    /// Makes the body of the request from user and password.
    pub(crate) body: fn(&str, &str) -> Value,
    /// The member of the answer that holds the token.
    pub(crate) member: &'static str,
}

impl PartialEq for TokenExchange {
    fn eq(&self, other: &TokenExchange) -> bool {
        self.path == other.path
    }
}

impl Eq for TokenExchange {}

/// The ability to list repositories.
#[derive(Debug)]
pub(crate) struct RepositoryLists {
    /// Makes the calls for the namespace that a name stands for or is in. They are tried in turn until one brings names.
    pub(crate) near: fn(&RepositoryName) -> Vec<VendorCall>,
    /// Makes the calls for everything that belongs to the user of this name.
    pub(crate) of_user: Option<fn(&str) -> Vec<VendorCall>>,
    /// Makes the calls for everything that the login may see. They are tried in turn until one brings names.
    pub(crate) all: Option<fn() -> Vec<VendorCall>>,
    /// Reads the names in an answer. Returns `None` if it has another form.
    pub(crate) read: fn(&ApiAnswer<'_>) -> Option<ApiPage<String>>,
}

/// The ability to list facts about tags.
#[derive(Debug)]
pub(crate) struct TagLists {
    /// Makes the calls for a repository. They are tried in turn until one brings tags.
    pub(crate) of: fn(&RepositoryName) -> Vec<VendorCall>,
    /// Reads the facts in an answer. Returns `None` if it has another form.
    pub(crate) read: fn(&ApiAnswer<'_>) -> Option<ApiPage<VendorTag>>,
}

/// The ability to search.
#[derive(Debug)]
pub(crate) struct Searches {
    /// Makes the call for some words and at most so many results.
    pub(crate) call: fn(&str, usize) -> VendorCall,
    /// Reads the results in an answer. Returns `None` if it has another form.
    pub(crate) read: fn(&ApiAnswer<'_>) -> Option<ApiPage<SearchHit>>,
}

/// The ability to list the past of tags.
#[derive(Debug)]
pub(crate) struct Histories {
    /// Makes the calls for the past of a tag, or of a whole repository. They are tried in turn until one brings periods.
    /// There are none if the vendor keeps no such past.
    pub(crate) of: fn(&RepositoryName, Option<&Tag>) -> Vec<VendorCall>,
    /// Reads the periods in an answer. Returns `None` if it has another form.
    pub(crate) read: fn(&ApiAnswer<'_>) -> Option<ApiPage<TagPeriod>>,
}

/// The ability to tell facts about one image.
#[derive(Debug)]
pub(crate) struct ImageLookUps {
    /// Makes the call for an image, which was named by this tag if there is one.
    pub(crate) call: fn(&RepositoryName, Option<&Tag>, &Digest) -> Option<VendorCall>,
    /// Reads the facts in an answer about the image of this digest. Returns `None` if the answer has another form.
    pub(crate) read: fn(&ApiAnswer<'_>, &Digest) -> Option<VendorImage>,
}

/// The ability to search by a digest.
#[derive(Debug)]
pub(crate) struct DigestSearches {
    /// Makes the call for a digest.
    pub(crate) call: fn(&Digest) -> VendorCall,
    /// Reads the results in an answer. Returns `None` if it has another form.
    pub(crate) read: fn(&ApiAnswer<'_>) -> Option<ApiPage<SearchHit>>,
}

/// Makes the call that puts a tag back on an earlier image.
pub(crate) type MakeRestore = fn(&RepositoryName, &Tag, &Digest) -> VendorCall;

/// The ability to remove a single tag.
#[derive(Debug)]
pub(crate) struct Untags {
    /// Whether the image goes with its tag. Such a tag is removed only if the image has no other one.
    pub(crate) takes_image: bool,
    /// A fact about the image after it that the user should know.
    pub(crate) note: Option<&'static str>,
    /// How the tag is addressed.
    pub(crate) address: TagAddress,
}

/// How the API addresses a tag that it is to remove.
#[derive(Debug)]
pub(crate) enum TagAddress {
    /// By a path that the names give. Returns `None` if the repository cannot be one of this vendor's.
    Path(fn(&TagToRemove<'_>) -> Option<String>),
    /// By numbers that must be looked up.
    LookUp {
        /// Makes the calls that look for it. They are tried in turn until one brings it.
        calls: fn(&RepositoryName) -> Vec<VendorCall>,
        /// Finds the tag in an answer.
        read: FindTag,
    },
}

/// Finds a tag in an answer: an empty page if it is not there. Returns `None` if the answer has another form.
pub(crate) type FindTag = fn(&ApiAnswer<'_>, &TagToRemove<'_>) -> Option<ApiPage<FoundTag>>;

/// The path of a tag, or the reason why it must not be removed.
pub(crate) type FoundTag = Result<String, SafeText>;

/// A tag that an API is to remove.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TagToRemove<'a> {
    /// Its repository.
    pub(crate) repository: &'a RepositoryName,
    /// The tag.
    pub(crate) tag: &'a Tag,
    /// The digest that it has.
    pub(crate) digest: &'a Digest,
}

/// An answer of an API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiAnswer<'a> {
    /// The registry.
    pub(crate) host: &'a Host,
    /// The call.
    pub(crate) call: &'a VendorCall,
    /// The body.
    pub(crate) body: &'a Value,
    /// The target of its `Link` header to the next page.
    pub(crate) link: Option<&'a str>,
}

impl ApiAnswer<'_> {
    /// Returns a page that goes on where the `Link` header leads.
    pub(crate) fn linked_page<T>(&self, items: Vec<T>) -> ApiPage<T> {
        ApiPage { next: self.link.map(|link| NextCall::Address(link.into())), ..ApiPage::of(items) }
    }
}

/// A page of an answer.
#[derive(Debug)]
pub(crate) struct ApiPage<T> {
    /// Its items.
    pub(crate) items: Vec<T>,
    /// The page that follows.
    pub(crate) next: Option<NextCall>,
    /// Further calls whose items belong to the list.
    pub(crate) then: Vec<VendorCall>,
}

impl<T> ApiPage<T> {
    /// Creates a page that none follows.
    pub(crate) fn of(items: Vec<T>) -> ApiPage<T> {
        ApiPage { items, next: None, then: Vec::new() }
    }
}

/// The call for the page that follows.
#[derive(Debug)]
pub(crate) enum NextCall {
    /// An address that the answer names. It is followed on the origin of the API only.
    Address(String),
    /// A path that the vendor's rules give.
    Path(String),
}
