//! The facts of vendors in the Details pane.

use regtui::model::reference::{RepositoryName, Tag};
use regtui::model::scan::report::SeverityCounts;
use regtui::model::vendor_image::{ImageName, VendorImage, VendorScan, VendorScanState};

use super::images::{config, of_config};
use super::panes::registry;
use super::screen::{Registry, Screen};

fn telling(vendor_image: Option<VendorImage>) -> Registry {
    let mut registry = Registry { vendor_image, ..registry() };
    if let Ok(server) = &mut registry.server {
        server.own_api.image_facts = true;
    }
    registry
}

fn scanned() -> VendorImage {
    let counts = SeverityCounts { critical: 2, high: 5, ..SeverityCounts::default() };
    VendorImage {
        vendor: "Harbor".into(),
        pushed: "2026-11-18T09:30:00Z".parse().ok(),
        expires: "2027-11-18T09:30:00Z".parse().ok(),
        scan: Some(VendorScan {
            state: VendorScanState::Done,
            scanner: Some("Trivy v0.50".into()),
            counts: Some(counts),
            total: Some(7),
            ..VendorScan::default()
        }),
        names: vec![ImageName {
            repository: RepositoryName::parse("prod/app").expect("a name"),
            tag: Tag::parse("stable").ok(),
        }],
        ..VendorImage::default()
    }
}

fn at_details(registry: Registry, size: (u16, u16)) -> Screen {
    let mut screen = Screen::new(registry, size);
    screen.press("j j l j l");
    screen
}

#[test]
fn the_facts_of_the_vendor_stand_below_the_size_and_the_date() {
    for size in [(150, 42), (80, 24)] {
        let screen = at_details(telling(Some(scanned())), size);
        let text = screen.text();
        for part in [
            "pushed",
            "2026-11-18",
            "expires",
            "2027-11-18",
            "scan",
            "2 critical, 5 high",
            "Harbor",
            "prod/app:stable",
        ] {
            assert!(text.contains(part), "{size:?} {part}: {text}");
        }
        assert!(!screen.state.is_loading());
    }
}

/// Facts come late and stand above text that the user may be reading by then.
#[test]
fn text_that_was_scrolled_to_stays_at_its_place_when_the_facts_arrive_or_change() {
    let mut config = config("amd64", "1", "2026-11-18T09:30:00Z");
    for number in 10..90 {
        config["config"]["Labels"][format!("label-{number}")] = "x".into();
    }
    let first_label = |screen: &Screen| {
        let text = screen.text();
        let line = text.lines().find(|line| line.contains("label-"));
        line.unwrap_or_else(|| panic!("no label: {text}")).to_string()
    };
    let mut registry = Registry::default().with("app", vec![("1", of_config(config, &[10]))]);
    if let Ok(server) = &mut registry.server {
        server.own_api.image_facts = true;
    }
    let mut screen = Screen::new(registry, (80, 24));
    screen.press("l l Ctrl-d Ctrl-d");
    let before = first_label(&screen);
    assert!(!before.contains("label-10"), "it is scrolled: {}", screen.text());
    screen.registry.vendor_image = Some(scanned());
    screen.press("r");
    assert_eq!(first_label(&screen), before, "{}", screen.text());
    screen.registry.vendor_image = None;
    screen.press("r");
    assert_eq!(first_label(&screen), before, "{}", screen.text());
    screen.registry.vendor_image = Some(scanned());
    screen.press("g r");
    assert!(screen.text().contains("image       "), "the beginning is not scrolled away: {}", screen.text());
}

#[test]
fn without_facts_nothing_is_said_of_a_scan() {
    let text = at_details(telling(None), (150, 42)).text();
    assert!(!text.contains("scan  ") && !text.contains("findings"), "{text}");
    // A vendor without this ability is not asked.
    let registry = Registry { vendor_image: Some(scanned()), ..registry() };
    let text = at_details(registry, (150, 42)).text();
    assert!(!text.contains("Harbor"), "{text}");
}

#[test]
fn the_label_that_gives_a_tag_an_end_is_shown_on_quay_only() {
    let shown = |product: &str| {
        let mut config = config("amd64", "1", "2026-11-18T09:30:00Z");
        config["config"]["Labels"]["quay.expires-after"] = "12w\u{1b}[2J".into();
        let mut registry = Registry::default().with("app", vec![("1", of_config(config, &[10]))]);
        if let Ok(server) = &mut registry.server {
            server.product = Some(product.to_string().into());
        }
        let mut screen = Screen::new(registry, (150, 42));
        screen.press("l l");
        screen.text()
    };
    assert!(shown("Quay").contains("after its push, by the label"), "{}", shown("Quay"));
    assert!(!shown("Harbor").contains("after its push"));
}
