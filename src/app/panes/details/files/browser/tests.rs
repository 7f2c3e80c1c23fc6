use super::super::order::FileSortBy;
use super::super::samples::{arrange, browser, image, list};
use super::*;

/// Returns the rows as text: the whole path, the size, and the note.
fn rows(browser: &FileBrowser) -> Vec<String> {
    let scene = browser.scene().expect("a scene");
    let ids = browser.list.rows.iter().filter_map(|row| scene.id(*row));
    let row = |id| {
        let path = String::from_utf8_lossy(&scene.tree.path(id)).into_owned();
        let note = scene.note(id).map(|note| format!(": {note}")).unwrap_or_default();
        format!("{path} {}{note}", scene.listed_size(id))
    };
    ids.map(row).collect()
}

fn paths(browser: &FileBrowser) -> Vec<String> {
    let first = |row: &String| row.split(' ').next().unwrap_or_default().to_string();
    rows(browser).iter().map(first).collect()
}

/// Presses Enter on a path.
fn enter(browser: &mut FileBrowser, path: &str) -> Option<PathId> {
    put(browser, path);
    let file = browser.enter();
    arrange(browser);
    file
}

fn put(browser: &mut FileBrowser, path: &str) {
    let row = paths(browser).iter().position(|shown| shown == path).expect("it is shown");
    browser.list.move_cursor(Move::To(row));
}

fn selected(browser: &FileBrowser) -> String {
    String::from_utf8_lossy(&browser.selected_path().unwrap_or_default()).into_owned()
}

/// Four layers: files that are added, replaced and removed.
const LAYERS: [&[(&str, u64)]; 4] = [
    &[("etc/", 0), ("etc/passwd", 10), ("opt/app/data.txt", 360_000), ("opt/app/blob.bin", 7)],
    &[("opt/app/blob.bin", 3_000_000), ("opt/cache/a", 5), ("opt/cache/b", 6)],
    &[("opt/app/blob.bin", 3_000_001), ("-opt/cache", 0)],
    &[("-opt/app/data.txt", 0), ("opt/app/new.txt", 4), ("etc", 1)],
];

#[test]
fn directories_open_in_place_and_sizes_are_sums_of_files_in_the_image() {
    let mut browser = browser(&LAYERS);
    assert_eq!(rows(&browser), ["etc 1: replaces a directory of layer 1", "opt 3000005"]);
    assert_eq!(enter(&mut browser, "opt"), None);
    assert_eq!(paths(&browser), ["etc", "opt", "opt/app"]);
    enter(&mut browser, "opt/app");
    assert_eq!(
        rows(&browser)[2..],
        ["opt/app 3000005", "opt/app/blob.bin 3000001: replaces 3 MB of layer 2", "opt/app/new.txt 4"]
    );
    assert!(enter(&mut browser, "opt/app/new.txt").is_some(), "a file is not opened in place");
    enter(&mut browser, "opt");
    assert_eq!(paths(&browser), ["etc", "opt"]);
    enter(&mut browser, "opt");
    assert_eq!(paths(&browser).len(), 5, "directories in it stay open");
}

#[test]
fn removed_files_are_shown_with_the_bytes_that_stay() {
    let mut browser = browser(&LAYERS);
    assert!(browser.toggle_removed());
    arrange(&mut browser);
    enter(&mut browser, "opt");
    enter(&mut browser, "opt/app");
    enter(&mut browser, "opt/cache");
    let text = rows(&browser);
    assert!(
        text.contains(&"opt/app/data.txt 360000: removed here, 360 kB of layer 1 stay in the image".into()),
        "{text:?}"
    );
    assert!(text.contains(&"opt/cache 11: removed in layer 3, 11 B stay in the image".into()), "{text:?}");
    assert!(
        text.contains(&"opt/cache/a 5: removed in layer 3, 5 B of layer 2 stay in the image".into()),
        "{text:?}"
    );
    assert!(text.contains(&"opt/app 3000005".into()), "removed bytes do not count: {text:?}");
}

#[test]
fn a_layer_before_shows_the_image_up_to_it_and_its_own_changes_alone() {
    let mut browser = browser(&LAYERS);
    for path in ["opt", "opt/app"] {
        enter(&mut browser, path);
    }
    assert!(browser.step_layer(-1));
    arrange(&mut browser);
    assert_eq!(
        paths(&browser),
        ["etc", "opt", "opt/app", "opt/app/blob.bin", "opt/app/data.txt"],
        "directories stay open"
    );
    browser.toggle_own();
    arrange(&mut browser);
    assert_eq!(
        rows(&browser),
        [
            "opt 3000001",
            "opt/app 3000001",
            "opt/app/blob.bin 3000001: replaces 3 MB of layer 2",
            "opt/cache 11: removed here, 11 B stay in the image",
            "opt/cache/a 5: removed here, 5 B of layer 2 stay in the image",
            "opt/cache/b 6: removed here, 6 B of layer 2 stay in the image"
        ]
    );
    browser.step_layer(-1);
    browser.step_layer(-1);
    arrange(&mut browser);
    assert!(!browser.step_layer(-1), "there is none below the first");
    browser.toggle_own();
    arrange(&mut browser);
    assert_eq!(rows(&browser)[1], "opt 360007");
}

#[test]
fn the_few_changes_of_a_layer_are_open_at_once_and_can_be_closed() {
    let mut browser = browser(&LAYERS);
    browser.toggle_own();
    arrange(&mut browser);
    let all = ["etc", "opt", "opt/app", "opt/app/data.txt", "opt/app/new.txt"];
    assert_eq!(paths(&browser)[..1], all[..1]);
    assert_eq!(paths(&browser)[2..], all[1..], "etc replaced a directory: {:?}", paths(&browser));
    enter(&mut browser, "opt/app");
    assert!(!paths(&browser).contains(&"opt/app/new.txt".to_string()));
}

#[test]
fn h_closes_a_directory_or_goes_to_the_one_above() {
    let mut browser = browser(&LAYERS);
    enter(&mut browser, "opt");
    enter(&mut browser, "opt/app");
    put(&mut browser, "opt/app/new.txt");
    assert!(browser.leave());
    assert_eq!(selected(&browser), "opt/app");
    assert!(browser.leave());
    assert_eq!(paths(&browser), ["etc", "opt", "opt/app"]);
    assert!(browser.leave() && browser.leave());
    assert_eq!((selected(&browser).as_str(), paths(&browser).len()), ("opt", 2));
    assert!(!browser.leave(), "there is no directory above");
}

#[test]
fn cursor_and_open_directories_stay_when_a_newer_tree_arrives() {
    let mut browser = browser(&LAYERS[..1]);
    enter(&mut browser, "opt");
    enter(&mut browser, "opt/app");
    put(&mut browser, "opt/app/data.txt");
    // In the newer tree all paths have other numbers.
    let (tree, lists) = image(vec![list(&[("a/b", 1), ("opt/app/aaa", 1), ("opt/app/data.txt", 2)])]);
    browser.set_tree(&tree, &lists);
    arrange(&mut browser);
    assert_eq!(paths(&browser), ["a", "opt", "opt/app", "opt/app/aaa", "opt/app/data.txt"]);
    assert_eq!(selected(&browser), "opt/app/data.txt");
    // A path that is gone leaves the cursor to the directory above.
    let (tree, lists) = image(vec![list(&[("a/b", 1), ("opt/x", 1)])]);
    browser.set_tree(&tree, &lists);
    arrange(&mut browser);
    assert_eq!(selected(&browser), "opt");
}

#[test]
fn a_filter_lists_whole_paths_and_leads_back_into_the_tree() {
    let mut browser = browser(&[&[("a/suid", 5), ("b/c/Two", 2_000), ("b/c/two", 30), ("b/three", 1_000)]]);
    for (typed, expected) in [
        ("two", &["b/c/Two", "b/c/two"][..]),
        ("Two", &["b/c/Two"]),
        ("c/ two", &["b/c/Two", "b/c/two"]),
        (">999 !b$ !c$", &["b/c/Two", "b/three"]),
        (">999 <2k", &["b/three"]),
        ("mode:4000", &["a/suid"]),
        ("!mode:4000 a", &["a"]),
        ("tre", &["b/three"]),
        ("zzz", &[]),
    ] {
        browser.set_filter(typed);
        arrange(&mut browser);
        assert_eq!(paths(&browser), expected, "{typed}");
    }
    browser.set_filter("two");
    arrange(&mut browser);
    put(&mut browser, "b/c/two");
    browser.set_filter("");
    arrange(&mut browser);
    assert_eq!(selected(&browser), "b/c/two");
    assert_eq!(paths(&browser), ["a", "b", "b/c", "b/c/Two", "b/c/two", "b/three"]);
}

#[test]
fn other_orders_hold_within_directories_and_in_a_filtered_list() {
    let mut browser = browser(&[&[("a/x", 1), ("b/y", 500), ("b/z", 7), ("c", 90)], &[("a/new", 2)]]);
    let order = |browser: &mut FileBrowser, by| {
        browser.set_sort(browser.sort.choose(by));
        arrange(browser);
        paths(browser)
    };
    enter(&mut browser, "b");
    assert_eq!(order(&mut browser, FileSortBy::Size), ["b", "b/y", "b/z", "c", "a"]);
    assert_eq!(order(&mut browser, FileSortBy::Size), ["a", "c", "b", "b/z", "b/y"]);
    assert_eq!(order(&mut browser, FileSortBy::Path), ["a", "b", "b/y", "b/z", "c"]);
    browser.set_filter("!^b$ !^a$");
    assert_eq!(order(&mut browser, FileSortBy::Size), ["b/y", "c", "b/z", "a/new", "a/x"]);
    assert_eq!(order(&mut browser, FileSortBy::Name), ["c", "a/new", "a/x", "b/y", "b/z"]);
    assert_eq!(order(&mut browser, FileSortBy::Layer), ["a/new", "c", "a/x", "b/y", "b/z"]);
    assert_eq!(order(&mut browser, FileSortBy::Time), ["b/y", "c", "b/z", "a/new", "a/x"]);
}

#[test]
fn files_that_tools_put_there_for_themselves_are_shown_with_the_removed_ones() {
    let mut browser = browser(&[&[(".prefetch.landmark", 1), ("a/.prefetch.landmark", 1)]]);
    assert_eq!(paths(&browser), ["a"]);
    browser.toggle_removed();
    arrange(&mut browser);
    assert_eq!(paths(&browser), [".prefetch.landmark", "a"]);
}

/// A hundred thousand files in one directory and as many in many directories.
fn large() -> FileBrowser {
    let flat = (0..100_000).map(|number| format!("flat/{:05}", (number * 7_919) % 100_000));
    let deep = (0..100_000).map(|number| format!("deep/{}/{}/{number}", number % 300, number % 7));
    let names: Vec<String> = flat.chain(deep).collect();
    let entries: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    browser(&[&entries])
}

#[test]
fn no_key_takes_more_than_a_part_of_the_work_with_two_hundred_thousand_files() {
    let mut browser = large();
    let parts = |browser: &mut FileBrowser| {
        let mut parts = 0;
        while browser.is_arranging() {
            let before = (
                browser.target().map_or(0, |scene| scene.sums.left()),
                browser.building.as_ref().map_or(0, |building| building.rows().len()),
                browser.search.as_ref().map_or(0, FileSearch::examined),
            );
            browser.arrange_next_part();
            let after = (
                browser.target().map_or(0, |scene| scene.sums.left()),
                browser.building.as_ref().map_or(before.1, |building| building.rows().len()),
                browser.search.as_ref().map_or(before.2, FileSearch::examined),
            );
            assert!(before.0 - after.0 <= SUMMED && after.1 - before.1 <= STEPS, "{before:?} {after:?}");
            assert!(after.2 - before.2 <= FILTERED, "{before:?} {after:?}");
            parts += 1;
        }
        parts
    };
    put(&mut browser, "flat");
    browser.enter();
    assert!(parts(&mut browser) > 50, "a hundred thousand names take more than a million comparisons");
    assert_eq!(browser.list.rows.len(), 100_002);
    assert!(browser.list.rows.iter().skip(2).is_sorted_by_key(|row| {
        let scene = browser.scene().expect("a scene");
        scene.id(*row).map(|id| scene.tree.name(id).to_vec())
    }));
    // The content that was sorted is kept.
    browser.enter();
    parts(&mut browser);
    browser.enter();
    assert!(parts(&mut browser) < 10);
    // A letter that is typed examines all paths, in parts.
    browser.set_filter("7");
    assert!(parts(&mut browser) > 10);
    browser.set_filter("77");
    let again = parts(&mut browser);
    assert!((10..20).contains(&again), "the order is known: {again}");
    browser.set_filter("");
    parts(&mut browser);
    // Another layer, or only its own changes, sums all up again.
    browser.toggle_own();
    assert!(parts(&mut browser) > 2);
}

/// Rows for filters: a setuid file, and names that differ in case.
const NAMES: [&[(&str, u64)]; 1] = [&[
    ("bin/suid", 20_000_000),
    ("etc/a.conf", 10),
    ("etc/b.conf.bak", 2_000),
    ("usr/lib/libA.so.1", 11_000_000),
    ("usr/lib/liba.so", 500),
]];

#[test]
fn words_conditions_and_regular_expressions_combine() {
    let mut browser = browser(&NAMES);
    let table: [(&str, &[&str]); 12] = [
        ("conf", &["etc/a.conf", "etc/b.conf.bak"]),
        (r"re:\.conf$", &["etc/a.conf"]),
        ("re:^etc/[ab]", &["etc/a.conf", "etc/b.conf.bak"]),
        (r"re:lib[A-Z]\.", &["usr/lib/libA.so.1"]),
        (r"re:(?i)LIBA.*\d$", &["usr/lib/libA.so.1"]),
        ("re:^(etc|bin)/. !conf", &["bin/suid"]),
        (r"etc !re:\.bak$", &["etc", "etc/a.conf"]),
        (">10M !usr", &["bin", "bin/suid"]),
        (">10M re:/s", &["bin/suid"]),
        ("<1k re:/", &["etc/a.conf", "usr/lib/liba.so"]),
        ("mode:4000 >1k", &["bin/suid"]),
        ("conf <1k", &["etc/a.conf"]),
    ];
    for (typed, expected) in table {
        browser.set_filter(typed);
        arrange(&mut browser);
        assert_eq!(browser.filter_problem(), None, "{typed}");
        assert_eq!(paths(&browser), expected, "{typed}");
    }
    let places = browser.filter().map(|filter| filter.places_in("etc/a.conf")).unwrap_or_default();
    assert!(places.len() == 1 && places[0] == (6..10), "{places:?}");
}

#[test]
fn a_pattern_that_is_none_leaves_the_rows_of_the_filter_before() {
    let mut browser = browser(&NAMES);
    browser.set_filter("re:(");
    assert_eq!(paths(&browser), ["bin", "etc", "usr"], "the tree stays");
    assert!(browser.filter().is_none() && !browser.is_arranging());
    assert!(
        browser.filter_problem().is_some_and(|why| why.contains("unclosed") || why.contains("open group"))
    );
    browser.set_filter("re:(a");
    browser.set_filter("re:(a)\\.");
    arrange(&mut browser);
    browser.set_filter("re:(a)\\.(");
    assert_eq!(paths(&browser), ["etc/a.conf", "usr/lib/liba.so"]);
    // A newer tree is filtered by the last filter that was one.
    let (tree, lists) = image(NAMES.iter().map(|layer| list(layer)).collect());
    browser.set_tree(&tree, &lists);
    arrange(&mut browser);
    assert_eq!(paths(&browser), ["etc/a.conf", "usr/lib/liba.so"]);
    browser.set_filter("");
    arrange(&mut browser);
    assert_eq!((paths(&browser).len(), browser.filter_problem()), (3, None));
}

#[test]
fn a_costly_pattern_examines_few_paths_in_one_part() {
    let names: Vec<String> = (0..2_000).map(|number| format!("directory/file-{number}")).collect();
    let layer: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let mut browser = browser(&[&layer]);
    let (mut most, mut before) = (0, 0);
    browser.set_filter(r"re:(\w?){60}x");
    while browser.is_arranging() {
        browser.arrange_next_part();
        let examined = browser.search.as_ref().map_or(before, FileSearch::examined);
        (most, before) = (most.max(examined - before), examined);
    }
    assert!(most > 0 && most < 400, "{most}");
}
