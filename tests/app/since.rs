//! The tag since which images have something, asked from the Details pane and answered through HTTP.

use regtui::demo::files::DemoFiles;
use regtui::demo::{self, Store};

use crate::support::harness::Harness;

/// Versions of `app`; from `first` on they have a file, a variable and a package.
async fn versions(count: usize, first: usize) -> Harness {
    let store = Store::new();
    for minor in 0..count {
        let mut files = DemoFiles::new().file("opt/number", minor.to_string());
        let mut env = vec!["PATH=/bin".to_string()];
        if minor >= first {
            let status = "Package: libc\nStatus: install ok installed\nVersion: 2.9\n\n";
            files = files.file("opt/new", "1").file("var/lib/dpkg/status", status);
            env.push("MODE=fast".into());
        }
        let image = store.image("team/app").platform("linux", "amd64").layer("COPY", files.into());
        image.config("Env", env).tag(format!("1.{minor}")).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/team/app").await;
    harness.press("3").await;
    harness
}

#[tokio::test]
async fn a_file_of_the_files_tab_leads_to_the_tag_that_brought_it_and_enter_opens_that_tag() {
    let mut harness = versions(6, 2).await;
    harness.press("f").await.press("/").await.type_text("new").await.press("Enter").await;
    harness.press("W").await;
    for text in [
        "Since which tag: file opt/new",
        "first 1.2 (sha256:",
        "absent in 1.1",
        "6 tags looked at, 5 layers read",
    ] {
        harness.shows(text);
    }
    harness.shows("first: has it");
    harness.press("o").await;
    assert!(harness.paged.iter().any(|text| text.contains("1.2  sha256:")), "{:?}", harness.paged);
    // The cursor is on the first image that has it.
    harness.press("Enter").await;
    assert!(harness.state.dialogs.is_empty());
    harness.shows("› 1.2");
}

#[tokio::test]
async fn the_history_of_a_file_and_a_package_lead_to_it_as_well() {
    let mut harness = versions(4, 3).await;
    harness.press("f").await.press("/").await.type_text("new").await.press("Enter").await;
    harness.press("H").await.press("W").await;
    harness.shows("first 1.3 (sha256:");
    harness.press("Esc").await;
    harness.shows("History of opt/new");
    harness.press("Esc").await.press("P").await.press("W").await;
    harness.shows("Since which tag: package libc");
    harness.shows("first: has it, 2.9");
}

#[tokio::test]
async fn variables_and_labels_of_the_config_are_offered_and_other_questions_are_typed() {
    let mut harness = versions(5, 4).await;
    harness.press("4").await.press("W").await;
    harness.shows("env PATH");
    harness.type_text("MO").await.press("Tab").await.press("Enter").await;
    harness.shows("first 1.4 (sha256:");
    harness.press("Esc").await.press("W").await.type_text("nonsense").await.press("Enter").await;
    harness.shows("write env NAME, label NAME");
    harness.press("Esc").await.press(":").await.type_text("since size +1").await.press("Enter").await;
    harness.shows("the oldest image");
    harness.press("Esc").await;
    harness.does_not_show("Since which tag");
}

#[tokio::test]
async fn many_requests_begin_only_with_enter_and_a_binary_search_is_offered() {
    let mut harness = versions(120, 30).await;
    harness.press("4").await.press(":").await.type_text("since env MODE").await;
    let before = harness.demo.requests().len();
    harness.press("Enter").await;
    harness.shows("the answer sends ");
    let gets = |harness: &Harness| {
        let requests = harness.demo.requests();
        requests[before..].iter().filter(|request| request.path.contains("/blobs/")).count()
    };
    assert_eq!(gets(&harness), 0, "nothing was read");
    harness.press("b").await;
    harness.shows("first 1.30 (sha256:");
    harness.shows("of 120 images looked at");
    harness.shows("binary search: right only if");
    assert!(gets(&harness) <= 9, "{}", gets(&harness));
    harness.press("b").await.press("Enter").await;
    harness.shows("120 tags looked at");
}
