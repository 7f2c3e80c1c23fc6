use std::ffi::OsString;

use super::*;

/// A home with these files, and the settings that are read there.
fn read_files(files: &[(&str, &str)], variables: &[&str]) -> (tempfile::TempDir, SystemRegistries) {
    let home = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let mut system = SystemRegistries::default();
    read(&mut system, &|name: &str| match name {
        "HOME" => Some(home.path().into()),
        "CONTAINERS_REGISTRIES_CONF" if variables.contains(&name) => {
            Some(home.path().join("named.conf").into())
        }
        "CONTAINERS_REGISTRIES_CONF_DIR" if variables.contains(&name) => {
            Some(home.path().join("named.d").into())
        }
        _ => None::<OsString>,
    });
    (home, system)
}

fn parse(text: &str) -> SystemRegistries {
    read_files(&[(".config/containers/registries.conf", text)], &[]).1
}

fn shown(system: &SystemRegistries) -> Vec<String> {
    let route = |(route, line): &(Route, FileLine)| {
        let location = route.location.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
        let mirrors: String = route.mirrors.iter().map(|mirror| format!(" | {}", mirror.location)).collect();
        let blocked = if route.blocked { " blocked" } else { "" };
        format!("{}: {}{location}{blocked}{mirrors}", line.line, route.prefix)
    };
    system.routes.iter().map(route).collect()
}

/// The example of containers-registries.conf(5).
const EXAMPLE: &str = r#"unqualified-search-registries = ["example.com"]

[[registry]]
prefix = "example.com/foo"
insecure = false
blocked = false
location = "internal-registry-for-example.com/bar"

[[registry.mirror]]
location = "example-mirror-0.local/mirror-for-foo"

[[registry.mirror]]
location = "example-mirror-1.local/mirrors/foo"
insecure = true

[[registry]]
location = "registry.com"

[[registry.mirror]]
location = "mirror.registry.com"
"#;

#[test]
fn the_example_of_the_manual_is_read() {
    let system = parse(EXAMPLE);
    assert_eq!(system.problems, []);
    assert_eq!(
        shown(&system),
        [
            "4: example.com/foo at internal-registry-for-example.com/bar | example-mirror-0.local/mirror-for-foo | example-mirror-1.local/mirrors/foo",
            "17: registry.com | mirror.registry.com"
        ]
    );
    assert!(system.routes[0].0.mirrors[1].insecure && !system.routes[0].0.mirrors[0].insecure);
    assert_eq!(system.search, [Host::parse("example.com").expect("a host")]);
}

#[test]
fn mirrors_are_for_tags_for_digests_or_for_both() {
    let mirror = |setting: &str| {
        let text = format!(
            "[[registry]]\nlocation = \"r.test\"\n[[registry.mirror]]\nlocation = \"m.test\"\n{setting}"
        );
        parse(&text).routes[0].0.mirrors.first().map(|mirror| mirror.pulls)
    };
    assert_eq!(mirror(""), Some(MirrorPulls::All));
    assert_eq!(mirror("pull-from-mirror = \"all\""), Some(MirrorPulls::All));
    assert_eq!(mirror("pull-from-mirror = \"digest-only\""), Some(MirrorPulls::DigestOnly));
    assert_eq!(mirror("pull-from-mirror = \"tag-only\""), Some(MirrorPulls::TagOnly));
    assert_eq!(mirror("pull-from-mirror = \"sometimes\""), None);
    let all = "[[registry]]\nlocation = \"r.test\"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = \"m.test\"\n";
    assert_eq!(parse(all).routes[0].0.mirrors[0].pulls, MirrorPulls::DigestOnly);
    let both = format!("{all}pull-from-mirror = \"tag-only\"\n");
    assert!(parse(&both).routes[0].0.mirrors.is_empty() && parse(&both).problems.len() == 1);
}

#[test]
fn drop_ins_replace_rules_with_the_same_prefix_in_the_order_of_their_names() {
    let folder = ".config/containers/registries.conf.d";
    let (_home, system) = read_files(
        &[
            (
                ".config/containers/registries.conf",
                "[[registry]]\nlocation = \"a.test\"\nblocked = true\n[aliases]\n\"one\" = \"x.test/one\"\n\"two\" = \"x.test/two\"\n",
            ),
            (&format!("{folder}/20.conf"), "[[registry]]\nprefix = \"a.test\"\nlocation = \"twenty.test\"\n"),
            (
                &format!("{folder}/10.conf"),
                "[[registry]]\nprefix = \"a.test\"\nlocation = \"ten.test\"\n[aliases]\none = \"\"\ntwo = \"y.test/two\"\n",
            ),
            (&format!("{folder}/30.txt"), "[[registry]]\nlocation = \"b.test\"\n"),
        ],
        &[],
    );
    assert_eq!(shown(&system), ["2: a.test at twenty.test"]);
    let aliases: Vec<_> = system.aliases.iter().map(|(name, to)| format!("{name} {to}")).collect();
    assert_eq!(aliases, ["two y.test/two"]);
}

#[test]
fn the_environment_names_another_file_and_other_drop_ins() {
    let files = [
        (".config/containers/registries.conf", "[[registry]]\nlocation = \"own.test\"\n"),
        (".config/containers/registries.conf.d/a.conf", "[[registry]]\nlocation = \"own-drop-in.test\"\n"),
        ("named.conf", "[[registry]]\nlocation = \"named.test\"\n"),
        ("named.d/a.conf", "[[registry]]\nlocation = \"named-drop-in.test\"\n"),
    ];
    let both = ["CONTAINERS_REGISTRIES_CONF", "CONTAINERS_REGISTRIES_CONF_DIR"];
    assert_eq!(shown(&read_files(&files, &both).1), ["2: named.test", "2: named-drop-in.test"]);
    assert_eq!(shown(&read_files(&files, &[]).1), ["2: own.test", "2: own-drop-in.test"]);
    assert_eq!(shown(&read_files(&files, &both[1..]).1), ["2: own.test", "2: named-drop-in.test"]);
}

#[test]
fn errors_are_named_with_their_line_and_the_rest_is_used() {
    let good = "[[registry]]\nlocation = \"good.test\"\n";
    for (text, line, said) in [
        ("[registries.search]\nregistries = [\"r.test\"]\n", 1, "version 1"),
        ("[[registry]]\nblocked = true\n", 1, "`prefix` or `location`"),
        ("[[registry]]\nprefix = \"a b\"\n", 2, "not a registry host"),
        ("[[registry]]\nprefix = \"r.test/app:1\"\n", 2, "not supported"),
        ("[[registry]]\nlocation = \"r.test\"\ninsecure = \"yes\"\n", 3, "`true` or `false`"),
        ("[[registry]]\nlocation = \"r.test\"\nisecure = true\n", 3, "`isecure` is not a setting"),
        ("[[registry]]\nlocation = \"r.test\"\n[[registry.mirror]]\n", 3, "`location`"),
        ("[aliases]\n\"r.test/a\" = \"r.test/b\"\n", 2, "neither a registry nor a tag"),
        ("[aliases]\na = \"b\"\n", 2, "`registry/name`"),
        ("[aliases]\na = \"r.test/b:1\"\n", 2, "without a tag"),
    ] {
        let system = parse(&format!("{text}{good}"));
        let problems: Vec<_> = system.problems.iter().map(|problem| problem.why.as_str()).collect();
        let is_named = |why: &&str| why.starts_with(&format!("line {line}:")) && why.contains(said);
        assert!(problems.iter().any(is_named), "{text}: {problems:?}");
        assert!(shown(&system).iter().any(|route| route.ends_with("good.test")), "{text}");
    }
    for (text, said) in [
        ("short-name-mode = \"never\"\n", "`enforcing`"),
        ("unqualified-search-registries = [\"r.test\", 3]\n", "a registry is expected"),
        ("surprise = 1\n", "`surprise` is not a setting"),
        ("password = CANARY7\n", "not valid TOML"),
    ] {
        let system = parse(&format!("{text}{good}"));
        assert!(system.problems[0].why.contains(said), "{text}: {:?}", system.problems);
        assert!(!format!("{:?}", system.problems).contains("CANARY7"));
        assert_eq!(shown(&system).len(), 1, "{text}");
    }
}

#[test]
fn a_block_that_cannot_be_read_blocks() {
    assert_eq!(
        shown(&parse("[[registry]]\nlocation = \"r.test\"\nblocked = \"yes\"\n")),
        ["2: r.test blocked"]
    );
}

#[test]
fn the_sources_of_logins_are_those_of_the_last_file_that_lists_some() {
    let main = ".config/containers/registries.conf";
    let drop_in = ".config/containers/registries.conf.d/1.conf";
    let helpers = |files: &[(&str, &str)]| {
        let (_home, system) = read_files(files, &[]);
        let found = system.credential_helpers().map(|(names, line)| (names.join(" "), line.line));
        (found, system.problems.len())
    };
    let two = "\ncredential-helpers = [\"containers-auth.json\", \"pass\"]";
    assert_eq!(helpers(&[(main, "")]), (None, 0));
    assert_eq!(helpers(&[(main, two)]), (Some(("containers-auth.json pass".into(), 2)), 0));
    let other = "credential-helpers = [\"secretservice\"]";
    assert_eq!(helpers(&[(main, two), (drop_in, other)]), (Some(("secretservice".into(), 1)), 0));
    let empty = "credential-helpers = []";
    assert_eq!(helpers(&[(main, two), (drop_in, empty)]), (Some(("containers-auth.json pass".into(), 2)), 0));
    assert_eq!(helpers(&[(main, "credential-helpers = \"pass\"")]), (None, 1));
    assert_eq!(helpers(&[(main, "credential-helpers = [1, \"pass\"]")]), (Some(("pass".into(), 1)), 1));
    let paths = "credential-helpers = [\"../x\", \"pass\", \"\", \"/bin/sh\"]";
    assert_eq!(helpers(&[(main, paths)]), (Some(("pass".into(), 1)), 3));
}
