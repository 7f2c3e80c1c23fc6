//! Pictures, keys and clicks of the dialog Diff.

use std::sync::Arc;

use crossterm::event::{KeyModifiers, MouseEvent, MouseEventKind};
use regtui::app::cmd::Cmd;
use regtui::app::dialogs::image_diff::reading::{
    DiffReadAnswer, DiffReadQuestion, DiffTableKind, DiffedFileList, DiffedPackageList, DiffedPair,
};
use regtui::app::msg::Msg;
use regtui::app::panes::details::files::reading::{FilesImage, FilesProgress};
use regtui::app::questions::{Ask, Slot};
use regtui::app::remote::Ticket;
use regtui::layer::diff::FileDiff;
use regtui::layer::{LayerFiles, LayerFormat};
use regtui::model::failure::FailureKind;
use regtui::model::image_diff::page::TextComparison;
use regtui::model::image_diff::{DiffInput, ImageDiff, SharedLayers, packages};
use regtui::model::price::Price;
use regtui::model::reference::{Host, Reference, Repository, RepositoryName};
use serde_json::json;

use super::images::{Image, config, of_config};
use super::panes::{at_tags, registry};
use super::screen::{Registry, Screen, failure, picture_at};
use crate::support::harness::key_of;
use crate::support::tars::{Tar, list_of};

/// The sizes at which the dialog must read well.
const SIZES: [(u16, u16); 3] = [(50, 15), (80, 24), (150, 42)];

/// Two images of the registry side by side.
pub fn pair(names: [&Reference; 2], images: [&Image; 2]) -> Arc<DiffedPair> {
    let repository = Repository {
        host: Host::parse("localhost:5000").expect("a host"),
        name: RepositoryName::parse("team/app").expect("a name"),
    };
    let images = images.map(|image| {
        let variant = image.inspection(&repository).variants.swap_remove(0);
        FilesImage {
            repository: repository.clone(),
            manifest: variant.manifest.expect("a manifest"),
            config: variant.config.and_then(Result::ok),
            platform: variant.platform,
        }
    });
    let names = names.map(ToString::to_string);
    let input = |side: usize| DiffInput {
        reference: &names[side],
        manifest: &images[side].manifest,
        config: images[side].config.as_deref(),
        platform: images[side].platform.as_ref(),
    };
    let diff = ImageDiff::of(input(0), input(1));
    let platforms = diff.right.platform.clone().into_iter().collect();
    Arc::new(DiffedPair { diff, images, layers: None, platforms })
}

/// The layers that two images share.
pub fn shared_layers(pair: &DiffedPair) -> SharedLayers {
    SharedLayers::of(&pair.images[0].manifest, &pair.images[1].manifest)
}

/// The lines of two files.
pub fn sample_lines() -> TextComparison {
    let lines =
        |last: &str| format!("# settings\nlevel = info\npath = /var\x1b[2J\n\n\n\n\n\n\n\nend = {last}\n");
    let left = lines("1").replace("info", "debug");
    TextComparison::of(left.as_bytes(), (lines("2") + "more\n").as_bytes())
}

/// The files or packages that differ.
pub fn sample_read(question: &DiffReadQuestion) -> DiffReadAnswer {
    match question.kind {
        DiffTableKind::Files => DiffReadAnswer::Files(Arc::new(sample_files(question.reads_all))),
        DiffTableKind::Packages => {
            let left =
                [("deb", "libc6", "2.41-12"), ("deb", "tzdata", "2026a-0"), ("npm", "left-pad", "1.3.0")];
            let right = [
                ("deb", "libc6", "2.41-12+deb13u1"),
                ("npm", "left-pad", "1.2.0"),
                ("pypi", "req\x1b[2Juests", "2.32.5"),
            ];
            let rows = packages::diff(left, right);
            DiffReadAnswer::Packages(Arc::new(DiffedPackageList::new(rows, Vec::new())))
        }
    }
}

fn sample_files(reads_all: bool) -> DiffedFileList {
    let layer = |tar: Tar| Arc::new(LayerFiles::new(LayerFormat::Estargz, list_of(tar)));
    let base = layer(Tar::default().file(b"etc/motd", b"hello\n").file(b"usr/lib/old.so", &[1; 9_000]));
    let left = Tar::default()
        .file(b"etc/app.conf", b"level = debug\n")
        .file(b"usr/bin/app", &[0; 70_000])
        .header(b'2', b"bin", b"usr/bin", 0);
    let right = Tar::default()
        .file(b"etc/app.conf", b"level = info\n")
        .file(b"usr/bin/app", &[1; 90_000])
        .file(b"usr/bin/evil\x1b[2J\xff", b"x")
        .file(
            "usr/share/日本語/a-rather-long-name-of-a-directory/with-a-long-name-of-a-file.txt".as_bytes(),
            b"x",
        )
        .file(b"usr/lib/.wh.old.so", b"")
        .header(b'2', b"bin", b"sbin", 0);
    let (below, unread) = if reads_all { (vec![base], 0) } else { (Vec::new(), 1) };
    let side = |tar| below.iter().cloned().chain([layer(tar)]).collect();
    let diff = FileDiff::of(side(left), side(right), unread).expect("a diff");
    DiffedFileList::new(Arc::new(diff), unread, 3_624_500 * unread as u64, Vec::new())
}

/// The dialog for the tag before the one under the cursor.
fn diff(size: (u16, u16)) -> Screen {
    diff_of(registry(), size)
}

fn diff_of(registry: Registry, size: (u16, u16)) -> Screen {
    let mut screen = Screen::new(registry, size);
    screen.press("j j l j D Enter");
    screen
}

#[test]
fn names_to_compare_with_show_what_they_share() {
    picture_at("diff_prompt", &SIZES, |size| {
        let mut screen = at_tags(size);
        screen.press("j D");
        screen
    });
}

#[test]
fn the_facts_the_layers_and_the_config_are_shown() {
    picture_at("diff_summary", &SIZES, |size| {
        let mut screen = diff(size);
        screen.press("j j");
        screen
    });
    picture_at("diff_config", &SIZES, |size| {
        let mut screen = diff(size);
        screen.press("]");
        screen
    });
}

#[test]
fn files_that_differ_stand_in_columns() {
    picture_at("diff_files", &SIZES, |size| {
        let mut screen = diff(size);
        screen.press("] ] j j");
        screen
    });
    picture_at("diff_files_filtered", &SIZES, |size| {
        let mut screen = diff(size);
        screen.press("] ] / u s r");
        screen
    });
}

#[test]
fn packages_that_differ_stand_in_columns() {
    picture_at("diff_packages", &SIZES, |size| {
        let mut screen = diff(size);
        screen.press("] ] ] j");
        screen
    });
}

#[test]
fn both_sides_of_a_file_are_shown_with_their_facts() {
    picture_at("diff_sides", &SIZES, |size| {
        let mut screen = diff(size);
        screen.press("] ] a j Enter");
        screen
    });
    picture_at("diff_side_by_side", &SIZES[2..], |size| {
        let mut screen = diff(size);
        screen.press("] ] a j Enter v");
        screen
    });
}

#[test]
fn layers_to_compare_with_are_listed() {
    picture_at("layer_choice", &SIZES, |size| {
        let mut screen = at_tags(size);
        screen.press("j l ] G k D");
        screen
    });
}

#[test]
fn marked_layers_and_layers_of_another_image_are_shown() {
    picture_at("layers_marked", &SIZES, |size| {
        let mut screen = at_tags(size);
        screen.press("j l ] g Space G k Space");
        screen
    });
    picture_at("layer_choice_of_another_image", &SIZES, |size| {
        let mut screen = at_tags(size);
        screen.press("j l ] g D G Enter").write("nightly").press("Enter");
        screen
    });
    picture_at("diff_of_layers", &SIZES, |size| {
        let mut screen = at_tags(size);
        screen.press("j l ] g Space G k Space D");
        screen
    });
}

/// An image with values that fit on no screen.
fn long_values(version: &str) -> Image {
    let mut config = config("amd64", version, "2026-11-18T09:30:00Z");
    let path = format!("PATH={}/opt/{version}/bin", "/usr/local/some/directory/bin:".repeat(6));
    config["config"]["Env"] = json!([path, format!("BELL=\u{7}\u{1b}[2J{version}")]);
    config["config"]["Labels"]["com.example.description"] = json!("a word ".repeat(42) + version);
    config["config"]["Labels"][format!("com.example.only.in.{version}")] = json!("value ".repeat(50));
    of_config(config, &[3_624_500, 151_000_000, version.len() as u64 + 20_304_000])
}

#[test]
fn long_values_are_broken_or_shortened_between_their_parts() {
    let registry = || {
        let images = vec![("22.0.1", long_values("22.0.1")), ("3.1", long_values("3.1"))];
        Registry::default().with("team/some/rather/long/name/of/a/repository", images)
    };
    picture_at("diff_long_summary", &SIZES, |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("l g D Enter G k k");
        screen
    });
    picture_at("diff_long_config", &SIZES, |size| {
        let mut screen = Screen::new(registry(), size);
        screen.press("l g D Enter ] j j");
        screen
    });
}

#[test]
fn reading_many_bytes_is_announced_and_begins_with_enter() {
    let diff_read = |question: &DiffReadQuestion| {
        if question.is_agreed {
            return Ok(sample_read(question));
        }
        let price =
            Price { bytes: 68_900_000, requests: 2, is_more: false, whole_layers: 2, ..Price::default() };
        Ok(DiffReadAnswer::Price(price))
    };
    let mut screen = diff_of(Registry { diff_read, ..registry() }, (80, 24));
    screen.press("] ]");
    assert!(screen.text().contains("reads 68.9 MB of 2 layers"), "{}", screen.text());
    screen.press("]");
    assert!(screen.text().contains("Enter begins"), "{}", screen.text());
    screen.press("[ Enter");
    assert!(screen.text().contains("etc/app.conf"), "{}", screen.text());
}

#[test]
fn a_failure_stands_in_the_tab_and_enter_asks_again() {
    let diff_read = |_: &DiffReadQuestion| Err(failure(FailureKind::BadAnswer));
    let mut screen = diff_of(Registry { diff_read, ..registry() }, (80, 24));
    screen.press("] ]");
    assert!(screen.text().contains("the manifest is not a JSON object"), "{}", screen.text());
    screen.registry.diff_read = |question| Ok(sample_read(question));
    screen.press("Enter");
    assert!(screen.text().contains("etc/app.conf"), "{}", screen.text());
}

/// The questions for rows that wait for their answers.
fn tickets(screen: &Screen) -> Vec<Ticket> {
    let asked = screen.open.iter().filter_map(|cmd| match cmd {
        Cmd::Load { ticket, ask: Ask::DiffRead(_), .. } => Some(*ticket),
        _ => None,
    });
    asked.collect()
}

#[test]
fn reading_is_paused_goes_on_and_ends_with_the_dialog() {
    let mut screen = diff((120, 24));
    let key = |screen: &mut Screen, name: &str| {
        screen.wait(300);
        screen.send(Msg::Key(key_of(name)));
    };
    key(&mut screen, "]");
    key(&mut screen, "]");
    let ticket = tickets(&screen)[0];
    let progress = |received, entries| FilesProgress {
        received,
        price: Price { bytes: 2_000_000, requests: 1, is_more: false, whole_layers: 1, ..Price::default() },
        entries,
        layers_read: 0,
        layers: 2,
    };
    screen.send(Msg::FilesRead(ticket, progress(500_000, 5), None));
    assert!(screen.text().contains("500 kB of 2 MB, 5 entries so far"), "{}", screen.text());
    screen.wait(2_000);
    screen.send(Msg::FilesRead(ticket, progress(1_500_000, 9), None));
    assert!(screen.text().contains("kB/s, 9 entries so far"), "{}", screen.text());
    key(&mut screen, "Esc");
    assert!(screen.text().contains("paused: 1.5 MB of 2 MB"), "{}", screen.text());
    key(&mut screen, "Enter");
    let pauses = |screen: &Screen| -> Vec<bool> {
        let pause = |cmd: &Cmd| match cmd {
            Cmd::PauseReading(Slot::DiffedFiles, pauses) => Some(*pauses),
            _ => None,
        };
        screen.open.iter().filter_map(pause).collect()
    };
    assert_eq!(pauses(&screen), [true, false]);
    // It goes on while another tab is open, whose own reading begins.
    key(&mut screen, "]");
    assert_eq!(tickets(&screen).len(), 2);
    let cancelled = |screen: &Screen, slot: Slot| {
        screen.open.iter().any(|cmd| matches!(cmd, Cmd::Cancel(given) if *given == slot))
    };
    assert!(!cancelled(&screen, Slot::DiffedFiles));
    key(&mut screen, "q");
    assert!(cancelled(&screen, Slot::DiffedFiles) && cancelled(&screen, Slot::DiffedPackages));
    assert!(screen.state.dialogs.is_empty());
}

#[test]
fn a_tab_that_was_only_passed_reads_nothing() {
    let mut screen = diff((120, 24));
    for _ in 0..3 {
        screen.wait(300);
        screen.send(Msg::Key(key_of("]")));
    }
    let is_cancelled =
        screen.open.iter().any(|cmd| matches!(cmd, Cmd::Cancel(slot) if *slot == Slot::DiffedFiles));
    assert!(is_cancelled, "{:?}", screen.open);
}

#[test]
fn tabs_and_rows_are_clicked_and_the_wheel_moves_the_cursor() {
    let mut screen = diff((120, 24));
    screen.click("Files │ Packages");
    assert!(screen.text().contains("etc/app.conf"), "{}", screen.text());
    screen.click("usr/bin/app");
    assert!(screen.text().contains("▌ ~"), "{}", screen.text());
    let before = screen.text();
    screen.click("usr/bin/app");
    assert!(screen.text().contains("+ right  90 kB"), "a second click opens it: {}", screen.text());
    screen.press("Esc");
    assert_eq!(screen.text(), before);
    screen.send(Msg::Mouse(MouseEvent {
        kind: MouseEventKind::ScrollUp,
        column: 30,
        row: 10,
        modifiers: KeyModifiers::NONE,
    }));
    assert_ne!(screen.text(), before);
    screen.click("Packages");
    assert!(screen.text().contains("libc6"), "{}", screen.text());
}

#[test]
fn a_mode_is_shown_only_where_it_differs() {
    let screen = {
        let mut screen = diff((150, 42));
        screen.press("] ]");
        screen
    };
    let text = screen.text();
    let row = text.lines().find(|line| line.contains("etc/app.conf")).expect("a row");
    assert!(!row.contains("rw"), "{row}");
}
