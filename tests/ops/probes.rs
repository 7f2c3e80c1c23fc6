//! Throw-away tags: they are in the journal before they are put, and are gone in the end, even after a crash.

use regtui::demo::faults::{Fault, Gate};
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::ChangePlan;
use regtui::model::change::delete::DeleteMethod;
use regtui::model::change::journal::{EntryState, JournalEntry};
use regtui::ops::change;
use regtui::ops::steps::probe;

use crate::support::context::{Shop, watch};
use crate::support::outcomes::OutcomeKind::Failed;
use crate::support::outcomes::outcomes;

/// A registry that deletes only by digest, with an image under two tags.
async fn shop() -> Shop {
    let store = Store::new();
    store.image("app").tag("1").tag("latest").push();
    Shop::new(DemoSettings { delete_by_tag: false, ..DemoSettings::default() }, store).await
}

fn throw_away(shop: &Shop) -> Vec<String> {
    shop.tags("app").into_keys().filter(|tag| tag.starts_with("regtui-probe-")).collect()
}

async fn only_entry(shop: &Shop) -> JournalEntry {
    let mut entries = shop.context.journal.entries().await;
    assert_eq!(entries.len(), 1, "{entries:#?}");
    entries.remove(0)
}

/// Begins to untag by replacement, and crashes when the first request with this method waits for its answer.
async fn cut_off_at(shop: &Shop, method: &'static str) {
    let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Replace)).await;
    let gate = Gate::new();
    let held = gate.clone();
    shop.registry.demo.fault(move |request, _| {
        let is_held = request.method == method && request.path.contains("/manifests/");
        is_held.then(|| Fault::Then(held.clone(), Box::new(Fault::Close)))
    });
    tokio::select! {
        report = async { change::run(&shop.context, &work, &watch()).await } => panic!("{report:#?}"),
        () = gate.reached_by(1) => {}
    }
    shop.registry.demo.clear_faults();
}

#[tokio::test]
async fn a_probe_left_by_a_crash_is_in_the_journal_and_goes_with_an_undo() {
    let shop = shop().await;
    let before = shop.tags("app");
    cut_off_at(&shop, "DELETE").await;
    assert_eq!(throw_away(&shop).len(), 1);
    let entry = only_entry(&shop).await;
    assert_eq!((entry.state, entry.probes.len()), (EntryState::Open, 1));
    assert!(entry.can_be_undone());
    let undo = regtui::model::change::ChangeRequest::Undo(entry.id);
    let ChangePlan::Undo(plan) = shop.plan(&undo).await else { panic!("an undo") };
    assert!(plan.steps.iter().any(|step| step.is_probe), "{plan:#?}");
    let report = shop.run(&ChangePlan::Undo(plan)).await;
    assert!(report.is_success(), "{report:#?}");
    assert_eq!(shop.tags("app"), before);
    assert_eq!(
        report.undo, None,
        "a throw-away tag holds nothing that is put back: no undo of that is promised"
    );
}

#[tokio::test]
async fn a_probe_left_by_a_crash_goes_at_the_next_start_only_in_the_given_registries() {
    let shop = shop().await;
    let before = shop.tags("app");
    cut_off_at(&shop, "DELETE").await;
    let entries = shop.context.journal.entries().await;
    assert_eq!(probe::remove_leftovers(&shop.context, &entries, Some(&[])).await.len(), 0);
    let hosts = [shop.repository("app").host];
    let removed = probe::remove_leftovers(&shop.context, &entries, Some(&hosts)).await;
    assert!(removed[0].as_str().starts_with("removed the throw-away tag `regtui-probe-"), "{removed:?}");
    assert_eq!(shop.tags("app"), before);
    assert_eq!(only_entry(&shop).await.probes, []);
}

#[tokio::test]
async fn a_probe_that_was_never_put_is_looked_for_and_nothing_is_deleted() {
    let shop = shop().await;
    cut_off_at(&shop, "PUT").await;
    let entries = shop.context.journal.entries().await;
    assert_eq!(entries[0].probes.len(), 1, "it is on disk before it is put");
    let changes = shop.changes().len();
    probe::remove_leftovers(&shop.context, &entries, None).await;
    assert_eq!(shop.changes().len(), changes, "there is nothing to delete");
    assert_eq!(only_entry(&shop).await.probes, []);
}

#[tokio::test]
async fn a_probe_that_the_server_refuses_to_delete_is_named_and_removed_later() {
    let shop = shop().await;
    let before = shop.tags("app");
    let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Replace)).await;
    shop.registry.demo.fault(|request, _| (request.method == "DELETE").then(|| Fault::status(403)));
    let report = shop.run(&work).await;
    assert_eq!(outcomes(&report), [Failed]);
    let left = throw_away(&shop);
    let entry = only_entry(&shop).await;
    let note = report.notes.iter().find(|note| note.as_str().contains(&left[0])).expect("it is named");
    assert!(note.as_str().contains(&format!("`regtui undo {}`", entry.id)), "{note}");
    assert!(entry.can_be_undone(), "{entry:#?}");
    shop.registry.demo.clear_faults();
    let undone = shop.carry_out(&regtui::model::change::ChangeRequest::Undo(entry.id)).await;
    assert!(undone.is_success(), "{undone:#?}");
    assert_eq!(shop.tags("app"), before);
}

#[tokio::test]
async fn no_probe_is_put_if_the_server_does_not_let_this_user_delete() {
    for status in [401, 403] {
        let shop = shop().await;
        shop.registry
            .demo
            .fault(move |request, _| (request.method == "DELETE").then(|| Fault::status(status)));
        let work = shop.plan(&shop.delete(&["1"], DeleteMethod::Replace)).await;
        let blocked = work.common().blocked.as_ref().expect("it is closed").why.to_string();
        assert!(blocked.contains("does not let this user delete"), "{status}: {blocked}");
        let report = shop.run(&work).await;
        assert_eq!((outcomes(&report), throw_away(&shop)), (vec![Failed], vec![]), "{status}");
        assert!(!shop.changes().iter().any(|line| line.starts_with("PUT")), "{status}");
    }
}

#[tokio::test]
async fn a_probe_that_moved_to_another_image_is_left_alone() {
    let shop = shop().await;
    cut_off_at(&shop, "DELETE").await;
    let tag = throw_away(&shop).remove(0);
    let other = shop.store().image("app").label("is", "another").push().digest;
    shop.store().tag("app", &tag, other);
    let entries = shop.context.journal.entries().await;
    probe::remove_leftovers(&shop.context, &entries, None).await;
    assert_eq!(shop.tags("app")[&tag], other);
}
