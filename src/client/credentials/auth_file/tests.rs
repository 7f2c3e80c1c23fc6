use super::key::HUB_KEY;
use super::*;
use crate::model::secret::Secret;

fn found(text: &str, host: &str) -> Option<FileLogin> {
    let host = Host::parse(host).expect("a host");
    File::parse(text).expect("a file").find(KeyRule::Docker, &host, None).0
}

/// Returns the user of the login, or nothing.
fn user(text: &str, rule: KeyRule, host: &str, repository: &str) -> String {
    let host = Host::parse(host).expect("a host");
    let name = RepositoryName::parse(repository).expect("a name");
    match File::parse(text).expect("a file").find(rule, &host, Some(&name)).0 {
        Some(FileLogin::Login(Login::Password { user, .. })) => user,
        _ => String::new(),
    }
}

/// Writes `auths` with these keys. The user of each is its place, and `-` before a key leaves out its login.
fn auths(keys: &[&str]) -> String {
    let entry = |(place, key): (usize, &&str)| match key.strip_prefix('-') {
        Some(key) => format!("\"{key}\":{{}}"),
        None => format!("\"{key}\":{{\"username\":\"{place}\",\"password\":\"p\"}}"),
    };
    let entries: Vec<String> = keys.iter().enumerate().map(entry).collect();
    format!("{{\"auths\":{{{}}}}}", entries.join(","))
}

fn password(user: &str, password: &str) -> Option<FileLogin> {
    Some(FileLogin::Login(Login::Password { user: user.into(), password: Secret::new(password) }))
}

/// docs/REGISTRIES.md §4.8.
#[test]
fn logins_are_found_as_docker_finds_them() {
    let hub = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYTpzcw=="}}}"#;
    assert_eq!(found(hub, "docker.io"), password("user", "pa:ss"));
    assert_eq!(found(hub, "ghcr.io"), None);
    let plain = r#"{"auths":{"R.test:5000":{"username":"u","password":"p"}}}"#;
    assert_eq!(found(plain, "r.test:5000"), password("u", "p"));
    assert_eq!(found(plain, "r.test"), None);
    assert_eq!(found(r#"{"auths":{"r.test:443":{"auth":"dTpw"}}}"#, "r.test"), password("u", "p"));
    assert_eq!(
        found(r#"{"auths":{"https://r.test/v1/":{"auth":" dTpwAAA "}}}"#, "r.test"),
        password("u", "p")
    );
    assert_eq!(found(r#"{"auths":{"r.test":{"auth":"OnA="}}}"#, "r.test"), None, "a user without a name");
    assert_eq!(found(r#"{"auths":{"r.test":{}}}"#, "r.test"), None);
    assert_eq!(found(r#"{"auths":null,"credHelpers":null,"x":[1]}"#, "r.test"), None);
    let token = r#"{"auths":{"r.test":{"auth":"dTpw","identitytoken":"t"}}}"#;
    assert_eq!(found(token, "r.test"), Some(FileLogin::Login(Login::Identity(Secret::new("t")))));
    let token = r#"{"auths":{"r.test":{"registrytoken":"t"}}}"#;
    assert_eq!(found(token, "r.test"), Some(FileLogin::Login(Login::Bearer(Secret::new("t")))));
}

#[test]
fn a_helper_goes_before_a_login_in_the_file() {
    let file = r#"{"auths":{"r.test":{"auth":"dTpw"},"https://index.docker.io/v1/":{}},"credsStore":"pass",
        "credHelpers":{"gcr.io":"gcloud"}}"#;
    let helper = |suffix: &str, setting: &'static str, servers: &[&str]| {
        let servers = servers.iter().map(ToString::to_string).collect();
        Some(FileLogin::Helper { suffix: suffix.into(), setting, servers })
    };
    assert_eq!(found(file, "gcr.io"), helper("gcloud", "credHelpers", &["gcr.io"]));
    assert_eq!(found(file, "r.test"), helper("pass", "credsStore", &["r.test"]));
    assert_eq!(found(file, "docker.io"), helper("pass", "credsStore", &[HUB_KEY]));
    assert_eq!(found(r#"{"credsStore":"pass"}"#, "docker.io"), helper("pass", "credsStore", &[HUB_KEY]));
    let spelled = r#"{"auths":{"https://r.test/v1/":{},"r.test":{}},"credsStore":"pass"}"#;
    assert_eq!(found(spelled, "r.test"), helper("pass", "credsStore", &["r.test", "https://r.test/v1/"]));
    let spelled = r#"{"auths":{"https://r.test/v1/":{}},"credsStore":"pass"}"#;
    assert_eq!(found(spelled, "r.test"), helper("pass", "credsStore", &["https://r.test/v1/", "r.test"]));
}

#[test]
fn the_name_of_a_helper_that_is_empty_means_the_file() {
    let file = r#"{"auths":{"r.test":{"auth":"dTpw"}},"credsStore":"pass","credHelpers":{"r.test":""}}"#;
    assert_eq!(found(file, "r.test"), password("u", "p"));
    let file = r#"{"auths":{"r.test":{"auth":"dTpw"}},"credsStore":""}"#;
    assert_eq!(found(file, "r.test"), password("u", "p"));
}

#[test]
fn the_exact_key_goes_before_other_spellings_and_an_empty_entry_hides_none() {
    let docker = |keys: &[&str], host: &str| user(&auths(keys), KeyRule::Docker, host, "team/app");
    for (keys, host, expected) in [
        (&["https://r.test", "r.test", "https://r.test/v1/"][..], "r.test", "1"),
        (&["https://r.test/v2/", "R.test/", "r.test:443"], "r.test", "1"),
        (&["-r.test", "https://r.test"], "r.test", "1"),
        (&["-https://r.test", "r.test"], "r.test", "1"),
        (&["-r.test", "-https://r.test", "r.test:443"], "r.test", "2"),
        (&["r.test"], "r.test:443", "0"),
        (&["r.test:443", "r.test"], "r.test:443", "0"),
        (&["r.test:5000"], "r.test", ""),
        (&["docker.io", HUB_KEY], "docker.io", "1"),
        (&["index.docker.io"], "docker.io", "0"),
        (&["HTTP://r.test/"], "r.test", "0"),
        (&["r.test/v1/"], "r.test", "0"),
        (&["r.test/v2"], "r.test", "0"),
    ] {
        assert_eq!(docker(keys, host), expected, "{keys:?}");
    }
}

/// docs/REGISTRIES.md §4.8.
#[test]
fn tokens_that_docker_keeps_beside_a_login_are_no_logins() {
    let keys = [
        "https://index.docker.io/v1/access-token",
        "https://index.docker.io/v1/refresh-token",
        "docker.io/access-token",
    ];
    for rule in [KeyRule::Docker, KeyRule::Podman] {
        assert_eq!(user(&auths(&keys[..2]), rule, "docker.io", "me/app"), "");
        let with_login = auths(&[keys[0], keys[1], HUB_KEY]);
        assert_eq!(user(&with_login, rule, "docker.io", "me/app"), "2");
    }
    assert_eq!(user(&auths(&keys), KeyRule::Docker, "docker.io", "me/app"), "");
    let stored = auths(&[keys[0], keys[1], HUB_KEY]).replace("}}}", "}},\"credsStore\":\"x\"}");
    let Some(FileLogin::Helper { servers, .. }) = found(&stored, "docker.io") else { panic!("a helper") };
    assert_eq!(servers, [HUB_KEY]);
    let podman = auths(&["r.test/team/access-token"]);
    assert_eq!(user(&podman, KeyRule::Podman, "r.test", "team/access-token"), "0", "a repository");
}

#[test]
fn a_key_with_a_path_counts_for_the_registry_in_the_file_of_docker_alone() {
    for key in ["r.test/group/project", "https://r.test/group/project", "https://r.test/group/project/"] {
        for repository in ["group/project", "group/project/app", "other/app"] {
            assert_eq!(user(&auths(&[key]), KeyRule::Docker, "r.test", repository), "0", "{key}");
        }
    }
    let podman = |repository| user(&auths(&["r.test/team"]), KeyRule::Podman, "r.test", repository);
    assert_eq!([podman("team/app"), podman("other/app")], ["0", ""]);
    let both = auths(&["r.test/team", "https://r.test/v1/"]);
    assert_eq!(user(&both, KeyRule::Docker, "r.test", "team/app"), "1", "a key without a path is better");
    assert_eq!(user(&auths(&["r.test.evil/r.test"]), KeyRule::Docker, "r.test", "team/app"), "");
}

#[test]
fn one_part_of_a_wrong_type_does_not_discard_the_rest() {
    let host = Host::parse("r.test").expect("a host");
    let login = r#""r.test":{"auth":"dTpw"}"#;
    for (text, problem) in [
        (format!(r#"{{"auths":{{"x.test":null,"y.test":5,{login}}},"credHelpers":{{"z":null}}}}"#), ""),
        (format!(r#"{{"auths":{{{login}}},"credHelpers":[]}}"#), "credHelpers is not a JSON object"),
        (format!(r#"{{"auths":{{{login}}},"credsStore":null,"HttpHeaders":7}}"#), ""),
        (format!(r#"{{"auths":{{{login}}},"credsStore":7}}"#), "credsStore is not a text"),
        (
            format!(r#"{{"auths":{{{login}}},"credHelpers":{{"r.test":7}}}}"#),
            "credHelpers.\"r.test\" is not a text",
        ),
        (format!(r#"{{"auths":{{"https://r.test":{{"auth":5}},{login}}}}}"#), ""),
        (r#"{"auths":{"r.test":{"auth":null,"username":"u","password":"p","email":3}}}"#.into(), ""),
        (r#"{"auths":{"r.test":{"auth":"%","username":"u","password":"p"}}}"#.into(), ""),
    ] {
        let (found, bad) = File::parse(&text).expect("a file").find(KeyRule::Docker, &host, None);
        assert_eq!(found, password("u", "p"), "{text}");
        let bad: Vec<String> = bad.iter().map(|bad| format!("{} {}", bad.entry, bad.why)).collect();
        assert_eq!(bad.join("; "), problem, "{text}");
    }
    for (text, problem) in [
        (r#"["CANARY7"]"#, "the whole text is not a JSON object"),
        (r#"{"auths":"CANARY7"}"#, "auths is not a JSON object"),
        (r#"{"auths":{"r.test":"CANARY7"}}"#, "auths.\"r.test\" is not a JSON object"),
        (r#"{"auths":{"r.test":{"auth":["CANARY7"]}}}"#, "auths.\"r.test\".auth is not a text"),
        (
            r#"{"auths":{"r.test":{"auth":"CANARY7"}}}"#,
            "auths.\"r.test\".auth is not `user:password` in base64",
        ),
    ] {
        let (found, bad) = File::parse(text).expect("a file").find(KeyRule::Docker, &host, None);
        let bad: Vec<String> = bad.iter().map(|bad| format!("{} {}", bad.entry, bad.why)).collect();
        assert_eq!((found, bad), (None, vec![problem.to_string()]), "{text}");
    }
}

#[test]
fn an_empty_file_and_a_byte_order_mark_are_no_faults() {
    assert!(File::parse("").is_ok_and(|file| file.auths.is_empty()));
    assert!(File::parse(" \n").is_ok());
    assert_eq!(found("\u{feff}{\"auths\":{\"r.test\":{\"auth\":\"dTpw\"}}}", "r.test"), password("u", "p"));
    assert_eq!(File::parse("{\"auths\":\n  {\"r.test\":{},}}").err(), Some((2, 16)));
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    assert_eq!(read(&path).await, Ok(None));
    assert_eq!(read(&path.join("below")).await, Ok(None));
    assert_eq!(read(folder.path()).await, Err("is a directory".into()));
    std::fs::write(&path, b"\xff\xfe{\0").expect("a file");
    assert_eq!(read(&path).await, Err("it is not UTF-8 text".into()));
    let helpers = Helpers::default();
    let file = AuthFile { source: &path, rule: KeyRule::Docker, helpers: &helpers };
    let host = Host::parse("r.test").expect("a host");
    let problem = file.login(read(&path).await, &host, None).await.problems.remove(0).to_string();
    assert_eq!(problem, format!("`{}` cannot be read: it is not UTF-8 text", path.display()));
}

#[test]
fn the_longest_key_wins_and_a_prefix_is_no_key() {
    let file = r#"{"auths":{"r.test":{"auth":"YTph"},"r.test/team":{"auth":"Yjpi"},"r.test/team/app":{"auth":"Yzpj"}}}"#;
    let user = |name: &str| user(file, KeyRule::Podman, "r.test", name);
    assert_eq!(
        [user("team/app/x"), user("team/other"), user("teams/app"), user("app")],
        ["c", "b", "a", "a"]
    );
    assert_eq!(found(file, "r.test.evil"), None);
}

#[test]
fn every_key_names_its_registry() {
    let file = r#"{"auths":{"vm:6101":{},"https://index.docker.io/v1/":null,"http://plain/":{},"r.test/team/app":{},
        "tls:443":{},"not a host":{}},"credHelpers":{"gcr.io":"gcloud"}}"#;
    let mut names: Vec<String> =
        File::parse(file).expect("a file").registries().iter().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["docker.io", "gcr.io", "plain", "r.test", "tls", "tls:443", "vm:6101"]);
}

#[test]
fn a_broken_file_is_no_panic_and_tells_no_secret() {
    assert_eq!(File::parse("{\"auths\":{\"r.test\":{\"auth\":\"CANARY7").err(), Some((1, 35)));
    let file = File::parse(r#"{"auths":{"r.test":{"auth":"CANARY7"}}}"#).expect("a file");
    assert!(!format!("{file:?}").contains("CANARY7"));
}
