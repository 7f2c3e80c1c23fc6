//! Random repositories and random deletes: everything that the plan did not show stays as it was.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use regtui::demo::{DemoSettings, Store};
use regtui::model::change::{ChangePlan, ChangeRequest};

use crate::support::cases::config;
use crate::support::context::Shop;
use crate::support::graph::{Case, build, case, disturb, holdings, judge, request};

const CASES: u32 = 1000;

async fn check(shop: &Shop, name: &str, case: &Case) -> Result<(), TestCaseError> {
    let store = shop.store();
    let all = build(store, name, &case.graph);
    let request = request(shop.repository(name), &shop.tags(name), case);
    let plan = shop.delete_plan(&ChangeRequest::Delete(request)).await;
    disturb(store, name, &all, case);
    let before = holdings(store, name);
    let report = shop.run(&ChangePlan::Delete(plan.clone())).await;
    let mut after = holdings(store, name);
    after.retain(|tag, _| !tag.starts_with("regtui-probe-"));
    judge(case, &plan, &report, &before, &after)?;
    store.remove(name);
    Ok(())
}

#[test]
fn images_that_a_plan_does_not_show_stay_with_everything_below_them() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let shop = |delete_by_tag| {
        let settings = DemoSettings { delete_by_tag, remembered_requests: 0, ..DemoSettings::default() };
        runtime.block_on(Shop::new(settings, Store::new()))
    };
    let (by_tag, only_by_digest) = (shop(true), shop(false));
    let number = Cell::new(0);
    let mut runner = TestRunner::new(config(CASES));
    let outcome = runner.run(&case(), |case| {
        number.set(number.get() + 1);
        let shop = if case.by_tag { &by_tag } else { &only_by_digest };
        runtime.block_on(check(shop, &format!("app{}", number.get()), &case))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
