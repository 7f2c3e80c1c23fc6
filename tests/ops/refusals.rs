//! Servers that refuse a request in the middle of a change: the reason is given, retries are few, the rest finishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use regtui::demo::faults::{Fault, RequestView};
use regtui::demo::{Demo, Store};
use regtui::model::change::ChangeRequest;
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::progress::Report;
use regtui::model::change::retag;
use regtui::model::failure::FailureKind;

use crate::support::context::Shop;
use crate::support::copying::{Sides, layer};
use crate::support::outcomes::OutcomeKind::{Done, Failed};
use crate::support::outcomes::outcomes;
use crate::support::registry::tag;

/// An answer of the server, and the words that the report must contain.
#[derive(Clone, Copy)]
struct Refusal {
    status: u16,
    retry_after: Option<&'static str>,
    body: &'static str,
    why: &'static str,
    hint: &'static str,
    kind: FailureKind,
    /// How often the refused request is sent.
    tries: usize,
}

const PROTECTED: &str = "the server protects it";
const QUOTA: &str = "its quota is used up";

/// docs/REGISTRIES.md §7.5 and §10 row 33, in the words of ECR, Harbor and ACR.
fn refusals() -> Vec<Refusal> {
    use FailureKind::{Busy, Denied, Protected, Unsupported};
    let refusal = |status, body, why, hint, kind| {
        let tries = if kind == Busy { 3 } else { 1 };
        Refusal { status, retry_after: None, body, why, hint, kind, tries }
    };
    let busy = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#;
    let waits = |wait| Refusal {
        retry_after: Some(wait),
        ..refusal(429, busy, "429 TOOMANYREQUESTS: slow down", "too many requests", Busy)
    };
    vec![
        refusal(429, busy, "429 TOOMANYREQUESTS: slow down", "too many requests", Busy),
        waits("0"),
        Refusal { hint: "the registry asks to wait 3600 s", tries: 1, ..waits("3600") },
        refusal(
            400,
            r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag '1' already exists in the 'app' repository and cannot be overwritten because the tag is immutable."}]}"#,
            "400 TAG_INVALID: The image tag",
            PROTECTED,
            Protected,
        ),
        refusal(
            412,
            r#"{"errors":[{"code":"PRECONDITION","message":"Failed to process request due to 'app:1' configured as immutable, cannot be updated"}]}"#,
            "412 PRECONDITION: Failed",
            PROTECTED,
            Protected,
        ),
        refusal(
            405,
            r#"{"errors":[{"code":"REGISTRY_DISALLOWED_OPERATION","message":"The operation is disallowed on this registry, repository or image."}]}"#,
            "405 REGISTRY_DISALLOWED_OPERATION: The operation is disallowed",
            PROTECTED,
            Protected,
        ),
        refusal(412, "", "412 Precondition Failed", PROTECTED, Protected),
        refusal(
            403,
            r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#,
            "403 DENIED: Your authorization token has expired",
            "a login of ECR lasts twelve hours",
            Denied,
        ),
        refusal(
            403,
            r#"{"errors":[{"code":"DENIED","message":"quota exceeded"}]}"#,
            "403 DENIED: quota exceeded",
            QUOTA,
            Denied,
        ),
        refusal(
            412,
            r#"{"errors":[{"code":"PRECONDITION","message":"adding 1.0 GiB of storage resource, which when updated to current usage of 9.5 GiB will exceed the configured upper limit of 10.0 GiB"}]}"#,
            "412 PRECONDITION: adding 1.0 GiB",
            QUOTA,
            Denied,
        ),
        refusal(507, "", "507 Insufficient Storage", QUOTA, Denied),
        refusal(413, "", "413 Payload Too Large", "too large for the registry", Denied),
        refusal(
            405,
            r#"{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}"#,
            "405 UNSUPPORTED: The operation is unsupported",
            "accept no changes",
            Unsupported,
        ),
        refusal(
            403,
            r#"{"errors":[{"code":"DENIED","message":"requested access to team/quota is denied"}]}"#,
            "403 DENIED: requested access",
            "regtui login",
            Denied,
        ),
    ]
}

impl Refusal {
    fn fault(self) -> Fault {
        let headers: Vec<_> = self.retry_after.map(|wait| ("retry-after", wait)).into_iter().collect();
        Fault::answer(self.status, &headers, self.body)
    }
}

/// The result of a change.
struct Told {
    report: Report,
    /// Requests that were refused.
    refused: usize,
    /// All requests of the change.
    requests: usize,
}

/// Runs a change of three parts for each refusal of the second one.
async fn second_of_three_is_refused(
    change: impl AsyncFn(Option<Refusal>) -> Told,
    unsupported: &str,
    most_tries: usize,
) {
    let usual = change(None).await;
    assert_eq!((outcomes(&usual.report), usual.refused), (vec![Done, Done, Done], 0), "{:?}", usual.report);
    for refusal in refusals() {
        let told = change(Some(refusal)).await;
        let (status, body) = (refusal.status, refusal.body);
        assert_eq!(outcomes(&told.report), [Done, Failed, Done], "{status} {body}: {:?}", told.report);
        let (_, failure) = told.report.failures().next().expect("one");
        let hint = failure.hint.as_ref().map_or("", |hint| hint.as_str());
        assert!(failure.why.as_str().starts_with(refusal.why), "{failure}");
        let expected = if refusal.kind == FailureKind::Unsupported { unsupported } else { refusal.hint };
        assert!(hint.contains(expected), "`{expected}` is not said: {failure}");
        assert_eq!(failure.kind, refusal.kind, "{failure}");
        let says_tries = failure.why.as_str().contains(&format!("(after {} tries)", refusal.tries));
        assert_eq!(says_tries, refusal.tries > 1, "{failure}");
        assert!(
            (1..=refusal.tries.max(most_tries)).contains(&told.refused),
            "{} of {status} {body}",
            told.refused
        );
        let more = told.requests.saturating_sub(usual.requests);
        assert!(more <= 12, "{more} requests more than usual after {status} {body}");
    }
}

/// Three images, each with a tag and a layer of its own.
fn three() -> Store {
    let store = Store::new();
    for (seed, tag) in [(1, "1"), (2, "2"), (3, "3")] {
        let own = layer(seed, 2_000);
        store.image("app").layer("COPY base /", layer(9, 9_000)).layer("COPY own /", own).tag(tag).push();
    }
    store
}

/// A request that is refused, and how often that happened.
fn refuse(
    demo: &Demo,
    refusal: Option<Refusal>,
    is_it: impl Fn(&RequestView<'_>) -> bool + Send + Sync + 'static,
) -> Arc<AtomicUsize> {
    let refused: Arc<AtomicUsize> = Arc::default();
    let count = refused.clone();
    demo.forget_requests();
    demo.fault(move |request, _| {
        let refusal = refusal.filter(|_| is_it(request))?;
        count.fetch_add(1, Ordering::SeqCst);
        Some(refusal.fault())
    });
    refused
}

/// Carries a request out while a request is refused.
async fn told(
    shop: &Shop,
    request: &ChangeRequest,
    refusal: Option<Refusal>,
    is_it: impl Fn(&RequestView<'_>) -> bool + Send + Sync + 'static,
) -> Told {
    let work = shop.plan(request).await;
    let refused = refuse(&shop.registry.demo, refusal, is_it);
    let report = shop.run(&work).await;
    Told { report, refused: refused.load(Ordering::SeqCst), requests: shop.registry.requests().len() }
}

#[tokio::test]
async fn a_refused_untag_is_explained_and_the_others_finish() {
    let change = async |refusal: Option<Refusal>| {
        let shop = Shop::open(three()).await;
        let request = shop.delete(&["1", "2", "3"], DeleteMethod::Untag);
        let told = told(&shop, &request, refusal, |request| {
            request.method == "DELETE" && request.path.ends_with("/2")
        });
        let told = told.await;
        assert_eq!(shop.tags("app").contains_key("2"), refusal.is_some());
        told
    };
    second_of_three_is_refused(change, "does not delete by tag", 1).await;
}

#[tokio::test]
async fn a_refused_delete_of_an_image_is_explained_and_the_others_finish() {
    let change = async |refusal: Option<Refusal>| {
        let shop = Shop::open(three()).await;
        let request = shop.delete(&["1", "2", "3"], DeleteMethod::Image);
        let second = shop.tags("app")["2"].to_string();
        let told = told(&shop, &request, refusal, move |request| {
            request.method == "DELETE" && request.path.ends_with(&second)
        });
        let told = told.await;
        assert_eq!(shop.tags("app").contains_key("2"), refusal.is_some());
        told
    };
    second_of_three_is_refused(change, "some servers never delete", 1).await;
}

#[tokio::test]
async fn a_refused_retag_is_explained_and_the_others_finish() {
    let change = async |refusal: Option<Refusal>| {
        let shop = Shop::open(three()).await;
        let item = |from: &str, to: &str| (from.parse().expect("a tag"), shop.repository("app"), tag(to));
        let items = vec![item("1", "a"), item("2", "b"), item("3", "c")];
        let request = ChangeRequest::Retag(retag::RetagRequest {
            from: shop.repository("app"),
            items,
            mode: retag::RetagMode::Add,
            keep: false,
        });
        let told = told(&shop, &request, refusal, |request| {
            request.method == "PUT" && request.path.ends_with("/manifests/b")
        });
        let told = told.await;
        assert_eq!(shop.tags("app").contains_key("b"), refusal.is_none());
        told
    };
    second_of_three_is_refused(change, "accept no changes", 1).await;
}

#[tokio::test]
async fn a_refused_step_of_an_undo_is_explained_and_the_others_finish() {
    let change = async |refusal: Option<Refusal>| {
        let shop = Shop::open(three()).await;
        let deleted = shop.carry_out(&shop.delete(&["1", "2", "3"], DeleteMethod::Untag)).await;
        let request = ChangeRequest::Undo(deleted.undo.expect("an entry"));
        let told = told(&shop, &request, refusal, |request| {
            request.method == "PUT" && request.path.ends_with("/manifests/2")
        });
        let told = told.await;
        assert_eq!(shop.tags("app").contains_key("2"), refusal.is_none());
        told
    };
    second_of_three_is_refused(change, "accept no changes", 1).await;
}

/// Copies three images while a request to the destination is refused.
async fn copied(
    refusal: Option<Refusal>,
    is_it: impl Fn(&RequestView<'_>) -> bool + Send + Sync + 'static,
) -> Told {
    let sides = Sides::of(three()).await;
    let plan = sides.plan(&sides.request(&["1", "2", "3"])).await.expect("a plan");
    let refused = refuse(&sides.to.demo, refusal, is_it);
    let report = sides.run(&plan).await;
    sides.is_same("1");
    sides.is_same("3");
    assert_eq!((sides.there("2").is_some(), sides.to.demo.store().open_uploads()), (refusal.is_none(), 0));
    assert!(report.notes.len() <= 1, "what failed is told once: {report:#?}");
    Told { report, refused: refused.load(Ordering::SeqCst), requests: sides.to.requests().len() }
}

#[tokio::test]
async fn a_refused_blob_of_a_copy_is_explained_and_the_others_finish() {
    let second = layer(2, 2_000).digest.hex();
    let change = async |refusal| {
        let digest = second.clone();
        copied(refusal, move |request| request.method == "PUT" && request.query.contains(&digest)).await
    };
    // A blob that is refused whole is tried in parts.
    second_of_three_is_refused(change, "accept no changes", 3).await;
}

#[tokio::test]
async fn a_refused_tag_of_a_copy_is_explained_and_the_others_finish() {
    let change = async |refusal| {
        copied(refusal, |request| request.method == "PUT" && request.path.ends_with("/manifests/2")).await
    };
    second_of_three_is_refused(change, "accept no changes", 1).await;
}

/// ACR answers alike for each protected tag. That says nothing of tags that are not protected.
#[tokio::test]
async fn three_protected_tags_in_a_row_keep_no_other_from_going() {
    let store = Store::new();
    let image = store.image("app").push();
    let tags = ["a", "b", "c", "d", "e"];
    tags.iter().for_each(|tag| store.tag("app", tag, image.digest));
    let shop = Shop::open(store).await;
    let work = shop.plan(&shop.delete(&tags, DeleteMethod::Untag)).await;
    let locked = refusals().into_iter().find(|refusal| refusal.body.contains("DISALLOWED"));
    let is_locked = |request: &RequestView<'_>| {
        request.method == "DELETE" && ["/a", "/b", "/c"].iter().any(|end| request.path.ends_with(end))
    };
    refuse(&shop.registry.demo, locked, is_locked);
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Failed, Failed, Failed, Done, Done], "{report:?}");
}

/// docs/REGISTRIES.md §7.1: in the words of zot, Google, GitLab and ECR. An index of another client lists the image, and
/// regtui could not see it.
#[tokio::test]
async fn an_image_that_an_index_lists_is_refused_with_the_order_of_deletes_as_hint() {
    for (status, body) in [
        (405, r#"{"errors":[{"code":"DENIED","message":"manifest referenced by index image"}]}"#),
        (
            400,
            r#"{"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE","message":"Manifest is still referenced"}]}"#,
        ),
        (
            409,
            r#"{"errors":[{"code":"MANIFEST_REFERENCED_IN_LIST","message":"manifest referenced by a manifest list"}]}"#,
        ),
        (
            400,
            r#"{"errors":[{"code":"ImageReferencedByManifestList","message":"Requested image referenced by manifest list"}]}"#,
        ),
    ] {
        let store = Store::new();
        let image = store.image("app").tag("1").push().digest.to_string();
        let shop = Shop::open(store).await;
        let path = format!("/v2/app/manifests/{image}");
        shop.registry.demo.fault(move |request, _| {
            let is_delete = *request.method == hyper::Method::DELETE && request.path == path;
            is_delete.then(|| Fault::answer(status, &[("content-type", "application/json")], body))
        });
        let report = shop.carry_out(&shop.delete(&["1"], DeleteMethod::Image)).await;
        let (_, failure) = report.failures().next().unwrap_or_else(|| panic!("{body}: {report:?}"));
        let hint = failure.hint.as_ref().map(|hint| hint.as_str()).unwrap_or_default();
        assert!(hint.contains("delete the index first"), "{body}: {failure:?}");
        assert!(shop.tags("app").contains_key("1"), "{body}");
    }
}
