//! Pictures of plans, and the keys that they take.

use regtui::app::cmd::Cmd;
use regtui::app::dialogs::Dialog;
use regtui::app::msg::Msg;
use regtui::model::change::delete::{self, Along, DeleteMethod, ImageToDelete, Parent, PlannedReferrer};
use regtui::model::change::image_info::ImageInfo;
use regtui::model::change::loss::{Loss, Nameless};
use regtui::model::change::rules::Refusal;
use regtui::model::change::{ChangePlan, ChangeRequest, PlanCommon};
use regtui::model::digest::Digest;
use regtui::model::failure::{Failure, FailureKind};
use regtui::model::media_type::{self, MediaType};
use regtui::model::reference::{Repository, Selector, Tag};
use regtui::model::server::{Ability, Cleanup, OwnApiUntag};

use super::panes::{at_tags, registry};
use super::screen::{Registry, SIZES, Screen, failure, picture_at};
use crate::support::harness::key_of;
use crate::support::plans::{self, tag};

/// The sizes of the pictures of changes.
pub const PLAN_SIZES: [(u16, u16); 3] = [(50, 15), (80, 24), (150, 42)];

fn plan_picture(name: &str, situation: impl FnMut((u16, u16)) -> Screen) {
    picture_at(name, &PLAN_SIZES, situation);
}

pub fn digest(number: u8) -> Digest {
    format!("sha256:{}", format!("{number:02x}").repeat(32)).parse().expect("a digest")
}

/// Returns a date and a size that differ for each number.
pub fn info(number: u8) -> ImageInfo {
    ImageInfo {
        created: format!("2026-11-{:02}T09:30:00Z", number % 20 + 1).parse().ok(),
        size: Some(1_000_000 * u64::from(number) + 250_000),
    }
}

fn image(number: u8, named: Tag) -> ImageToDelete {
    let image = plans::image_to_delete("an image", &[named.as_str()]);
    ImageToDelete { digest: digest(number), info: info(number), ..image }
}

/// The plan for a registry that deletes tags: one image for each tag, `latest` beside the first.
pub fn delete_plan(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let ChangeRequest::Delete(request) = request else { return Err(failure(FailureKind::Unsupported)) };
    let named = request.selectors.iter().filter_map(|selector| match selector {
        Selector::Tag(tag) => Some(tag.clone()),
        Selector::Digest(_) => None,
    });
    let mut images: Vec<ImageToDelete> =
        named.enumerate().map(|(number, tag)| image(number as u8 + 0x9f, tag)).collect();
    if let Some(first) = images.first_mut() {
        first.others = vec![tag("latest"), tag("1.4")];
        first.media_type = MediaType::new(media_type::OCI_INDEX);
        first.children = vec![digest(1), digest(2), digest(3)];
        first.needed_children = vec![digest(3)];
        first.parents = vec![Parent { digest: digest(4), tags: vec![tag("multi")] }];
        first.referrers = vec![PlannedReferrer {
            digest: digest(5),
            subject: first.digest,
            tag: None,
            kind: "signature".into(),
        }];
    }
    let method = request.method.unwrap_or(DeleteMethod::Untag);
    let is_image = method == DeleteMethod::Image;
    let loss = Loss { cleanup: Cleanup::Later, ..Loss::default() };
    let mut plan = delete::DeletePlan {
        common: PlanCommon { loss, ..PlanCommon::default() },
        repository: request.repository.clone(),
        along: request.along,
        frees: Some(if is_image { 1_300_000_000 } else { 0 }),
        shared: Some(if is_image { 2_800_000_000 } else { 0 }),
        shared_with: 14,
        ..plans::delete_plan(method, images)
    };
    plan.common.name_to_type = plan.is_far_reaching().then(|| request.repository.name.clone());
    plan.common.methods = plan.offered_methods(false);
    Ok(ChangePlan::Delete(plan))
}

/// The same plan if every tag of the images was named.
fn all_named(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let mut work = delete_plan(request)?;
    if let ChangePlan::Delete(plan) = &mut work {
        plan.images.iter_mut().for_each(|image| image.others.clear());
        plan.common.name_to_type = plan.is_far_reaching().then(|| plan.repository.name.clone());
    }
    Ok(work)
}

/// A registry of which it is not known whether it removes an image with its last tag.
pub fn unknown_registry(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let mut work = delete_plan(request)?;
    if let ChangePlan::Delete(plan) = &mut work {
        let nameless = |image: &mut ImageToDelete| {
            image.others.clear();
            Nameless {
                repository: request_repository(request),
                digest: image.digest,
                is_last: true,
                tag: (plan.method != DeleteMethod::Image).then(|| Tag::kept_tag(&image.digest, 1)),
            }
        };
        let images = plan.images.iter_mut().map(nameless).collect();
        plan.common.loss = Loss { cleanup: Cleanup::Unknown, keep: request.keeps_images(), images };
    }
    Ok(work)
}

fn request_repository(request: &ChangeRequest) -> Repository {
    match request {
        ChangeRequest::Delete(request) => request.repository.clone(),
        other => panic!("{other:?}"),
    }
}

/// A registry that cannot untag.
pub fn no_untag(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let mut work = delete_plan(request)?;
    if let ChangePlan::Delete(plan) = &mut work {
        plan.deletes.by_tag = Ability::No("405 UNSUPPORTED".into());
        if plan.method == DeleteMethod::Untag {
            plan.common.blocked = Some(Refusal {
                why: "the server does not delete by tag".into(),
                answer: Some("405 UNSUPPORTED".into()),
                hint: Some("untag by replacement, or delete the image with all its tags".into()),
            });
        }
        plan.common.methods = plan.offered_methods(plan.common.blocked.is_some());
    }
    Ok(work)
}

fn screen(plan: fn(&ChangeRequest) -> Result<ChangePlan, Failure>, size: (u16, u16)) -> Screen {
    let mut screen = Screen::new(Registry { plan, ..registry() }, size);
    screen.press("j j l");
    screen
}

pub fn after(
    plan: fn(&ChangeRequest) -> Result<ChangePlan, Failure>,
    size: (u16, u16),
    keys: &[&str],
) -> Screen {
    let mut screen = screen(plan, size);
    for keys in keys {
        screen.press(keys);
    }
    screen
}

/// The index that lists the first image goes too: as a child of another index, or because it was named.
fn with_its_index(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let mut work = delete_plan(request)?;
    if let ChangePlan::Delete(plan) = &mut work
        && let [first, second, ..] = plan.images.as_mut_slice()
    {
        first.parents = vec![
            Parent { digest: second.digest, tags: second.named.clone() },
            Parent { digest: digest(6), tags: Vec::new() },
        ];
        second.children = vec![first.digest, digest(6)];
        second.needed_children = vec![first.digest];
    }
    Ok(work)
}

#[test]
fn only_an_index_that_stays_breaks() {
    let kept = after(with_its_index, (150, 42), &["Space Space", "d", "Tab"]).text();
    assert_eq!(kept.matches("breaks").count(), 2, "the one without a name stays: {kept}");
    assert!(kept.contains("1 index breaks") && kept.contains("060606060606: an index"), "{kept}");
    let gone = after(with_its_index, (150, 42), &["Space Space", "d", "Tab", "C"]).text();
    assert!(!gone.contains("breaks"), "all of them go: {gone}");
}

#[test]
fn long_names_push_no_digest_aside() {
    let named = |request: &ChangeRequest| {
        let mut work = delete_plan(request)?;
        if let ChangePlan::Delete(plan) = &mut work {
            plan.images[1].named = vec![tag("2026-11-21-nightly-of-a-branch-with-a-long-name-and-a-date")];
        }
        Ok(work)
    };
    for size in PLAN_SIZES {
        let mut screen = after(named, size, &["Space Space Space", "d"]);
        let mut columns = Vec::new();
        for _ in 0..12 {
            let shown = screen.text();
            let digests = ["9f9f9f9f9f9f", "a0a0a0a0a0a0", "a1a1a1a1a1a1"];
            columns.extend(shown.lines().filter_map(|line| {
                let place = digests.iter().find_map(|digest| line.rsplit_once(digest))?.0;
                // The text before the box is equally wide in each line.
                (!place.contains("▌")).then(|| regtui::model::columns::width(place))
            }));
            screen.press("Down");
        }
        columns.sort_unstable();
        columns.dedup();
        assert_eq!(columns.len(), 1, "{size:?}: {columns:?}\n{}", screen.text());
    }
}

#[test]
fn a_plan_that_is_not_there_yet_says_that_it_is_looked_up() {
    plan_picture("plan_looking_up", |size| {
        let mut screen = screen(delete_plan, size);
        screen.wait(300);
        screen.send(Msg::Key(key_of("d")));
        screen
    });
}

#[test]
fn the_plan_of_an_untag_shows_the_tags_that_stay() {
    plan_picture("plan_untag", |size| after(delete_plan, size, &["d"]));
}

#[test]
fn the_plan_of_a_deleted_image_shows_everything_that_goes() {
    plan_picture("plan_delete_image", |size| after(delete_plan, size, &["d", "Tab", "C"]));
}

#[test]
fn more_than_one_digest_asks_to_type_the_name() {
    plan_picture("plan_bulk", |size| {
        let mut screen = after(delete_plan, size, &["Space Space Space", "d"]);
        screen.wait(300);
        screen.write("team/a");
        screen
    });
}

#[test]
fn deleting_images_counts_their_tags_and_those_not_named() {
    for size in [(50, 15), (80, 24), (150, 42)] {
        let screen = after(delete_plan, size, &["Space Space Space", "d", "Tab"]);
        let text = screen.text().replace(['│', '┃'], " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("type team/app to delete 3 images, 5 tags"), "{}", screen.text());
        assert!(text.contains("3 images · 5 tags, 2 of them not named · 1 index"), "{}", screen.text());
    }
}

#[test]
fn a_plan_says_how_much_goes_on_a_screen_of_any_size() {
    let screen = after(delete_plan, (40, 10), &["Space Space", "d", "Tab"]);
    for shown in ["● delete image", "2 images · 4 tags, 2 of"] {
        assert!(screen.text().contains(shown), "{shown}: {}", screen.text());
    }
}

#[test]
fn the_answer_of_a_server_is_shown_once() {
    for size in PLAN_SIZES.into_iter().skip(1) {
        let screen = after(no_untag, size, &["d"]);
        assert_eq!(screen.text().matches("405 UNSUPPORTED").count(), 1, "{}", screen.text());
    }
}

#[test]
fn if_the_server_cannot_untag_the_methods_are_shown() {
    plan_picture("plan_cannot_untag", |size| after(no_untag, size, &["d"]));
}

/// A registry whose registry API never deletes, and whose vendor's own API does.
fn own_api(request: &ChangeRequest) -> Result<ChangePlan, Failure> {
    let mut work = no_untag(request)?;
    if let ChangePlan::Delete(plan) = &mut work {
        let vendor = "Docker Hub".into();
        let api = OwnApiUntag { vendor, has_login: true, is_required: true, takes_image: false, note: None };
        plan.own_api = Some(api);
        if request.method().is_none() {
            (plan.method, plan.common.blocked) = (DeleteMethod::OwnApi, None);
        }
        plan.common.methods = plan.offered_methods(plan.common.blocked.is_some());
    }
    Ok(work)
}

#[test]
fn the_vendors_own_api_is_named_and_the_other_methods_are_offered() {
    plan_picture("plan_own_api", |size| after(own_api, size, &["d"]));
}

#[test]
fn the_replacement_is_confirmed_for_itself() {
    plan_picture("plan_replacement", |size| after(no_untag, size, &["d", "Tab", "l Enter"]));
}

#[test]
fn a_plan_that_failed_says_why() {
    plan_picture("plan_failed", |size| after(|_| Err(failure(FailureKind::Unreachable)), size, &["d"]));
}

#[test]
fn the_box_does_not_move_when_the_plan_arrives() {
    for size in PLAN_SIZES.into_iter().chain(SIZES) {
        let mut screen = screen(delete_plan, size);
        screen.wait(300);
        screen.send(Msg::Key(key_of("d")));
        let corner = |text: &str| {
            let lines: Vec<&str> = text.lines().collect();
            let row = lines.iter().position(|line| line.contains("╭ Delete")).expect("the box");
            (row, lines[row].split("╭ Delete").next().map(|before| before.chars().count()), lines.len())
        };
        let before = corner(&screen.text());
        screen.settle();
        assert_eq!(corner(&screen.text()), before, "{size:?}");
    }
}

fn height(screen: &Screen) -> u16 {
    let dialog = screen.state.dialogs.last().unwrap_or_else(|| panic!("a dialog: {}", screen.text()));
    dialog.area(&screen.state).height
}

#[test]
fn a_plan_is_as_high_as_its_text_and_never_becomes_smaller() {
    for size in PLAN_SIZES.into_iter().chain(SIZES) {
        let mut screen = screen(delete_plan, size);
        screen.wait(300);
        screen.send(Msg::Key(key_of("d")));
        let mut heights = vec![height(&screen)];
        screen.settle();
        heights.push(height(&screen));
        // To the way that says most, to one that is looked up, and back.
        for key in ["Tab", "C", "C", "Tab"] {
            screen.wait(300);
            screen.send(Msg::Key(key_of(key)));
            heights.push(height(&screen));
            screen.settle();
            heights.push(height(&screen));
        }
        assert!(heights.is_sorted(), "{size:?}: {heights:?}");
        let most = regtui::app::layout::largest_plan_box(&screen.state).height;
        assert!(heights.iter().all(|height| *height <= most), "{size:?}: {heights:?}");
    }
    let tall = after(delete_plan, (150, 42), &["d"]);
    let shown = tall.text();
    let row = |text: &str| shown.lines().position(|line| line.contains(text)).expect("a row");
    assert_eq!(row("▌Cancel") - row("delete by digest: yes"), 3, "nothing empty between: {shown}");
}

#[test]
fn a_plan_that_fails_or_asks_again_has_room_for_all_that_it_says() {
    for size in [(80, 24), (150, 42)] {
        let failed = after(|_| Err(failure(FailureKind::Unreachable)), size, &["d"]).text();
        let asks = after(no_untag, size, &["d", "Tab", "l Enter"]).text();
        assert!(failed.contains("hint: is the registry") && failed.contains("r asks again"), "{failed}");
        assert!(asks.contains("Untag by replacement?") && asks.contains("byte for byte"), "{asks}");
    }
}

#[test]
fn switches_turned_while_the_plan_is_looked_up_count_and_the_last_one_wins() {
    let mut screen = after(delete_plan, (80, 24), &["d"]);
    screen.open.clear();
    for key in ["Tab", "C", "R", "C", "C"] {
        screen.wait(20);
        screen.send(Msg::Key(key_of(key)));
        let text = screen.text();
        assert!(text.contains("● delete image"), "what was turned is shown at once: {text}");
    }
    let waits = screen.open.iter().all(|cmd| matches!(cmd, Cmd::Load { delay, .. } if !delay.is_zero()));
    assert!(waits, "none is looked up before the hand rests: {:?}", screen.open);
    // A newer one takes the place of the one before, so that only the last is asked for.
    screen.open.drain(..4);
    screen.settle();
    let text = screen.text();
    for shown in ["● delete image", "[x] C", "[x] R"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(is_planned(&screen) && screen.started.is_empty());
}

#[test]
fn enter_on_a_plan_that_has_only_just_appeared_says_why_it_did_nothing() {
    let mut screen = screen(delete_plan, (80, 24));
    screen.wait(300);
    for (key, said) in [("d", "looking up"), ("Enter", "still being looked up")] {
        screen.send(Msg::Key(key_of(key)));
        assert!(screen.text().contains(said), "{key}: {}", screen.text());
    }
    screen.settle();
    screen.wait(100);
    screen.send(Msg::Key(key_of("Enter")));
    assert!(screen.text().contains("press it again"), "{}", screen.text());
    assert!(screen.started.is_empty() && is_planned(&screen));
}

#[test]
fn a_plan_takes_the_place_of_its_prompt() {
    use regtui::app::layout;
    for size in PLAN_SIZES.into_iter().chain(SIZES) {
        for key in ["t", "c"] {
            let screen = after(delete_plan, size, &[key]);
            let dialog = screen.state.dialogs.last().expect("a prompt");
            let (prompt, plan) = (dialog.area(&screen.state), layout::largest_plan_box(&screen.state));
            assert_eq!((prompt.x, prompt.y, prompt.width), (plan.x, plan.y, plan.width), "{key} {size:?}");
            assert!(prompt.height <= plan.height);
        }
    }
}

fn is_planned(screen: &Screen) -> bool {
    matches!(screen.state.dialogs.last(), Some(Dialog::Plan(_)))
}

#[test]
fn a_delete_begins_on_the_button_that_leaves() {
    let mut left = after(delete_plan, (80, 24), &["d", "Enter"]);
    assert!(left.started.is_empty() && !is_planned(&left));
    left.press("d").press("l Enter");
    let [(_, work)] = left.started.as_slice() else { panic!("one job: {:?}", left.started) };
    assert_eq!(work.title().as_str(), "untag team/app:1.10.0-rc.1");
    assert!(!is_planned(&left));
}

#[test]
fn the_plan_is_carried_out_as_it_was_shown() {
    let mut screen = after(delete_plan, (80, 24), &["d", "Tab", "R"]);
    screen.wait(300);
    screen.write("team/app");
    screen.wait(1000);
    screen.press("Enter");
    let [(_, work)] = screen.started.as_slice() else { panic!("one job: {:?}", screen.started) };
    let ChangePlan::Delete(plan) = &**work else { panic!("a delete: {work:?}") };
    assert_eq!((plan.method, plan.along), (DeleteMethod::Image, Along { children: false, referrers: true }));
}

#[test]
fn digests_that_go_along_count_towards_asking_for_the_name() {
    for key in ["C", "R"] {
        let mut screen = after(all_named, (80, 24), &["d", "Tab", key, "l Enter"]);
        assert!(
            screen.started.is_empty() && screen.text().contains("that is not the name"),
            "{}",
            screen.text()
        );
        screen.press(key).press("l Enter");
        assert_eq!(screen.started.len(), 1, "without {key} there is one again:\n{}", screen.text());
    }
}

#[test]
fn keys_that_come_with_the_plan_or_right_after_it_confirm_nothing() {
    for early in ["d l Enter", "d l l l l l l l Enter", "d Tab l Enter l Enter"] {
        let screen = after(delete_plan, (80, 24), &[early]);
        assert!(screen.started.is_empty(), "{early}");
        assert!(is_planned(&screen), "{early}: {}", screen.text());
    }
}

#[test]
fn enter_that_comes_together_with_another_key_confirms_nothing() {
    let mut screen = after(delete_plan, (80, 24), &["d"]);
    screen.wait(1000);
    for key in ["l", "Enter"] {
        screen.send(Msg::Key(key_of(key)));
    }
    assert!(screen.started.is_empty() && screen.text().contains("press it again"), "{}", screen.text());
    screen.press("Enter");
    assert_eq!(screen.started.len(), 1);
}

#[test]
fn a_paste_confirms_nothing() {
    let mut screen = after(delete_plan, (80, 24), &["Space Space", "d"]);
    screen.wait(1000);
    screen.send(Msg::Pasted("team/app\n".into()));
    assert!(screen.started.is_empty() && is_planned(&screen));
    screen.press("Enter");
    assert!(screen.started.is_empty(), "the name was pasted, not typed");
}

#[test]
fn the_name_must_be_typed_whole() {
    let mut screen = after(delete_plan, (80, 24), &["Space Space", "d"]);
    screen.wait(1000);
    screen.write("team/ap").press("Enter");
    assert!(screen.started.is_empty() && screen.text().contains("that is not the name"), "{}", screen.text());
    screen.write("p").press("Enter");
    assert_eq!(screen.started.len(), 1);
    assert!(screen.state.tags.list.marks.is_empty());
}

#[test]
fn a_name_typed_for_one_plan_does_not_count_for_the_next() {
    let mut screen = after(delete_plan, (80, 24), &["Space Space", "d"]);
    screen.wait(1000);
    screen.write("team/app").press("Tab").press("Enter");
    assert!(screen.started.is_empty());
}

#[test]
fn images_that_may_be_lost_are_said_and_one_key_keeps_them() {
    for size in [(150, 42), (80, 24)] {
        let text = after(unknown_registry, size, &["d"]).text();
        assert!(!text.contains("images stay"), "{text}");
        assert!(text.contains("not known") && text.contains("[ ] K it as regtui-kept-"), "{text}");
        assert!(text.contains("K keep"), "the foot names the key: {text}");
        let mut kept = after(unknown_registry, size, &["d", "K"]);
        let text = kept.text();
        assert!(text.contains("[x] K it as regtui-kept-") && text.contains("the images stay"), "{text}");
        kept.press("l Enter");
        let [(_, work)] = kept.started.as_slice() else { panic!("{:?}", kept.started) };
        assert!(work.common().loss.keep, "{work:?}");
        let image = after(unknown_registry, size, &["d", "K", "Tab"]).text();
        assert!(image.contains("no tag can keep") && !image.contains("[x] K"), "{image}");
    }
}

#[test]
fn a_plan_that_is_blocked_cannot_be_confirmed() {
    let screen = after(no_untag, (80, 24), &["d", "l Enter"]);
    assert!(screen.started.is_empty());
    let replaced = after(no_untag, (80, 24), &["d", "Tab", "l Enter", "l Enter"]);
    assert_eq!(replaced.started.len(), 1);
}

#[test]
fn a_rule_that_forbids_a_change_greys_its_key_and_is_named() {
    let mut screen = at_tags((120, 40));
    screen.state.settings.rules.read_only = Some("`--read-only`");
    screen.press("d");
    assert!(screen.text().contains("not now: `--read-only` refuses every change"), "{}", screen.text());
    screen.press("Esc").resize((40, 10));
    screen.state.settings.rules.read_only = Some("`read_only = true` in a configuration with a long name");
    screen.press("d");
    let text = screen.text();
    assert!(text.contains("with a long name refuses") && text.contains("every change"), "it wraps: {text}");
    assert!(screen.state.dialogs.is_empty());
}
