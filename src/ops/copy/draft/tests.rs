//! Tables for the parts of a draft that ask no registry.

use super::super::builders::{digests, image, index, manifest, referrer};
use super::super::destination::Referred;
use super::*;
use crate::client::{ClientSettings, Pool};
use crate::model::change::builders::{copy_request, digest, empty_manifest, repository, selector, tag};
use crate::model::media_type::{DOCKER_MANIFEST, OCI_MANIFEST};

/// Returns a registry that no case asks.
fn registry() -> Arc<dyn Registry> {
    Pool::new(ClientSettings::default()).registry(&repository("a.test/team/app").host)
}

/// Returns the pick of a tag, or of a digest, which gets no tag.
fn pick(name: &str) -> Pick {
    Pick { selector: selector(name), tag: Tag::parse(name).ok() }
}

fn signature_tag() -> String {
    format!("{}.sig", digest("x").to_string().replace(':', "-"))
}

/// The images `x`, `y` and `z`, the index `i` of `x` and `y`, the index `j` of `y` and `z`, and the index `o` of `i`.
fn known_manifest(name: &str) -> Arc<Manifest> {
    match name {
        "i" => index("i", "xy"),
        "j" => index("j", "yz"),
        "o" => index("o", "i"),
        _ => image(name),
    }
}

/// Adds an image that has the digest of `source` at the source.
fn add_known(draft: &mut Draft<'_>, pick: Pick, source: &str, name: &str) {
    for known in ["x", "y", "z", "i", "j", "o"] {
        draft.tree.add(&known_manifest(known));
    }
    let (source, manifest) = (digest(source), known_manifest(name));
    let found = SourceImage { source, manifest, split: Split::default(), left_out: Vec::new() };
    draft.add_image(pick, found).expect("it can be copied");
}

#[test]
fn an_image_is_picked_if_it_has_the_same_name_and_gets_the_same_tag() {
    let (registry, request) = (registry(), copy_request(What::AllTags));
    let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
    add_known(&mut draft, pick("1"), "x", "x");
    let table = [
        ("the same", pick("1"), true),
        ("another tag of the source", pick("2"), false),
        ("its digest", pick(&digest("x").to_string()), false),
        ("another tag at the destination", Pick { tag: Some(tag("2")), ..pick("1") }, false),
        ("no tag at the destination", Pick { tag: None, ..pick("1") }, false),
    ];
    for (case, pick, expected) in table {
        assert_eq!(draft.is_picked(&pick), expected, "{case}");
    }
}

#[test]
fn notes_about_an_image_name_it_and_an_image_that_cannot_be_copied_is_not_added() {
    let (registry, request) = (registry(), copy_request(What::AllTags));
    let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
    let found = |manifest: Arc<Manifest>| SourceImage {
        source: manifest.digest,
        manifest,
        split: Split::default(),
        left_out: vec!["a note".into()],
    };
    assert!(draft.add_image(pick("1"), found(index("i", "x"))).is_err(), "the child was not read");
    assert!(draft.tops.is_empty() && draft.left_out.is_empty());
    draft.add_image(pick("1"), found(image("x"))).expect("it can be copied");
    assert_eq!(draft.tops.len(), 1);
    assert_eq!(draft.left_out, ["1: a note".into()]);
}

#[test]
fn referrers_may_refer_to_every_manifest_that_is_copied_as_it_is() {
    let by_digest = digest("x").to_string();
    let signature = signature_tag();
    // Each image has its name, its manifest at the source, and the one that is copied.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str, &'a str)], &'a str);
    let table: [Case; 9] = [
        ("nothing", &[], ""),
        ("an image", &[("1", "x", "x")], "x"),
        ("an image by digest", &[(&by_digest, "x", "x")], "x"),
        ("an index", &[("1", "i", "i")], "xyi"),
        ("an index within an index", &[("1", "o", "o")], "xyio"),
        ("indexes with a common child", &[("1", "i", "i"), ("2", "j", "j")], "xyizj"),
        ("a shortened index", &[("1", "whole", "i")], "xy"),
        ("an index that is also copied whole", &[("1", "whole", "i"), ("2", "i", "i")], "xyi"),
        ("a signature under a digest tag", &[(&signature, "z", "z"), ("1", "x", "x")], "x"),
    ];
    for (case, tops, expected) in table {
        let (registry, request) = (registry(), copy_request(What::AllTags));
        let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
        for (name, source, copied) in tops {
            add_known(&mut draft, pick(name), source, copied);
        }
        assert_eq!(draft.subjects(), digests(expected), "{case}");
    }
}

#[test]
fn referrers_are_kept_if_their_subject_is_copied_too() {
    let unread = || {
        let subject = super::super::builders::descriptor("a");
        let child = super::super::builders::descriptor("unread");
        manifest("u", format!(r#"{{"manifests":[{child}],"subject":{subject}}}"#))
    };
    let table = [
        ("none", vec![], "", 0),
        ("a signature", vec![referrer("s", "a")], "s", 0),
        ("of another image", vec![referrer("s", "b")], "", 0),
        ("without a subject", vec![image("s")], "", 0),
        ("a signature of a signature", vec![referrer("s", "a"), referrer("t", "s")], "st", 0),
        ("a signature of one that is left out", vec![referrer("s", "b"), referrer("t", "s")], "", 0),
        ("one that cannot be copied", vec![unread(), referrer("s", "a")], "s", 1),
        ("a signature of one that cannot be copied", vec![unread(), referrer("t", "u")], "", 1),
    ];
    for (case, found, kept, unresolved) in table {
        let (registry, request) = (registry(), copy_request(What::AllTags));
        let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
        draft.keep_referrers(&digests("a"), found);
        let found: Vec<Digest> = draft.referrers.iter().map(|(manifest, _)| manifest.digest).collect();
        assert_eq!(found, digests(kept), "{case}");
        let names: Vec<&str> = draft.unresolved.iter().map(|unresolved| unresolved.name.as_str()).collect();
        assert_eq!(names, vec![format!("the referrer {}", digest("u").short()); unresolved], "{case}");
    }
}

#[test]
fn manifests_are_put_by_digest_children_first_unless_only_a_tag_needs_them() {
    let x = digest("x").to_string();
    let i = digest("i").to_string();
    // The images by name and manifest, the referrers with their subjects, the manifests that are there.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str, &'a str);
    let table: [Case; 13] = [
        ("an image with a tag", &[("1", "x")], &[], "", ""),
        ("an image by digest", &[(&x, "x")], &[], "", "x"),
        ("an image by digest that is there", &[(&x, "x")], &[], "x", ""),
        ("an image with a tag and by digest", &[("1", "x"), (&x, "x")], &[], "", "x"),
        ("an index with a tag", &[("1", "i")], &[], "", "xy"),
        ("an index by digest", &[(&i, "i")], &[], "", "xyi"),
        ("an index of which one child is there", &[("1", "i")], &[], "x", "y"),
        ("an index within an index", &[("1", "o")], &[], "", "xyi"),
        ("indexes with a common child", &[("1", "i"), ("2", "j")], &[], "", "xyz"),
        ("a child that has a tag too", &[("1", "x"), ("2", "i")], &[], "", "xy"),
        ("a signed image with a tag", &[("1", "x")], &[("s", "x")], "", "xs"),
        ("a signature of a signature", &[("1", "x")], &[("s", "x"), ("t", "s")], "", "xst"),
        ("a signed image that is there", &[("1", "x")], &[("s", "x")], "x", "s"),
    ];
    for (case, tops, referrers, there, expected) in table {
        let (registry, request) = (registry(), copy_request(What::AllTags));
        let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
        for (name, copied) in tops {
            add_known(&mut draft, pick(name), copied, copied);
        }
        let found = referrers.iter().map(|(name, subject)| referrer(name, subject)).collect();
        draft.keep_referrers(&draft.subjects(), found);
        let there = There { manifests: digests(there).into_iter().collect(), ..There::default() };
        let put: Vec<Digest> = draft.manifests(&there).iter().map(|manifest| manifest.digest).collect();
        assert_eq!(put, digests(expected), "{case}");
    }
}

#[test]
fn a_media_type_that_only_the_source_states_does_not_reach_another_registry() {
    let raw = empty_manifest().raw;
    let stated = Arc::new(Manifest::parse(raw, Some(DOCKER_MANIFEST)).expect("a manifest"));
    for (to, expected) in [("b.test/team/app", OCI_MANIFEST), ("a.test/other", DOCKER_MANIFEST)] {
        let (registry, mut request) = (registry(), copy_request(What::AllTags));
        request.to = repository(to);
        let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
        let (source, split) = (stated.digest, Split::default());
        let found = SourceImage { source, manifest: stated.clone(), split, left_out: Vec::new() };
        draft.add_image(pick("1"), found).expect("it can be copied");
        let closure = Closure { manifests: vec![stated.clone()], ..Closure::default() };
        draft.referrers.push((stated.clone(), closure));
        draft.restore_own_media_types();
        let named = [&draft.tops[0].manifest, &draft.referrers[0].0];
        let all: Vec<&Arc<Manifest>> =
            named.into_iter().chain(draft.closures().flat_map(|closure| &closure.manifests)).collect();
        assert_eq!(all.len(), 4, "{to}");
        for manifest in all {
            assert_eq!((manifest.media_type.as_str(), manifest.digest), (expected, stated.digest), "{to}");
        }
    }
}

#[test]
fn a_blob_is_noted_once_and_is_missing_if_any_manifest_needs_it() {
    let blob = |name: &str| index("i", name).children()[0].clone();
    let odd = Descriptor { digest: None, ..blob("a") };
    let larger = Descriptor { size: Some(9), ..blob("a") };
    let (a, b) = (digest("a"), digest("b"));
    let table = [
        ("a needed one", vec![(blob("a"), true)], vec![blob("a")], vec![(a, true)]),
        ("one that is there", vec![(blob("a"), false)], vec![blob("a")], vec![(a, false)]),
        ("needed later", vec![(blob("a"), false), (blob("a"), true)], vec![blob("a")], vec![(a, true)]),
        ("needed before", vec![(blob("a"), true), (blob("a"), false)], vec![blob("a")], vec![(a, true)]),
        (
            "two in their order",
            vec![(blob("b"), true), (blob("a"), false)],
            vec![blob("b"), blob("a")],
            vec![(b, true), (a, false)],
        ),
        ("the first descriptor", vec![(blob("a"), true), (larger, true)], vec![blob("a")], vec![(a, true)]),
        ("an odd digest", vec![(odd, true)], vec![], vec![]),
    ];
    for (case, blobs, expected, needed) in table {
        let (mut wanted, mut missing) = (Vec::new(), HashMap::new());
        for (blob, is_needed) in blobs {
            add(&blob, is_needed, &mut wanted, &mut missing);
        }
        assert_eq!(wanted, expected, "{case}");
        assert_eq!(missing, needed.into_iter().collect::<HashMap<Digest, bool>>(), "{case}");
    }
}

#[test]
fn a_referrer_that_is_there_and_in_no_list_is_put_again() {
    let list =
        |names: &str| Referred { digests: digests(names).into_iter().collect(), ..Referred::default() };
    let table = [
        ("listed", referrer("s", "a"), Some(("a", list("s"))), "as"),
        ("an empty list", referrer("s", "a"), Some(("a", list(""))), "a"),
        ("a list of others", referrer("s", "a"), Some(("a", list("t"))), "a"),
        ("no list", referrer("s", "a"), None, "a"),
        ("in the list of another subject", referrer("s", "a"), Some(("b", list("s"))), "a"),
        ("one that is not there", referrer("t", "a"), None, "as"),
    ];
    for (case, referrer, found, expected) in table {
        let (registry, request) = (registry(), copy_request(What::AllTags));
        let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
        draft.referrers.push((referrer, Closure::default()));
        let referrers = found.into_iter().map(|(subject, list)| (digest(subject), list)).collect();
        let manifests = digests("as").into_iter().collect();
        let mut there = There { manifests, referrers, ..There::default() };
        draft.forget_unlisted(&mut there);
        assert_eq!(there.manifests, digests(expected).into_iter().collect(), "{case}");
    }
}

#[test]
fn an_image_replaces_what_its_tag_has_or_itself_if_it_gets_none() {
    let by_digest = digest("x").to_string();
    let table = [
        ("a free tag", "1", None, "x", None),
        ("a tag of another image", "1", Some("b"), "", Some("b")),
        ("its own tag", "1", Some("x"), "x", Some("x")),
        ("no tag, and it is not there", by_digest.as_str(), Some("b"), "y", None),
        ("no tag, and it is there", by_digest.as_str(), None, "xy", Some("x")),
    ];
    for (case, name, has, manifests, expected) in table {
        let (registry, request) = (registry(), copy_request(What::AllTags));
        let mut draft = Draft::new(&*registry, &request, Vec::new(), Vec::new());
        add_known(&mut draft, pick(name), "x", "x");
        let mut there = There { manifests: digests(manifests).into_iter().collect(), ..There::default() };
        there.tags.digests.extend(has.map(|content| (tag("1"), digest(content))));
        assert_eq!(draft.tops[0].replaced_digest(&there), expected.map(digest), "{case}");
    }
}
