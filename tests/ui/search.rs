//! Filters and searches: their highlights, counts and order.

use ratatui::style::Modifier;
use regtui::app::dialogs::Dialog;
use regtui::app::panes::tags::SortBy;

use super::panes::at_tags;
use super::screen::Screen;

const WIDE: (u16, u16) = (160, 40);

/// The texts on the screen that are drawn with this modifier, from top to bottom.
fn parts_with(screen: &Screen, modifier: Modifier) -> Vec<String> {
    let (buffer, _) = screen.draw();
    let mut parts = Vec::new();
    for y in 0..buffer.area.height {
        let mut was_in = false;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let is_in = cell.modifier.contains(modifier);
            match parts.last_mut() {
                Some(part) if is_in && was_in => *part += cell.symbol(),
                _ if is_in => parts.push(cell.symbol().to_string()),
                _ => {}
            }
            was_in = is_in;
        }
    }
    parts
}

fn highlights(screen: &Screen) -> Vec<String> {
    parts_with(screen, Modifier::UNDERLINED)
}

/// The Details pane of an image, after this number of steps to the right through its tabs.
fn at_tab(turns: usize) -> Screen {
    let mut screen = at_tags(WIDE);
    screen.press("j l");
    (0..turns).for_each(|_| {
        screen.press("]");
    });
    screen
}

#[test]
fn the_matches_of_a_filter_are_highlighted_in_every_row_and_under_the_cursor() {
    let mut screen = at_tags(WIDE);
    screen.press("/").write("^1.4");
    assert_eq!(highlights(&screen), ["1.4", "1.4"]);
    screen.press("Esc /").write("rc");
    assert_eq!(highlights(&screen), ["rc"]);
    screen.press("Esc Left /").write("tm");
    assert_eq!(highlights(&screen)[..2], ["t", "m"], "the letters of similar names: {}", screen.text());
}

#[test]
fn a_search_in_a_text_is_counted_goes_on_and_around_and_is_dropped() {
    let mut screen = at_tab(3);
    screen.press("/").write("sha256");
    let text = screen.text();
    assert!(text.contains("/sha256  1 of "), "{text}");
    assert!(highlights(&screen).iter().all(|part| part == "sha256"));
    screen.press("Enter n");
    assert!(screen.text().contains("/sha256  2 of "), "{}", screen.text());
    screen.press("N N");
    let text = screen.text();
    let counts = text.split("/sha256  ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a count");
    assert!(text.contains(&format!("{counts} of {counts}")), "{text}");
    screen.press("n");
    assert!(screen.text().contains("/sha256  1 of "), "{}", screen.text());
    screen.press("Esc");
    assert!(!screen.text().contains("/sha256"), "{}", screen.text());
    assert!(highlights(&screen).is_empty());
    assert_eq!(screen.state.focus, regtui::app::Pane::Details);
}

#[test]
fn every_text_of_the_details_can_be_searched() {
    for (turns, word) in [(0, "digest"), (2, "architecture"), (3, "mediaType")] {
        let mut screen = at_tab(turns);
        screen.press("/").write(word);
        let text = screen.text();
        assert!(text.contains(&format!("/{word}  1 of ")), "{word}: {text}");
        screen.write("-not-there");
        assert!(screen.text().contains("not found"), "{}", screen.text());
    }
}

#[test]
fn referrers_are_filtered_by_kind_and_digest() {
    for word in ["spdx", "fbedf9de1b32"] {
        let mut screen = at_tab(4);
        screen.press("/").write(word);
        let text = screen.text();
        assert!(text.contains("SBOM, SPDX") && !text.contains("example.review"), "{word}: {text}");
        screen.press("Enter Esc");
        assert!(screen.text().contains("example.review"), "{}", screen.text());
    }
}

#[test]
fn layers_are_filtered_by_their_steps() {
    let mut screen = at_tab(1);
    let all = screen.text();
    assert!(all.contains("CMD") && all.contains("RUN"), "{all}");
    screen.press("/").write("^run");
    let text = screen.text();
    assert!(!text.contains("CMD"), "{text}");
    assert!(highlights(&screen).iter().all(|part| part == "RUN"), "{text}");
    screen.press("Enter Esc");
    assert!(screen.text().contains("CMD"), "{}", screen.text());
}

#[test]
fn a_filter_is_offered_selected_so_that_typing_replaces_it() {
    let mut screen = at_tags(WIDE);
    screen.press("/").write("1.4").press("Enter /");
    assert!(parts_with(&screen, Modifier::REVERSED).contains(&"1.4".to_string()), "{}", screen.text());
    screen.write("rc");
    assert_eq!(screen.state.tags.list.filter, "rc");
    screen.press("Enter / End").write("x");
    assert_eq!(screen.state.tags.list.filter, "rcx");
}

#[test]
fn tags_are_filtered_by_the_digest_and_platform_of_their_rows() {
    let mut screen = at_tags(WIDE);
    screen.press("/").write("arm64");
    let text = screen.text();
    assert!(text.contains("1.10.0-rc.1") && !text.contains("1.4.1 "), "{text}");
    assert!(text.contains("details of 5 of 6 tags known: others are filtered by name"), "{text}");
    screen.press("Esc");
    let text = screen.text();
    let row = text.lines().find(|line| line.contains(" 1.4.1 ")).expect("a row");
    let is_digest = |word: &&str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest = row.split_whitespace().find(is_digest).expect("a digest").to_string();
    screen.press("/").write(&format!("sha256:{}", &digest[..7]));
    assert!(screen.text().contains("Tags 1 of 6"), "{}", screen.text());
    assert_eq!(highlights(&screen), [&digest[..7]]);
}

#[test]
fn a_key_about_an_image_says_that_no_row_fits_the_filter() {
    let mut screen = at_tags(WIDE);
    screen.press("/").write("nothing-like-it").press("Enter d");
    assert!(screen.text().contains("no tag is under the cursor"), "{}", screen.text());
}

#[test]
fn a_click_on_a_heading_sorts_and_another_one_reverses() {
    let mut screen = at_tags(WIDE);
    screen.click("SIZE");
    assert_eq!(screen.state.tags.sort.by, SortBy::Size);
    assert!(screen.text().contains("SIZE ↓"), "{}", screen.text());
    screen.click("SIZE");
    assert!(screen.text().contains("SIZE ↑"), "{}", screen.text());
    screen.click("CREATED");
    assert!(screen.text().contains("CREATED ↓"), "{}", screen.text());
    screen.click("DIGEST");
    assert_eq!(screen.state.tags.sort.by, SortBy::Date);
}

#[test]
fn a_click_on_a_heading_of_repositories_sorts_them_too() {
    let mut screen = at_tags((80, 24));
    screen.press("h").click("TAGS");
    assert!(screen.text().contains("Repositories 5 ── by tags ↓"), "{}", screen.text());
    screen.click("TAGS ↓");
    assert!(screen.text().contains("by tags ↑"), "{}", screen.text());
    screen.click("REPOSITORY");
    assert!(!screen.text().contains("by tags"), "{}", screen.text());
}

#[test]
fn the_prompts_for_a_name_stand_at_one_place_and_have_the_same_keys() {
    let mut places = Vec::new();
    for key in ["O", "C", "c", "t"] {
        let mut screen = at_tags(WIDE);
        screen.press(key);
        let area = screen.state.dialogs.last().expect("a prompt").area(&screen.state);
        places.push((area.x, area.y, area.width));
        // One text that each of them completes: a repository, or a tag.
        let (typed, name) = if key == "t" { ("ight", "nightly") } else { ("rts/g", "charts/gateway") };
        screen.write(typed);
        let text = screen.text();
        assert!(text.contains(name), "{key}: {text}");
        screen.press("Tab");
        let text = screen.text();
        assert!(
            text.lines().any(|line| line.contains("> ") && line.contains(&format!("{name}█"))),
            "{key}: {text}"
        );
        screen.press("Esc");
        assert!(screen.state.dialogs.is_empty(), "{key}");
    }
    assert!(places.windows(2).all(|pair| pair[0] == pair[1]), "{places:?}");
}

#[test]
fn the_prompt_of_a_comparison_accepts_the_name_under_the_cursor() {
    let mut screen = at_tags(WIDE);
    screen.press("C").write("rts/g").press("Down Enter");
    let text = screen.text();
    assert!(text.contains("Compare") && text.contains("charts/gateway"), "{text}");
    assert!(matches!(screen.state.dialogs.as_slice(), [Dialog::Comparison(_)]), "{text}");
    screen.press("Esc C").write("team/app").press("Enter");
    assert!(screen.text().contains("both sides are the same"), "{}", screen.text());
}

#[test]
fn the_matches_in_help_and_palette_are_highlighted() {
    let mut screen = at_tags(WIDE);
    screen.press("?").write("retag");
    let found = highlights(&screen);
    assert!(!found.is_empty() && found.iter().all(|part| part.eq_ignore_ascii_case("retag")), "{found:?}");
    screen.press("Esc Ctrl-p").write("zoom");
    let found = highlights(&screen);
    assert!(!found.is_empty() && found.iter().all(|part| part.eq_ignore_ascii_case("zoom")), "{found:?}");
}
