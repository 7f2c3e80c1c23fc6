//! Pictures and keys of the Files tab.

use std::sync::Arc;

use regtui::app::cmd::Cmd;
use regtui::app::jobs::JobId;
use regtui::app::msg::Msg;
use regtui::app::panes::details::files::reading::{
    FileContent, FilesAnswer, FilesProgress, FilesSnapshot, ImagePackageList, ListedPackage, MissingLayer,
    PackagesAnswer,
};
use regtui::app::questions::Ask;
use regtui::app::remote::Ticket;
use regtui::layer::{FileTree, ImageFindings, LayerFacts, LayerFiles, LayerFormat};
use regtui::model::change::progress::{Outcome, Progress, ProgressItem, Report};
use regtui::model::extraction::ExtractionPrice;
use regtui::model::failure::FailureKind;
use regtui::model::price::Price;
use regtui::model::text::SafeText;

use super::panes::{at_tags, registry};
use super::screen::{Registry, Screen, failure, picture};
use crate::support::harness::key_of;
use crate::support::tars::{Tar, list_of};

/// Three layers: files that are added, replaced and removed, links, and names and notes of every kind.
fn layers() -> [Tar; 3] {
    let lower = Tar::default()
        .directory(b"etc")
        .file(b"etc/passwd", b"root:x:0:0\n")
        .file(b"usr/bin/app", &[0; 70_000])
        .file(b"usr/share/doc/readme.txt", &[b'a'; 3_000])
        .header(b'2', b"bin", b"usr/bin", 0);
    let middle = Tar::default()
        .file(b"usr/bin/app", &[1; 90_000])
        .file(b"usr/bin/evil\x1b[2J\xff", b"x")
        .file("usr/share/日本語.txt".as_bytes(), b"hello\n");
    let upper = Tar::default()
        .file(b"usr/share/.wh.doc", b"")
        .file(b"etc/app.conf", b"level = info\n")
        .header(b'1', b"usr/bin/same", b"usr/bin/app", 0);
    [lower, middle, upper]
}

fn snapshot(layers: impl IntoIterator<Item = Tar>, is_proved: bool) -> FilesSnapshot {
    let mut tree = FileTree::default();
    let mut read = Vec::new();
    for list in layers.into_iter().map(list_of) {
        tree.add_layer(&list).expect("a layer");
        let files = LayerFiles { is_proved, ..LayerFiles::new(LayerFormat::Estargz, list) };
        read.push(Some(Arc::new(files)));
    }
    FilesSnapshot { tree: Arc::new(tree), layers: read }
}

pub fn sample_files() -> FilesAnswer {
    FilesAnswer::Files { snapshot: snapshot(layers(), true), refused: Vec::new() }
}

/// The content of a file of the sample.
pub fn content_of(path: &[u8]) -> FileContent {
    let bytes: &'static [u8] = match path {
        b"usr/bin/app" => b"\x7fELF\x02\x01\x01\0and more",
        _ => b"first line\n\x1b]0;title\x07 second\tline\n",
    };
    FileContent::of(bytes.into(), bytes.len() as u64, 1 << 18)
}

/// The findings in the files of the sample.
pub fn findings_of(files: &FilesSnapshot) -> ImageFindings {
    let facts = files.layers.iter().flatten().map(|layer| LayerFacts {
        list: &layer.list,
        findings: &layer.findings,
        compressed: None,
        uncompressed: None,
    });
    ImageFindings::examine(&files.tree, &facts.collect::<Vec<_>>())
}

/// Packages of every ecosystem, one of them with the longest name allowed.
pub fn sample_packages() -> ImagePackageList {
    let package = |name: &str, version: &str, ecosystem, layer, path: &[u8]| ListedPackage {
        name: SafeText::clean(name),
        version: SafeText::clean(version),
        ecosystem,
        layer,
        path: path.to_vec(),
    };
    let long = "n".repeat(512);
    ImagePackageList {
        os: Some("Debian GNU/Linux 13".into()),
        packages: vec![
            package("apt", "3.0.3", "deb", Some(1), b"etc/passwd"),
            package("libc6", "2.41-12+deb13u1", "deb", Some(1), b"etc/passwd"),
            package(&long, "1.0.0-rc.1+build.20260102", "npm", Some(2), b"usr/bin/app"),
            package("req\x1b[2Juests", "2.32.5", "pypi", None, b"not/in/the/tree"),
        ],
        problems: Vec::new(),
    }
}

/// The files of an image in the whole screen.
fn files(size: (u16, u16)) -> Screen {
    let mut screen = at_tags(size);
    screen.press("j j f");
    screen
}

fn with_files(
    files: fn(bool) -> Result<FilesAnswer, regtui::model::failure::Failure>,
    size: (u16, u16),
) -> Screen {
    let mut screen = Screen::new(Registry { files, ..registry() }, size);
    screen.press("l j j f");
    screen
}

#[test]
fn the_whole_image_is_a_tree() {
    picture("files", |size| {
        let mut screen = files(size);
        screen.press("j Enter j j j Enter j Enter");
        screen
    });
}

#[test]
fn a_layer_has_changes_of_its_own() {
    picture("files_of_a_layer", |size| {
        let mut screen = files(size);
        screen.press("< > a G k");
        screen
    });
}

#[test]
fn reading_many_bytes_is_announced_and_begins_with_enter() {
    let price = |is_agreed: bool| {
        let price =
            Price { bytes: 68_900_000, requests: 3, is_more: false, whole_layers: 3, ..Price::default() };
        Ok(if is_agreed { sample_files() } else { FilesAnswer::Price(price) })
    };
    picture("files_price", |size| with_files(price, size));
    let mut screen = with_files(price, (80, 24));
    screen.press("Enter");
    assert!(screen.text().contains("7 files"), "{}", screen.text());
}

#[test]
fn a_failure_stands_in_the_tab_and_refreshing_asks_again() {
    picture("files_failed", |size| with_files(|_| Err(failure(FailureKind::BadAnswer)), size));
    let mut screen = with_files(|_| Err(failure(FailureKind::BadAnswer)), (80, 24));
    screen.registry.files = |_| Ok(sample_files());
    screen.press("r");
    assert!(screen.text().contains("7 files"), "{}", screen.text());
}

#[test]
fn a_list_that_nothing_proves_and_a_layer_that_is_missing_are_labelled() {
    let doubtful = |_| Ok(FilesAnswer::Files { snapshot: snapshot(layers(), false), refused: Vec::new() });
    let screen = with_files(doubtful, (120, 24));
    assert!(screen.text().contains("not attested by the manifest"), "{}", screen.text());
    let missing = |_| {
        let why = "it is not stored in the registry".into();
        let refused = vec![MissingLayer { layer: 2, why, can_retry: false }];
        Ok(FilesAnswer::Files { snapshot: snapshot(layers(), true), refused })
    };
    let screen = with_files(missing, (120, 24));
    assert!(
        screen.text().contains("layer 2 is missing: it is not stored in the registry"),
        "{}",
        screen.text()
    );
    assert!(screen.text().contains("2 of 3 layers"), "{}", screen.text());
}

#[test]
fn a_layer_that_failed_is_labelled_and_refreshing_reads_it_again() {
    let failed = |_| {
        let missing =
            |layer, why: &'static str, can_retry| MissingLayer { layer, why: why.into(), can_retry };
        let refused = vec![missing(1, "it is foreign", false), missing(3, "the connection broke", true)];
        let [lower, middle, _] = layers();
        let snapshot = snapshot([lower, middle, Tar::default()], true);
        Ok(FilesAnswer::Files { snapshot, refused })
    };
    picture("files_missing_layer", |size| with_files(failed, size));
    let mut screen = with_files(failed, (120, 24));
    screen.press("a");
    assert!(screen.text().contains("this layer was not read"), "{}", screen.text());
    screen.press("a");
    screen.press("<");
    assert!(screen.text().contains("image up to layer 2 of 3, 1 layer missing"), "{}", screen.text());
    screen.press(">");
    assert!(
        screen.text().contains("layer 3 is missing; r tries again: the connection broke, and 1 layer more")
    );
    screen.registry.files = |_| Ok(sample_files());
    screen.press("j r");
    let text = screen.text();
    assert!(!text.contains("is missing") && text.contains("whole image, 3 layers"), "{text}");
    let line = text.lines().find(|line| line.contains('▌')).unwrap_or_default();
    assert!(line.contains("etc"), "the cursor stays: {text}");
}

/// The question for files that waits for its answer.
fn ticket(screen: &Screen) -> Ticket {
    let asked = screen.open.iter().find_map(|cmd| match cmd {
        Cmd::Load { ticket, ask: Ask::Files(..), .. } => Some(*ticket),
        _ => None,
    });
    asked.expect("files are asked for")
}

fn pauses(screen: &Screen) -> Vec<bool> {
    let pause = |cmd: &Cmd| match cmd {
        Cmd::PauseReading(_, pauses) => Some(*pauses),
        _ => None,
    };
    screen.open.iter().filter_map(pause).collect()
}

#[test]
fn files_appear_while_they_are_read_and_reading_is_paused_and_goes_on() {
    let mut screen = at_tags((120, 24));
    screen.press("j j");
    let key = |screen: &mut Screen, name: &str| {
        screen.wait(300);
        screen.send(Msg::Key(key_of(name)));
    };
    key(&mut screen, "f");
    let ticket = ticket(&screen);
    let progress = |received, entries| FilesProgress {
        received,
        price: Price { bytes: 2_000_000, requests: 1, is_more: false, whole_layers: 1, ..Price::default() },
        entries,
        layers_read: 0,
        layers: 3,
    };
    let [lower, middle, upper] = layers();
    screen.send(Msg::FilesRead(ticket, progress(500_000, 5), Some(snapshot([lower.clone()], true))));
    assert!(screen.text().contains("500 kB of 2 MB, 5 entries so far; Esc pauses"), "{}", screen.text());
    key(&mut screen, "G");
    key(&mut screen, "Enter");
    screen.wait(2_000);
    screen.send(Msg::FilesRead(ticket, progress(1_500_000, 9), Some(snapshot([lower, middle, upper], true))));
    let text = screen.text();
    assert!(text.contains("kB/s, 9 entries so far"), "{text}");
    assert!(text.contains("▾ usr") && text.contains("▌"), "the directory stays open: {text}");
    key(&mut screen, "Esc");
    assert!(screen.text().contains("paused: 1.5 MB of 2 MB"), "{}", screen.text());
    key(&mut screen, "Enter");
    assert_eq!(pauses(&screen), [true, false]);
    // Another tab gives it up, and its late progress is dropped.
    key(&mut screen, "]");
    assert!(screen.open.iter().any(|cmd| matches!(cmd, Cmd::Cancel(regtui::app::questions::Slot::Files))));
}

#[test]
fn the_layers_tab_leads_to_the_changes_of_a_layer() {
    let mut screen = at_tags((120, 24));
    screen.press("j j l ] j j Enter");
    assert!(screen.text().contains("changes of layer 2 of 3"), "{}", screen.text());
    screen.press("[ k Enter");
    assert!(screen.text().contains("this step made no layer"), "{}", screen.text());
}

#[test]
fn leaving_the_files_shows_the_other_panes_again() {
    let mut screen = files((120, 24));
    assert!(!screen.text().contains("Tags"));
    screen.press("h");
    assert!(screen.text().contains("Tags"), "{}", screen.text());
}

#[test]
fn a_filter_lists_whole_paths_and_s_sorts_them() {
    picture("files_filtered", |size| {
        let mut screen = files(size);
        screen.press("/ u s r Enter s s");
        screen
    });
}

#[test]
fn a_pattern_that_is_none_is_said_beside_it_and_the_rows_before_stay() {
    picture("files_bad_pattern", |size| {
        let mut screen = files(size);
        screen.press("/ r e : c o n f (");
        screen
    });
    let mut screen = files((120, 24));
    screen.press("/ r e : c o n f ( Enter");
    let text = screen.text();
    assert!(text.contains("app.conf") && text.contains("the rows are those of the filter before"), "{text}");
    screen.press("Esc");
    assert!(!screen.text().contains("open group"), "{}", screen.text());
}

#[test]
fn removed_files_are_shown_on_request() {
    let mut screen = files((120, 24));
    screen.press(". G Enter G Enter");
    let text = screen.text();
    assert!(text.contains("removed here, 3 kB stay in the image"), "{text}");
}

#[test]
fn a_file_is_shown_as_text_without_anything_that_a_terminal_obeys() {
    picture("file_preview", |size| {
        let mut screen = files(size);
        screen.press("j Enter j Enter");
        screen
    });
}

#[test]
fn the_versions_of_a_file_are_listed_and_shown() {
    picture("file_history", |size| {
        let mut screen = files(size);
        screen.press("G Enter j Enter j H j");
        screen
    });
    let mut screen = files((120, 24));
    screen.press("G Enter j Enter j H j Enter");
    assert!(screen.text().contains("7f 45 4c 46"), "{}", screen.text());
}

#[test]
fn extracting_offers_the_name_and_tells_the_result() {
    picture("extract_prompt", |size| {
        let mut screen = files(size);
        screen.press("j Enter j x");
        screen
    });
    let mut screen = files((120, 24));
    screen.press("j Enter j x Enter");
    assert_eq!(screen.extractions, [(JobId(1), "./app.conf".to_string())]);
    assert!(screen.text().contains("extract etc/app.conf → ./app"), "{}", screen.text());
    let wrote = ProgressItem::new("./app.conf", []).ended(Outcome::Done("wrote it".into()));
    screen.send(Msg::JobEnded(JobId(1), Report { items: vec![wrote], ..Report::default() }));
    assert!(screen.text().contains("wrote it"), "{}", screen.text());
    screen.press(". G Enter G Enter j x");
    assert!(screen.text().contains("layer 3 removed it"), "{}", screen.text());
}

/// The prompt of an extraction that moves many bytes, after Enter.
fn priced(size: (u16, u16)) -> Screen {
    let mut screen = files(size);
    screen.registry.extraction_price =
        ExtractionPrice { read: 120_000_000, written: 3_200_000_000, free: Some(2_000_000_000) };
    screen.press("j Enter j x Enter");
    screen
}

#[test]
fn an_extraction_of_many_bytes_tells_them_and_begins_after_another_enter() {
    picture("extract_price", priced);
    let mut screen = priced((120, 24));
    assert!(screen.extractions.is_empty());
    screen.press("Backspace Enter");
    assert!(screen.extractions.is_empty(), "the price is that of another place");
    screen.press("Enter");
    assert_eq!(screen.extractions, [(JobId(1), "./app.con".to_string())]);
    let mut screen = priced((120, 24));
    screen.press("Esc");
    assert!(screen.extractions.is_empty() && !screen.text().contains("Enter extracts it"));
}

#[test]
fn extractions_are_jobs_with_their_bytes_and_what_they_left_out() {
    let extractions = |size| {
        let mut screen = files(size);
        screen.press("j Enter j x Enter x Enter x Enter");
        assert_eq!(screen.extractions.len(), 3);
        let begun = ProgressItem::new("./app.conf", []);
        let (moved, total_bytes) = (40_000_000, 100_000_000);
        let now: SafeText = "read 30 MB, wrote 10 MB".into();
        let progress =
            Progress { items: vec![begun.clone()], moved, total_bytes, now, ..Progress::default() };
        screen.send(Msg::Progressed(vec![(JobId(1), progress)]));
        let items = vec![
            begun.clone().ended(Outcome::Done("wrote 2 files (3 B) to ./app.conf".into())),
            ProgressItem::new("./app.conf/null", []).ended(Outcome::Skipped("it is a device".into())),
        ];
        screen.send(Msg::JobEnded(JobId(2), Report { items, moved: 3, ..Report::default() }));
        let items = vec![begun.ended(Outcome::Stopped)];
        screen.send(Msg::JobEnded(JobId(3), Report { items, ..Report::default() }));
        screen.press("w");
        screen
    };
    picture("extractions", extractions);
    let mut screen = extractions((120, 24));
    screen.press("j Enter");
    let text = screen.text();
    assert!(text.contains("skipped") && text.contains("it is a device"), "{text}");
    screen.press("Esc j s");
    assert_eq!(screen.stopped, [JobId(1)]);
    screen.press("k r");
    assert!(screen.text().contains("begun again where it was begun"), "{}", screen.text());
}

/// The progress of an extraction of 100 MB.
fn extracted(moved: u64, is_paused: bool) -> Msg {
    let items = vec![ProgressItem::new("./app.conf", [])];
    let now: SafeText = "read 30 MB, wrote 10 MB".into();
    let progress = Progress { items, moved, total_bytes: 100_000_000, now, is_paused, ..Progress::default() };
    Msg::Progressed(vec![(JobId(1), progress)])
}

/// An extraction that the user paused in the Files tab.
fn paused_extraction(size: (u16, u16)) -> Screen {
    let mut screen = files(size);
    screen.press("j Enter j x Enter");
    screen.send(extracted(40_000_000, false));
    screen.wait(5_000);
    screen.press("Esc");
    screen.send(extracted(41_000_000, true));
    screen
}

#[test]
fn an_extraction_is_paused_in_the_files_and_goes_on_there_or_in_the_list_of_jobs() {
    picture("extraction_paused", paused_extraction);
    picture("extraction_paused_in_jobs", |size| {
        let mut screen = paused_extraction(size);
        screen.press("w");
        screen
    });
    let mut screen = files((120, 24));
    screen.press("j Enter j x Enter");
    screen.send(extracted(40_000_000, false));
    assert!(screen.text().contains("Esc pauses · w"), "{}", screen.text());
    // A key that closes directories does not pause it, and a filter is cleared first.
    screen.press("h l j");
    screen.press("/ c o n f Enter");
    assert!(!screen.text().contains("Esc pauses"), "{}", screen.text());
    screen.press("Esc");
    assert!(screen.job_pauses.is_empty());
    screen.press("Esc");
    assert_eq!(screen.job_pauses, [(JobId(1), true)]);
    let text = screen.text();
    assert!(text.contains("paused") && text.contains("X goes on · w"), "{text}");
    screen.send(extracted(41_000_000, true));
    screen.press("X");
    assert_eq!(screen.job_pauses.last(), Some(&(JobId(1), false)));
    screen.wait(1_000);
    screen.send(extracted(45_000_000, false));
    let text = screen.text();
    // The time of the pause counts for no rate.
    assert!(text.contains("MB/s") && text.contains("Esc pauses"), "{text}");
    screen.press("w Space");
    assert!(screen.text().contains("Space go on"), "{}", screen.text());
    screen.press("Space");
    assert_eq!(screen.job_pauses.len(), 4);
    // Stopped as before, also during a pause.
    screen.press("Space s");
    assert_eq!(screen.stopped, [JobId(1)]);
    screen.press("Space");
    assert!(screen.text().contains("it stops already"), "{}", screen.text());
    assert_eq!(screen.job_pauses.len(), 5);
}

#[test]
fn after_a_pause_of_an_extraction_esc_goes_back_and_leaving_asks() {
    let mut screen = paused_extraction((120, 24));
    screen.press("q");
    let text = screen.text();
    assert!(text.contains("let the paused ones go on, and leave when all have ended"), "{text}");
    screen.press("w");
    assert_eq!(screen.job_pauses, [(JobId(1), true), (JobId(1), false)]);
    let mut screen = paused_extraction((120, 24));
    screen.press("q s");
    assert_eq!(screen.stopped, [JobId(1)]);
    let mut screen = paused_extraction((120, 24));
    screen.press("Esc");
    assert_eq!(screen.state.focus, regtui::app::Pane::Tags);
    assert_eq!(screen.job_pauses.len(), 1);
}

#[test]
fn packages_and_a_file_show_bytes_and_rate_and_are_paused_before_they_are_left() {
    for (keys, begun) in [("P", "Packages"), ("Enter", "app.conf")] {
        let mut screen = files((120, 24));
        screen.press("j Enter j");
        screen.wait(300);
        screen.send(Msg::Key(key_of(keys)));
        let asked = screen.open.iter().find_map(|cmd| match cmd {
            Cmd::Load { ticket, ask: Ask::Packages(..) | Ask::FileContent(_), .. } => Some(*ticket),
            _ => None,
        });
        let ticket = asked.expect("it is asked for");
        let price =
            Price { bytes: 90_000_000, requests: 1, is_more: false, whole_layers: 1, ..Price::default() };
        let read = |received| FilesProgress { received, price, entries: 0, layers_read: 0, layers: 0 };
        screen.send(Msg::FilesRead(ticket, read(1_000_000), None));
        screen.wait(2_000);
        screen.send(Msg::FilesRead(ticket, read(5_000_000), None));
        let text = screen.text();
        assert!(text.contains(begun) && text.contains("5 MB of 90 MB, 2 MB/s"), "{text}");
        assert!(text.contains("Esc pause"), "{text}");
        let key = |screen: &mut Screen, name: &str| {
            screen.wait(300);
            screen.send(Msg::Key(key_of(name)));
        };
        key(&mut screen, "Esc");
        let text = screen.text();
        assert!(text.contains("paused: 5 MB of 90 MB") && text.contains("Enter go on"), "{text}");
        key(&mut screen, "Enter");
        assert_eq!(pauses(&screen), [true, false]);
        key(&mut screen, "Esc");
        key(&mut screen, "Esc");
        assert!(!screen.text().contains("paused"), "{}", screen.text());
        assert!(screen.open.iter().any(|cmd| matches!(cmd, Cmd::Cancel(_))));
    }
}

#[test]
fn yank_offers_the_path_and_the_command_that_prints_the_file() {
    let mut screen = files((120, 24));
    screen.press("j Enter j y");
    let text = screen.text();
    assert!(text.contains("/etc/app.conf"), "{text}");
    assert!(text.contains("regtui cat localhost:5000/team/app:"), "{text}");
}

#[test]
fn findings_are_a_table_and_lead_to_their_paths() {
    picture("findings", |size| {
        let mut screen = files(size);
        screen.press("i j");
        screen
    });
    // The replaced version is shown as of its own layer, with its directories open.
    let mut screen = files((120, 24));
    screen.press("i / u s r / b i n / a p p Enter Enter");
    let text = screen.text();
    assert!(text.contains("layer 1 of 3") && text.contains("▌") && !text.contains("Findings"), "{text}");
    let line = text.lines().find(|line| line.contains('▌')).unwrap_or_default();
    assert!(line.contains("app") && line.contains("70 kB"), "{text}");
}

#[test]
fn a_filter_that_no_finding_contains_is_said_and_esc_shows_all() {
    let mut screen = files((80, 24));
    screen.press("i / z z z");
    assert!(screen.text().contains("no row contains that"), "{}", screen.text());
    screen.press("Enter Enter");
    assert!(screen.text().contains("there is nothing to go to"), "{}", screen.text());
    screen.press("Esc");
    assert!(screen.text().contains("doc"), "{}", screen.text());
    screen.press("Esc");
    assert!(!screen.text().contains("Findings"), "{}", screen.text());
}

#[test]
fn packages_are_a_table_and_lead_to_the_files_that_list_them() {
    picture("packages", |size| {
        let mut screen = files(size);
        screen.press("P j");
        screen
    });
    let mut screen = files((120, 24));
    screen.press("P j j Enter");
    let text = screen.text();
    let line = text.lines().find(|line| line.contains('▌')).unwrap_or_default();
    assert!(line.contains("app") && !text.contains("Packages"), "{text}");
    screen.press("P G Enter");
    assert!(screen.text().contains("the Files tab does not have this path"), "{}", screen.text());
}

#[test]
fn reading_many_bytes_for_packages_is_announced_and_begins_with_enter() {
    let packages = |is_agreed: bool| {
        Ok(if is_agreed {
            PackagesAnswer::Packages(sample_packages())
        } else {
            PackagesAnswer::Price(Price { bytes: 68_900_000, requests: 1, ..Price::default() })
        })
    };
    let mut screen = Screen::new(Registry { packages, ..registry() }, (80, 24));
    screen.press("l j j f P");
    assert!(screen.text().contains("reading takes up to 68.9 MB"), "{}", screen.text());
    screen.press("Enter");
    assert!(screen.text().contains("4 packages of Debian GNU/Linux 13"), "{}", screen.text());
}

#[test]
fn findings_that_fail_say_so_and_are_not_asked_for_before_the_files_are_read() {
    let packages = |_| Err(failure(FailureKind::BadAnswer));
    let mut screen = Screen::new(Registry { packages, ..registry() }, (80, 24));
    screen.press("l j j f P");
    let text = screen.text();
    assert!(text.contains(failure(FailureKind::BadAnswer).why.as_str()), "{text}");
    let price = |_| {
        Ok(FilesAnswer::Price(Price {
            bytes: 68_900_000,
            requests: 3,
            is_more: false,
            whole_layers: 3,
            ..Price::default()
        }))
    };
    let mut screen = with_files(price, (80, 24));
    screen.press("i");
    assert!(screen.text().contains("there are no files yet"), "{}", screen.text());
}
