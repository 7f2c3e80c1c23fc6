//! Images that lose their last tag on registries that remove them at once: the promises of plans, kept tags, and the
//! reports.

use regtui::demo::faults::{Fault, Removes};
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::journal::SavedRole;
use regtui::model::change::progress::{Report, TakesBack};
use regtui::model::change::{ChangePlan, ChangeRequest, copy, retag};
use regtui::model::server::Cleanup;
use regtui::ops::change;

use crate::support::context::{Shop, watch};
use crate::support::copying::Sides;
use crate::support::outcomes::OutcomeKind::{Done, Failed, Skipped};
use crate::support::outcomes::outcomes;
use crate::support::registry::tag;

/// A registry that does not name its product, and removes untagged images as `removes` says.
async fn shop(removes: Removes, store: Store) -> Shop {
    Shop::new(DemoSettings { removes, server: Some("else".into()), ..DemoSettings::default() }, store).await
}

/// Two images, each with one tag.
fn two() -> Store {
    let store = Store::new();
    for name in ["1", "2"] {
        store.image("app").label("number", name).tag(name).push();
    }
    store
}

fn retag(shop: &Shop, from: &str, to: &str) -> ChangeRequest {
    ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items: vec![(from.parse().expect("a tag"), shop.repository("app"), tag(to))],
        mode: retag::RetagMode::Add,
        keep: false,
    })
}

fn keeping(mut request: ChangeRequest) -> ChangeRequest {
    request.set_keep(true);
    request
}

fn notes(report: &Report) -> String {
    report.notes.iter().map(|note| format!("{note}\n")).collect()
}

fn fate(work: &ChangePlan) -> String {
    work.common().loss.fate().unwrap_or_default()
}

#[tokio::test]
async fn images_are_said_to_stay_only_if_the_registry_is_known_to_keep_them() {
    let known = Shop::open(two()).await;
    let work = known.plan(&known.delete(&["1"], None)).await;
    assert!(fate(&work).contains("keeps it until garbage collection"), "{}", fate(&work));
    assert!(!work.common().loss.is_offered());
    let unknown = shop(Removes::default(), two()).await;
    let work = unknown.plan(&unknown.delete(&["1"], None)).await;
    assert!(fate(&work).contains("not known"), "{}", fate(&work));
    assert!(work.common().loss.is_offered() && work.common().loss.is_at_risk());
}

#[tokio::test]
async fn the_observed_cleanup_of_a_registry_is_remembered() {
    for (removes, cleanup) in [(Removes::ALL, Cleanup::AtOnce), (Removes::default(), Cleanup::Later)] {
        let shop = shop(removes, two()).await;
        shop.carry_out(&shop.delete(&["1"], DeleteMethod::Untag)).await;
        let work = shop.plan(&shop.delete(&["2"], DeleteMethod::Untag)).await;
        assert_eq!(work.common().loss.cleanup, cleanup);
    }
}

#[tokio::test]
async fn no_undo_is_promised_of_an_image_that_a_registry_removed_with_its_last_tag() {
    let changes: [fn(&Shop) -> ChangeRequest; 3] = [
        |shop| shop.delete(&["1"], DeleteMethod::Untag),
        |shop| shop.delete(&["1"], DeleteMethod::Image),
        |shop| retag(shop, "2", "1"),
    ];
    for change in changes {
        let shop = shop(Removes::ALL, two()).await;
        let report = shop.carry_out(&change(&shop)).await;
        assert_eq!(outcomes(&report), [Done], "{report:#?}");
        assert_eq!((report.takes_back, &report.undo), (TakesBack::Nothing, &None), "{report:#?}");
        assert!(notes(&report).contains("at once"), "{}", notes(&report));
    }
}

#[tokio::test]
async fn undo_is_promised_and_works_if_only_the_manifest_goes_with_its_last_tag() {
    let shop = shop(Removes { untagged: true, ..Removes::default() }, two()).await;
    let before = shop.tags("app");
    let report = shop.carry_out(&shop.delete(&["1"], DeleteMethod::Untag)).await;
    assert_eq!(report.takes_back, TakesBack::All, "{report:#?}");
    shop.undo(&report).await;
    assert_eq!(shop.tags("app"), before);
}

#[tokio::test]
async fn a_partial_undo_is_promised_if_one_of_two_images_is_gone() {
    let store = two();
    let shared = store.digest_of("app", "2").expect("a digest");
    let shop = shop(Removes::ALL, store).await;
    shop.store().tag("app", "other", shared);
    let report = shop.carry_out(&shop.delete(&["1", "2"], DeleteMethod::Untag)).await;
    assert_eq!(report.takes_back, TakesBack::Part, "{report:#?}");
    shop.undo(&report).await;
    assert_eq!(shop.tags("app").get("2"), Some(&shared));
}

#[tokio::test]
async fn no_undo_is_promised_if_the_remaining_content_cannot_be_checked() {
    let shop = shop(Removes::ALL, two()).await;
    let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Untag)).await;
    shop.registry.demo.fault(|request, _| {
        (request.method == "HEAD" && request.path.contains("sha256:")).then(|| Fault::status(403))
    });
    let report = shop.run(&work).await;
    assert_eq!(report.takes_back, TakesBack::NotKnown, "{report:#?}");
}

#[tokio::test]
async fn an_image_is_kept_under_a_tag_of_its_own_and_undo_removes_that() {
    let changes: [fn(&Shop) -> ChangeRequest; 2] =
        [|shop| shop.delete(&["1"], DeleteMethod::Untag), |shop| retag(shop, "2", "1")];
    for change in changes {
        let shop = shop(Removes::ALL, two()).await;
        let before = shop.tags("app");
        let report = shop.carry_out(&keeping(change(&shop))).await;
        assert_eq!((outcomes(&report), report.takes_back), (vec![Done], TakesBack::All), "{report:#?}");
        let kept = format!("regtui-kept-{}", before["1"].short());
        assert_eq!(shop.tags("app").get(&kept), Some(&before["1"]));
        assert!(notes(&report).contains(&kept), "{}", notes(&report));
        let undone = shop.undo(&report).await;
        assert_eq!(outcomes(&undone), [Done, Done], "{undone:#?}");
        assert_eq!(shop.tags("app"), before);
    }
}

#[tokio::test]
async fn a_copy_keeps_the_replaced_image_or_promises_no_undo() {
    for keep in [true, false] {
        let there = Store::new();
        let old = there.image("copy").label("number", "old").tag("1").push().digest;
        let settings =
            DemoSettings { removes: Removes::ALL, server: Some("else".into()), ..DemoSettings::default() };
        let sides = Sides::to(two(), settings, there).await;
        let request = ChangeRequest::Copy(copy::CopyRequest { keep, ..sides.request(&["1"]) });
        let plan = change::plan(&sides.context, &request).await.expect("a plan");
        assert!(plan.common().loss.is_offered());
        let report = change::run(&sides.context, &plan, &watch()).await;
        assert_eq!(outcomes(&report), [Done], "{report:#?}");
        let kept = format!("regtui-kept-{}", old.short());
        let tags = || sides.to.demo.store().tags("copy");
        if !keep {
            assert_eq!((report.takes_back, report.undo), (TakesBack::Nothing, None));
        } else {
            assert_eq!((report.takes_back, tags()), (TakesBack::All, vec!["1".into(), kept]));
            let undo = ChangeRequest::Undo(report.undo.expect("an entry"));
            let undo = change::plan(&sides.context, &undo).await.expect("a plan");
            let undone = change::run(&sides.context, &undo, &watch()).await;
            assert_eq!((outcomes(&undone), tags()), (vec![Done, Done], vec!["1".into()]), "{undone:#?}");
            assert_eq!(sides.to.demo.store().digest_of("copy", "1"), Some(old));
        }
    }
}

#[tokio::test]
async fn a_kept_tag_replaces_no_other_tag() {
    let store = two();
    let digest = store.digest_of("app", "1").expect("a digest");
    let kept = format!("regtui-kept-{}", digest.short());
    store.tag("app", &kept, store.digest_of("app", "2").expect("a digest"));
    let shop = shop(Removes::ALL, store).await;
    let before = shop.tags("app");
    shop.carry_out(&keeping(shop.delete(&["1"], DeleteMethod::Untag))).await;
    assert_eq!(shop.tags("app").get(&kept), before.get(&kept));
    assert_eq!(shop.tags("app").get(&format!("{kept}-2")), Some(&digest));
}

#[tokio::test]
async fn an_image_that_cannot_be_kept_is_left_alone() {
    let shop = shop(Removes::ALL, two()).await;
    let before = shop.tags("app");
    shop.registry.demo.fault(|request, _| {
        (request.method == "PUT" && request.path.contains("regtui-kept-")).then(|| Fault::status(403))
    });
    for request in [shop.delete(&["1"], DeleteMethod::Untag), retag(&shop, "2", "1")] {
        let report = shop.carry_out(&keeping(request)).await;
        assert_eq!((outcomes(&report), shop.tags("app")), (vec![Failed], before.clone()), "{report:#?}");
    }
}

#[tokio::test]
async fn a_kept_tag_is_removed_again_if_the_change_was_not_made() {
    let shop = shop(Removes::ALL, two()).await;
    let work = shop.plan(&keeping(shop.delete(&["1"], DeleteMethod::Untag))).await;
    let pushed = shop.store().image("app").label("number", "3").tag("1").push().digest;
    shop.store().tag("app", "old", shop.store().digest_of("app", "2").expect("a digest"));
    let report = shop.run(&work).await;
    assert_ne!(outcomes(&report), [Done], "{report:#?}");
    assert_eq!(shop.tags("app").get("1"), Some(&pushed));
    assert!(!shop.tags("app").keys().any(|tag| tag.starts_with("regtui-kept-")), "{:?}", shop.tags("app"));
}

#[tokio::test]
async fn undo_keeps_the_image_as_long_as_its_tag_is_not_back() {
    let shop = shop(Removes::ALL, two()).await;
    let report = shop.carry_out(&keeping(shop.delete(&["1"], DeleteMethod::Untag))).await;
    let kept = shop.tags("app");
    shop.registry.demo.fault(|request, _| {
        (request.method == "PUT" && request.path.ends_with("/manifests/1")).then(|| Fault::status(403))
    });
    let undone = shop.undo(&report).await;
    assert_eq!(outcomes(&undone), [Failed, Skipped], "{undone:#?}");
    assert_eq!(shop.tags("app"), kept);
}

#[tokio::test]
async fn undo_of_a_rename_leaves_the_new_name_if_the_old_one_cannot_be_put_back() {
    let shop = shop(Removes::ALL, two()).await;
    let digest = shop.tags("app")["1"];
    let request = ChangeRequest::Retag(retag::RetagRequest {
        from: shop.repository("app"),
        items: vec![("1".parse().expect("a tag"), shop.repository("elsewhere"), tag("1"))],
        mode: retag::RetagMode::Move,
        keep: false,
    });
    let report = shop.carry_out(&request).await;
    assert_eq!((outcomes(&report), report.takes_back), (vec![Done], TakesBack::Nothing), "{report:#?}");
    let entries = shop.context.journal.entries().await;
    let undone = shop.carry_out(&ChangeRequest::Undo(entries[0].id.clone())).await;
    assert_eq!(outcomes(&undone), [Skipped, Skipped], "{undone:#?}");
    assert_eq!(shop.tags("elsewhere").get("1"), Some(&digest), "else it would be nowhere");
}

#[tokio::test]
async fn an_undo_promises_no_undo_of_its_own_if_images_went_with_it() {
    let sides = Sides::to(
        two(),
        DemoSettings { removes: Removes::ALL, server: Some("else".into()), ..DemoSettings::default() },
        Store::new(),
    )
    .await;
    let carry_out = async |request: &ChangeRequest| {
        let work = change::plan(&sides.context, request).await.expect("a plan");
        change::run(&sides.context, &work, &watch()).await
    };
    let copied = carry_out(&ChangeRequest::Copy(sides.request(&["1"]))).await;
    let undone = carry_out(&ChangeRequest::Undo(copied.undo.expect("an entry"))).await;
    assert_eq!((outcomes(&undone), undone.takes_back), (vec![Done], TakesBack::Nothing), "{undone:#?}");
}

#[tokio::test]
async fn no_tag_can_keep_an_image_that_is_deleted_by_digest() {
    let shop = shop(Removes::ALL, two()).await;
    let work = shop.plan(&keeping(shop.delete(&["1"], DeleteMethod::Image))).await;
    assert!(fate(&work).contains("no tag can keep"), "{}", fate(&work));
    assert!(!work.common().loss.is_offered());
}

#[tokio::test]
async fn children_and_referrers_that_disappear_are_put_back_first() {
    let store = Store::new();
    let child = store.image("app").platform("linux", "amd64").push();
    let index = store.index("app").child(&child).tag("1").push();
    let sbom = store.artifact("app").kind("application/spdx+json").subject(&index).push();
    let removes = Removes { children: true, referrers: true, untagged: true, blobs: false };
    let shop = shop(removes, store).await;
    for method in [DeleteMethod::Untag, DeleteMethod::Image] {
        let report = shop.carry_out(&shop.delete(&["1"], method)).await;
        let there = shop.store().repository("app").expect("the repository");
        assert!(there.manifests.is_empty(), "all of it is gone");
        assert_eq!(report.takes_back, TakesBack::All, "{report:#?}");
        let id = report.undo.clone().expect("an entry");
        let entry = shop.context.journal.entry(&id).await.expect("the entry");
        let roles: Vec<SavedRole> = entry.saved.iter().map(|saved| saved.role).collect();
        assert_eq!(roles, [SavedRole::Child, SavedRole::Referrer]);
        let undone = shop.undo(&report).await;
        assert!(undone.is_success(), "{undone:#?}");
        let back = shop.store().repository("app").expect("the repository");
        for digest in [child.digest, index.digest, sbom.digest] {
            assert!(back.manifests.contains_key(&digest), "{method:?}: {digest}");
        }
    }
}

#[tokio::test]
async fn images_that_did_not_disappear_are_no_steps_of_an_undo() {
    let store = Store::new();
    let child = store.image("app").platform("linux", "amd64").push();
    store.index("app").child(&child).tag("1").push();
    let shop = shop(Removes::default(), store).await;
    let report = shop.carry_out(&shop.delete(&["1"], DeleteMethod::Untag)).await;
    let ChangePlan::Undo(plan) = shop.plan(&ChangeRequest::Undo(report.undo.expect("an entry"))).await else {
        panic!()
    };
    assert_eq!(plan.steps.len(), 1, "{plan:#?}");
}

/// olareg answers a ping word for word like distribution, and collects garbage by its own rules.
#[tokio::test]
async fn a_registry_that_only_greets_like_distribution_is_not_taken_for_it() {
    for (message, is_known) in [("manifest unknown", true), ("manifest unknown to registry", false)] {
        let shop = Shop::open(two()).await;
        let body = format!(r#"{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"{message}"}}]}}"#);
        shop.registry.demo.fault(move |request, _| match request.path {
            "/v2/" => Some(Fault::Headers(vec![
                ("server".into(), None),
                ("content-type".into(), Some("application/json".into())),
                ("docker-distribution-api-version".into(), Some("registry/2.0".into())),
            ])),
            path if path.contains("/manifests/regtui-probe-") && request.method == "GET" => {
                Some(Fault::answer(404, &[("content-type", "application/json")], body.clone()))
            }
            _ => None,
        });
        let work = shop.plan(&shop.delete(&["1"], None)).await;
        let says_so = fate(&work).contains("keeps it until garbage collection");
        assert_eq!(says_so, is_known, "{message}: {}", fate(&work));
    }
}

/// The command that `regtui journal --kept` prints works as printed on a registry that deletes only by digest, also if the
/// image has another tag.
#[tokio::test]
async fn a_kept_tag_goes_by_replacement_if_there_is_no_other_method() {
    let settings = DemoSettings { delete_by_tag: false, ..DemoSettings::default() };
    let shop = Shop::new(settings, two()).await;
    let image = shop.tags("app")["1"];
    let kept = format!("regtui-kept-{}", image.short());
    shop.store().tag("app", &kept, image);
    let report = shop.carry_out(&shop.delete(&[kept.as_str()], None)).await;
    assert!(report.is_success(), "{report:#?}");
    assert_eq!((shop.tags("app").get(&kept), shop.tags("app")["1"]), (None, image));
    // Tags of the user wait for the user's choice.
    let plan = shop.delete_plan(&shop.delete(&["1"], None)).await;
    assert_eq!((plan.method, plan.common.blocked.is_some()), (DeleteMethod::Untag, true));
}
