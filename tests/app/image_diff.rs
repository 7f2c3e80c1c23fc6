//! Two images side by side on the screen.

use regtui::demo::files::DemoFiles;
use regtui::demo::{self, Store};

use crate::support::harness::Harness;

/// Three versions of `app` on one base, and a name for the newest.
async fn versions() -> Harness {
    let store = Store::new();
    let base = || DemoFiles::new().file("etc/os-release", "base\n").file("usr/lib/big", vec![7; 3 << 20]);
    for (version, date) in [("1.8", 2), ("1.9", 3), ("1.10", 4)] {
        let image = store.image("team/app").platform("linux", "amd64").layer("ADD base", base().into());
        let conf = format!("first\nversion {version}\nlast\n");
        let mut files = DemoFiles::new().file("etc/app.conf", conf).file("opt/same", "the same");
        if version == "1.10" {
            files = files.file("opt/new", "22").whiteout("usr/lib/big");
        } else {
            files = files.file("opt/old", "1");
        }
        let image = image.layer("COPY app", files.into()).config("Env", vec![format!("VERSION={version}")]);
        let image = image.created(format!("2026-03-0{date}T00:00:00Z")).tag(version);
        if version == "1.10" {
            image.tag("latest").push()
        } else {
            image.push()
        };
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/team/app").await;
    harness.press("3").await;
    harness
}

/// The diff of 1.9 and 1.10 with its Files tab.
async fn at_files() -> Harness {
    let mut harness = versions().await;
    harness.press("D").await.press("Enter").await.press("]").await.press("]").await;
    harness
}

#[tokio::test]
async fn the_version_before_is_proposed_and_becomes_the_left_image() {
    let mut harness = versions().await;
    harness.press("D").await;
    harness.shows("▌ 1.9");
    harness.press("Enter").await;
    for text in [
        "Summary │ Config │ Files │ Packages",
        "app:1.9",
        "app:1.10",
        "1 shared",
        "1 removed",
        "1 added",
        "config    1 difference",
    ] {
        harness.shows(text);
    }
    harness.press("]").await;
    harness.shows("~ env.VERSION: 1.9 → 1.10");
    harness.press("x").await;
    harness.shows("~ env.VERSION: 1.10 → 1.9");
    harness.press("Esc").await;
    harness.does_not_show("Summary │ Config");
}

#[tokio::test]
async fn names_to_compare_with_show_the_layers_that_they_share() {
    let mut harness = versions().await;
    harness.press("D").await;
    let text = harness.screen();
    let place = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name}: {text}"));
    assert!(place("▌ 1.9 ") < place("  latest ") && place("  latest ") < place("  1.8 "), "{text}");
    harness.shows("layers shared 1 of 2");
    harness.shows("the same image");
    harness.type_text("1.8").await;
    harness.does_not_show("  latest ");
    harness.press("Esc").await;
    harness.does_not_show("compare ");
}

#[tokio::test]
async fn marked_images_are_compared_with_the_older_on_the_left() {
    let mut harness = versions().await;
    harness.press("Space").await.press("G").await;
    harness.press("k").await.press("D").await;
    harness.press("]").await;
    harness.shows("~ env.VERSION: 1.8 → 1.10");
    harness.press("Esc").await.press("*").await.press("D").await;
    harness.shows("two images at a time; 4 are marked");
}

#[tokio::test]
async fn of_marked_images_the_older_build_is_on_the_left_whatever_its_version() {
    let store = Store::new();
    for (tag, date) in [("1.0.5", "2026-05-01T00:00:00Z"), ("2.0.0", "2026-02-01T00:00:00Z")] {
        let image = store.image("app").layer("ADD", demo::layer::DemoLayer::of(&[("a", tag)]));
        image.config("Env", vec![format!("V={tag}")]).created(date).tag(tag).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("3").await.press("*").await.press("D").await.press("]").await;
    harness.shows("~ env.V: 2.0.0 → 1.0.5");
}

#[tokio::test]
async fn another_name_can_be_typed_and_a_wrong_one_is_refused() {
    let mut harness = versions().await;
    harness.press(":").await.type_text("diff 1.8").await.press("Enter").await.press("]").await;
    harness.shows("~ env.VERSION: 1.8 → 1.10");
    harness.press("Esc").await.press("D").await;
    harness.type_text("1.10").await.press("Enter").await;
    harness.shows("both sides are the same");
    harness.press("Ctrl-u").await.type_text("latest").await.press("Enter").await;
    harness.shows("both are the same image");
    harness.press("Esc").await.press("D").await;
    harness.type_text("none").await.press("Enter").await;
    harness.shows("cannot read none of");
}

#[tokio::test]
async fn files_are_read_when_their_tab_is_open_and_shared_layers_only_if_asked_for() {
    let mut harness = versions().await;
    harness.press("D").await.press("Enter").await;
    let blobs = |harness: &Harness| {
        harness.demo.requests().iter().filter(|request| request.path.contains("/blobs/")).count()
    };
    let before = blobs(&harness);
    harness.press("]").await;
    assert_eq!(blobs(&harness), before, "Config reads nothing");
    harness.press("]").await;
    assert_eq!(blobs(&harness), before + 2, "the layers that differ");
    harness.shows("1 added or changed, 1 removed, 1 removed or changed, 1 changed");
    harness.shows("1 shared layer was not read");
    harness.shows("etc/app.conf");
    harness.does_not_show("opt/same");
    harness.press("a").await;
    harness.shows("1 added, 2 removed, 1 changed");
    assert_eq!(blobs(&harness), before + 3);
    harness.press("a").await;
    harness.shows("all layers are read already");
}

#[tokio::test]
async fn enter_on_a_file_shows_its_lines_and_its_facts() {
    let mut harness = at_files().await;
    harness.press("Enter").await;
    for text in ["-version 1.9", "+version 1.10", " first", "sha256:", "layer 2"] {
        harness.shows(text);
    }
    harness.press(".").await;
    harness.does_not_show(" first");
    harness.press("v").await;
    harness.shows("side by side takes 140 columns; the screen has 120");
    harness.press("Esc").await.press("j").await.press("Enter").await;
    harness.shows("a side is in layers that were not read");
    harness.press("Esc").await.press("a").await.press("j").await.press("Enter").await;
    harness.shows("no such file");
    harness.shows("+22");
    // The files are still there below.
    harness.press("Esc").await;
    harness.shows("opt/old");
}

#[tokio::test]
async fn side_by_side_shows_both_files_on_a_wide_screen() {
    let mut harness = at_files().await;
    harness.resize(150, 42).await;
    harness.press("Enter").await.press("v").await;
    harness.shows("2 version 1.9");
    harness.shows("2 version 1.10");
    harness.press(".").await;
    harness.does_not_show("1 first");
    harness.press("v").await;
    harness.shows("+version 1.10");
}

#[tokio::test]
async fn rows_are_filtered_and_the_next_difference_is_found() {
    let mut harness = at_files().await;
    harness.press("/").await.type_text("opt").await.press("Enter").await;
    harness.shows("Diff: 2 of 4");
    harness.does_not_show("etc/app.conf");
    harness.press("n").await.press("n").await;
    harness.shows("this is the last difference");
    harness.press("Esc").await;
    harness.shows("etc/app.conf");
    harness.press("[").await.press("[").await.press("n").await;
    harness.shows("▌ digest");
    harness.press(".").await;
    harness.does_not_show("= ");
}

#[tokio::test]
async fn a_report_is_saved_as_a_new_file_and_never_over_an_old_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.md");
    let mut harness = at_files().await;
    harness.press("e").await;
    harness.shows("> diff-app-1.9-app-1.10.md");
    harness.press("Ctrl-u").await.type_text(&path.display().to_string()).await.press("Enter").await;
    let text = std::fs::read_to_string(&path).expect("a report");
    for part in
        ["## Layers", "\\~ env.VERSION", "| ~ | 23 B | 24 B |", "etc/app.conf", "## Packages", "not compared"]
    {
        let part = part.replace("\\~", "~");
        assert!(text.replace("\\_", "_").contains(&part), "{part}: {text}");
    }
    harness.press("e").await.press("Ctrl-u").await.type_text(&path.display().to_string()).await;
    harness.press("Enter").await;
    harness.shows("the file exists, and is never written over");
}

#[tokio::test]
async fn two_layers_of_an_image_are_compared() {
    let store = Store::new();
    let layer = |text: &str| DemoFiles::new().file("etc/motd", text.to_string()).file("etc/same", "x");
    let image = store.image("app").platform("linux", "amd64").layer("COPY one", layer("one\n").into());
    image.layer("COPY two", layer("two\n").file("etc/new", "").into()).tag("1").push();
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("3").await.press("4").await.press("]").await.press("G").await.press("D").await;
    harness.shows("Compare layer 2 of app:1 with");
    harness.shows("layer 1");
    harness.press("Enter").await;
    harness.shows("app:1 layer 1 → app:1 layer 2");
    harness.shows("/app:1 layer 1 ");
    harness.press("]").await;
    harness.shows("1 added, 1 changed");
    harness.press("j").await.press("k").await.press("Enter").await;
    harness.shows("-one");
    harness.shows("+two");
}

#[tokio::test]
async fn a_file_is_compared_with_that_of_another_image_and_with_its_version_before() {
    let mut harness = versions().await;
    harness.press("f").await.press("/").await.type_text("app.conf").await.press("Enter").await;
    harness.press("D").await;
    harness.shows("compare etc/app.conf of");
    harness.press("Enter").await;
    harness.shows("-version 1.9");
    harness.press("Esc").await.press("Esc").await.press("/").await.press("Ctrl-u").await;
    harness.type_text("opt/same").await.press("Enter").await.press("D").await.press("Enter").await;
    harness.shows("opt/same does not differ");

    let store = Store::new();
    let layer = |text: &str| DemoFiles::new().file("etc/motd", text.to_string());
    let image = store.image("app").platform("linux", "amd64").layer("COPY one", layer("one\n").into());
    image.layer("COPY two", layer("two\n").into()).tag("1").push();
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("3").await.press("f").await.press("/").await.type_text("motd").await;
    harness.press("Enter").await.press("H").await.press("D").await;
    harness.shows("-one");
    harness.shows("+two");
    harness.press("Esc").await.press("j").await.press("D").await;
    harness.shows("there is no version before");
}

#[tokio::test]
async fn platforms_that_both_images_have_are_compared_one_by_one() {
    let store = Store::new();
    for tag in ["1", "2"] {
        let mut index = store.index("app");
        for architecture in ["amd64", "arm64"] {
            let image = store.image("app").platform("linux", architecture);
            let layer = demo::layer::DemoLayer::of(&[("a", &format!("{architecture} {tag}"))]);
            let image = image.layer("ADD", layer).config("Env", vec![format!("ON={architecture}-{tag}")]);
            index = index.child(&image.push());
        }
        index.tag(tag).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("3").await.press("D").await.press("Enter").await;
    harness.shows("of 2)");
    harness.press("]").await;
    let was_amd = harness.screen().contains("amd64-1 → amd64-2");
    harness.press("p").await;
    harness.shows(if was_amd { "arm64-1 → arm64-2" } else { "amd64-1 → amd64-2" });
    harness.press("{").await;
    harness.shows(if was_amd { "amd64-1 → amd64-2" } else { "arm64-1 → arm64-2" });
}

#[tokio::test]
async fn an_index_is_compared_for_the_platform_of_an_image_that_stands_alone() {
    let store = Store::new();
    let env = |tag: &str, architecture: &str| vec![format!("ON={architecture}-{tag}")];
    let image = |tag: &str, architecture: &str| {
        let layer = demo::layer::DemoLayer::of(&[("a", &format!("{architecture} {tag}"))]);
        let image = store.image("app").platform("linux", architecture).layer("ADD", layer);
        image.config("Env", env(tag, architecture))
    };
    let children = ["amd64", "arm64", "s390x"].map(|architecture| image("1", architecture).push());
    let index = children.iter().fold(store.index("app"), |index, child| index.child(child));
    index.tag("1").push();
    image("2", "s390x").tag("2").push();
    let index = ["ppc64le", "riscv64"].map(|architecture| image("3", architecture).push());
    index.iter().fold(store.index("app"), |index, child| index.child(child)).tag("3").push();
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness
        .press("3")
        .await
        .press("j")
        .await
        .press("D")
        .await
        .type_text("1")
        .await
        .press("Enter")
        .await
        .press("]")
        .await;
    harness.shows("s390x-1 → s390x-2");
    harness.press("Esc").await.press("g").await.press("D").await.type_text("1").await.press("Enter").await;
    harness.shows("no platform is in both");
}

#[tokio::test]
async fn a_link_that_does_not_differ_leads_to_the_file_that_does() {
    let store = Store::new();
    for version in ["1", "2"] {
        let files = DemoFiles::new().file("usr/lib/os-release", format!("VERSION={version}\n"));
        let files = files.symlink("etc/os-release", "../usr/lib/os-release").symlink("etc/same", "alone");
        let files = files.file("etc/alone", "x").symlink("etc/moved", &format!("v{version}"));
        let files = if version == "2" { files.file("etc/new", "new\n") } else { files };
        store.image("app").layer("COPY", files.into()).tag(version).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness.press("3").await.press("f").await;
    let diff = async |harness: &mut Harness, path: &str| {
        harness.press("/").await.press("Ctrl-u").await.type_text(path).await.press("Enter").await;
        harness.press("D").await.press("Enter").await;
    };
    diff(&mut harness, "etc/os-release").await;
    harness.shows("-VERSION=1");
    harness.shows("+VERSION=2");
    harness.shows("etc/os-release is the same link: it leads to usr/lib/os-release");
    harness.press("Esc").await.press("Esc").await.press("Esc").await;
    diff(&mut harness, "etc/same").await;
    harness.shows("neither etc/same nor etc/alone, to which it leads, differs");
    harness.press("Esc").await.press("Esc").await;
    diff(&mut harness, "etc/moved").await;
    harness.shows("-> v1");
    harness.shows("-> v2");
    harness.shows("there are no two contents to compare");
    harness.press("Esc").await.press("Esc").await;
    diff(&mut harness, "etc/new").await;
    harness.shows("no such file");
    harness.shows("+new");
}

#[tokio::test]
async fn versions_of_a_link_show_their_targets() {
    let store = Store::new();
    let layer = |target: &str| DemoFiles::new().symlink("etc/link", target).file("etc/file", "one\n");
    let image = store.image("app").layer("COPY one", layer("left").into());
    let image = image.layer("RUN rm", DemoFiles::new().whiteout("etc/file").into());
    image
        .layer("COPY two", DemoFiles::new().symlink("etc/link", "right").file("etc/file", "two\n").into())
        .tag("1")
        .push();
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/app").await;
    harness
        .press("3")
        .await
        .press("f")
        .await
        .press("/")
        .await
        .type_text("etc/link")
        .await
        .press("Enter")
        .await;
    harness.press("H").await;
    harness.shows("-> left");
    harness.press("D").await;
    harness.shows("-> right");
    harness.shows("there are no two contents to compare");
    harness.press("Esc").await.press("Esc").await.press("/").await.press("Ctrl-u").await;
    harness.type_text("etc/file").await.press("Enter").await.press("H").await;
    harness.press("D").await;
    harness.shows("-one");
    harness.shows("+two");
}

#[tokio::test]
async fn long_lines_are_broken_between_their_parts() {
    let store = Store::new();
    for (tag, end) in [("1", "left"), ("2", "right")] {
        let image = store.image("team/app").platform("linux", "amd64").layer("ADD", DemoFiles::new().into());
        let env = vec![format!("BELL=a\u{7}\u{1b}[2J{end}")];
        let label = format!("{}{end}", "x".repeat(300));
        image.config("Env", env).label("com.example.a.rather.long.name", label).tag(tag).push();
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/team/app").await;
    harness.resize(50, 15).await;
    harness.press("3").await.press("D").await.type_text("1").await.press("Enter").await;
    harness.press("G").await.press("k").await;
    for text in ["layers: 1 shared", "  downloads "] {
        harness.shows(text);
    }
    harness.press("]").await;
    harness.shows("~ env.BELL: a␇␛[2Jleft → a␇␛[2Jright");
    harness.shows("~ labels.com.example.a.rather.long.name");
    harness.shows("xxxxxxxxleft");
    harness.shows("xxxxxxxxright");
    // A click on the second line of a row opens it too.
    let (column, row) = harness.place_of("+ …xxxx");
    harness.click(column, row).await;
    harness.click(column, row).await;
    harness.shows("xxxxxxxxxxxxxxxxxxxxxxxxxx");
}

#[tokio::test]
async fn a_layer_that_cannot_be_read_is_named_and_the_rest_is_compared() {
    let store = Store::new();
    for tag in ["1.0", "1.1"] {
        let base = DemoFiles::new().file("etc/base", tag);
        let image = store.image("team/app").platform("linux", "amd64").layer("ADD base", base.into());
        let npm = format!(r#"{{"name":"left-pad","version":"{tag}"}}"#);
        let app =
            DemoFiles::new().file("etc/app.conf", tag).file("a/node_modules/left-pad/package.json", npm);
        let image = image.layer("COPY app", app.into()).tag(tag);
        if tag == "1.0" {
            image.foreign_base("https://layers.example.com/base").push()
        } else {
            image.push()
        };
    }
    let mut harness = Harness::open(demo::DemoSettings::default(), store, "/team/app").await;
    harness.press("3").await.press("D").await.press("Enter").await.press("]").await.press("]").await;
    harness
        .shows("incomplete: 1 added or changed, 2 changed; left image: layer 1 is left out: it is foreign");
    harness.shows("etc/base");
    harness.press("]").await;
    harness.shows("incomplete: left image: layer 1 is left out: it is foreign");
    harness.shows("left-pad");
    harness.press("Esc").await.press(":").await.type_text("since file etc/base").await.press("Enter").await;
    harness.shows("first 1.1 (sha256:");
    harness.shows("or earlier, not known of 1.0");
    harness.shows("not known: layer 1 is left out: it is foreign");
}
