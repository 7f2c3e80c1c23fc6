//! The past of a tag on the screen, with real requests: docs/REGISTRIES.md §9.4.

use regtui::app::dialogs::Dialog;
use regtui::app::settings::AppSettings;
use regtui::client::{ClientSettings, HostSettings};
use regtui::demo::{Demo, DemoSettings, Store};
use regtui::model::reference::Target;

use crate::support::harness::Harness;
use crate::support::registry::{self, logins};
use crate::support::time_machine::{LOGIN, TimeMachine};

/// Opens a repository of Quay, whose client is logged in with a token of the API. Returns the server for more questions.
async fn open() -> (TimeMachine, Harness) {
    let quay = TimeMachine::start().await;
    let host = quay.host();
    let target = Target::parse(&format!("{host}/team/app")).expect("a target");
    let of_host = HostSettings { vendor: Some("Quay".parse().expect("a vendor")), ..HostSettings::default() };
    let client = ClientSettings {
        hosts: [(host.clone(), of_host)].into(),
        credentials: logins(&[(&host, LOGIN)]),
        ..registry::settings()
    };
    let unused = Demo::start(DemoSettings::default(), Store::new()).await.expect("a port");
    let harness = Harness::with(unused, vec![target], AppSettings::default(), client).await;
    (quay, harness)
}

#[tokio::test]
async fn a_tag_is_put_back_on_an_earlier_image_from_the_list_of_its_past() {
    let (quay, mut harness) = open().await;
    harness.press("3 E").await;
    harness.shows("Quay keeps 3 periods");
    harness.press("Enter").await;
    harness.shows("the tag has this image now");
    harness.press("G Enter").await;
    harness.shows("by Quay's own API");
    harness.press("Right Enter").await;
    harness.shows("done: retag team/app");
    assert_eq!((quay.digest_of("1.4"), quay.restores()), (Some(quay.images[0]), 1));
    let asked = quay.demo.requests();
    let after = asked.iter().skip_while(|request| !request.path.ends_with("/restore"));
    let again = after.filter(|request| request.path == "/api/v1/repository/team/app/tag/");
    assert!(again.count() > 1, "the past is asked for again after the change");
}

#[tokio::test]
async fn the_removed_tags_are_a_key_away_and_a_command_shows_them_for_a_repository() {
    let (quay, mut harness) = open().await;
    harness.press("3 E a").await;
    harness.shows("1 removed tag");
    harness.shows("gone");
    harness.press("a").await;
    harness.shows("3 periods");
    harness.press("Esc").await;
    assert!(harness.state.dialogs.is_empty());
    harness.press("2 :").await.type_text("history").await.press("Enter").await;
    harness.shows("Removed from");
    assert!(matches!(harness.state.dialogs.last(), Some(Dialog::TagHistory(_))));
    harness.press("Enter").await;
    harness.press("Enter").await;
    harness.shows("done: retag team/app");
    assert_eq!(quay.digest_of("gone"), Some(quay.images[0]));
}
